"""The kit is tested by what it must catch: every wrong extension breaks the law that it should, with a short story."""

import pytest

from tests.unit.testing import wrong_extensions as wrong
from waygrid_core.extension.extension import Extension
from waygrid_core.testing import LawBroken, check_extension, extension_kit, extension_laws, rule_laws

WRONG: tuple[tuple[type[Extension], str, str], ...] = (
    (wrong.ReadsTheClock, extension_laws.ONLY_COMPUTES, "reads a clock (datetime.now)"),
    (wrong.DrawsAtRandom, extension_laws.ONLY_COMPUTES, "draws at random (random)"),
    (wrong.ReadsTheEnvironment, extension_laws.ONLY_COMPUTES, "reads the environment"),
    (wrong.CountsItsCalls, extension_laws.KEEPS_NOTHING, "changed CountsItsCalls.calls"),
    (wrong.HoldsOnce, extension_laws.ANSWERS_AGAIN, "gave another answer before"),
    (wrong.SortsTheOutput, extension_laws.LEAVES_ARGUMENTS, "of what it was given"),
    (wrong.BelievesInObjects, extension_laws.RAISES_NOTHING, "raised TypeError"),
    (wrong.IsTruthy, extension_laws.RAISES_NOTHING, "not true or false"),
    (wrong.ForgetsAField, extension_laws.IS_IN_THE_HASH, "needed decides, and is not in the preimage"),
    (wrong.HashesBySetOrder, extension_kit.GIVES_THE_SAME_ELSEWHERE, "preimage() is answered differently there"),
    (wrong.ChangesWhenRead, extension_laws.IS_READ_BACK, "which is not equal to"),
    (wrong.NeverDecides, rule_laws.DECIDES, "says open, and nobody is left"),
    (wrong.WantsExactlyOne, rule_laws.STAYS_DECIDED, "holds becomes cannot-hold"),
    (wrong.HasAFavourite, rule_laws.IS_SYMMETRIC, "judged differently"),
    (wrong.RetriesForEver, rule_laws.RETRIES_END, "after 100 retries it still asks for one more"),
    (wrong.RetriesBefore, rule_laws.WAITS_FORWARDS, "day"),
    (wrong.AsksForEver, rule_laws.ASKS_AN_END, "it asks for ever"),
    (wrong.ComputesNothingUseful, extension_laws.RAISES_NOTHING, "nan is no number of JSON"),
    (wrong.RemembersASet, extension_laws.RAISES_NOTHING, "start gave what is no JSON: set is no JSON"),
    (wrong.WaitsForNothing, extension_kit.STANDS_IN_A_SPEC, "not the name of an event, since it asks the inbox"),
    (wrong.RemembersATuple, rule_laws.SURVIVES_A_CRASH, "without a crash it says Done(output='as it was')"),
    (wrong.WritesToItsMemory, extension_laws.LEAVES_ARGUMENTS, "of the memory that it was given"),
    (wrong.ParametersAreAList, extension_laws.RAISES_NOTHING, "not an object of parameters"),
    (wrong.ActsTwice, extension_laws.ENDS_A_NODE_ONCE, "is ended 2 times"),
    (wrong.StopsWithoutACode, extension_laws.RAISES_NOTHING, "an error whose code or message is no text"),
    (wrong.RemembersEvents, extension_laws.RAISES_NOTHING, "what is no JSON"),
)


@pytest.mark.parametrize(("extension", "law", "why"), WRONG, ids=lambda value: getattr(value, "__name__", ""))
def test_a_wrong_extension_is_caught_by_the_law_that_it_breaks(extension: type[Extension], law: str, why: str) -> None:
    with pytest.raises(LawBroken) as raised:
        check_extension(extension)
    breach = raised.value.breach
    assert breach.law == law
    assert why in breach.why
    assert len(breach.story) <= 2
    assert extension.__name__ in str(raised.value)
    assert len(str(raised.value).splitlines()) <= 12
