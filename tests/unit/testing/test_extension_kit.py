"""The kit as users have it: a class to inherit, a function to call, instances from annotations."""

import sys
from pathlib import Path

import pytest
from attrs import frozen
from hypothesis import find, given
from hypothesis import strategies as st

from tests.unit.testing.right_extensions import Approvals, Budget, HasWord, Majority, Patient, Skip
from tests.unit.testing.wrong_extensions import BelievesInObjects, HashesBySetOrder
from waygrid_core.extension.extension import ConditionRule, Extension
from waygrid_core.extension.registry import Extensions
from waygrid_core.model.json_value import JsonValue
from waygrid_core.testing import (
    ExtensionLaws,
    LawBroken,
    RunSoFar,
    at_most,
    check_extension,
    check_laws,
    instances_of,
    invariant,
)
from waygrid_core.testing.elsewhere import can_be_imported
from waygrid_core.testing.extension_kit import check_alone, check_elsewhere, check_in_specs
from waygrid_core.testing.extension_laws import RAISES_NOTHING
from waygrid_core.testing.impurity import listen
from waygrid_core.traversal.signals import Told


class TestJoinsConditionsAndRetries(ExtensionLaws):
    extension = Extensions.of(Majority, HasWord, Patient)


@pytest.mark.parametrize("kind", [Approvals, Skip, Budget])
def test_an_extension_that_keeps_the_laws_passes(kind: type[Extension]) -> None:
    check_extension(kind)


def test_what_may_be_said_to_a_traversal_is_said_and_kept_as_a_scenario() -> None:
    """Seen to fail when no move said anything in the words of a Spec."""
    spec = {
        "entryPoints": [{"type": "standard", "id": "first", "address": "waygrid://processor/a"}],
        "signals": [{"type": "Skip"}],
    }
    with pytest.raises(LawBroken) as raised:
        check_laws(
            spec,
            extensions=Extensions.of(Skip),
            invariants=[invariant("nobody skips", lambda run: not is_told(run))],
        )
    breach = raised.value.breach
    assert any("somebody tells it Skip" in line for line in breach.story)
    assert "tell: Skip" in str(breach.scenario)


def is_told(run: RunSoFar) -> bool:
    last = run.steps[-1]
    return isinstance(last.signal, Told) and last.after.has_ended and not last.before.has_ended


@given(instances_of(Majority), instances_of(Patient))
def test_instances_follow_annotations_and_validators(majority: Majority, patient: Patient) -> None:
    assert all(isinstance(name, str) for name in majority.of)
    assert 1 <= patient.most <= 100


def test_instances_reach_what_is_optional_and_what_is_not() -> None:
    assert find(instances_of(Approvals), lambda each: each.by is None).by is None
    assert find(instances_of(Approvals), lambda each: each.by is not None).by is not None
    assert len(find(instances_of(Patient), lambda each: len(each.per_code) > 1).per_code) == 2


def test_instances_and_answers_may_be_ones_own() -> None:
    seen: set[tuple[str, str]] = set()

    @frozen
    class Sees(ConditionRule):
        name = "Sees"
        word: str

        def holds(self, output: JsonValue) -> bool:
            seen.add((self.word, str(output)))
            return True

    check_alone(Sees, instances=st.builds(Sees, st.sampled_from(["x"])), answers=st.sampled_from(["y", "z"]))
    assert seen == {("x", "y"), ("x", "z")}


def test_invariants_are_held_against_the_specs_that_an_extension_stands_in() -> None:
    with pytest.raises(LawBroken) as raised:
        check_extension(HasWord, invariants=[at_most(0, dispatch="yes")], answers=st.just({"text": "ab a b"}))
    assert "type: HasWord" in str(raised.value)
    assert len(raised.value.breach.story) == 2


def test_a_class_that_no_document_could_mean_is_refused() -> None:
    class Nameless(ConditionRule):
        def holds(self, output: JsonValue) -> bool:
            return True

    with pytest.raises(ValueError, match="needs a class variable 'name'"):
        check_extension(Nameless)


def test_a_class_within_a_function_is_not_looked_for_in_another_process() -> None:
    @frozen
    class Within(HashesBySetOrder):
        name = "Within"

    assert not can_be_imported(Within)
    check_elsewhere(Within)
    assert can_be_imported(HashesBySetOrder)
    with pytest.raises(LawBroken, match="another process gives the same"):
        check_elsewhere(HashesBySetOrder)


def test_a_story_in_which_an_extension_raises_is_kept_as_a_scenario(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAYGRID_SAVE_STORIES", str(tmp_path))
    with pytest.raises(LawBroken) as raised:
        check_in_specs(BelievesInObjects)
    assert raised.value.breach.law == RAISES_NOTHING
    assert raised.value.breach.story[-1].endswith(": an exception")
    (path,) = tmp_path.iterdir()
    assert "WAYGRID_EXTENSIONS=tests.unit.testing.wrong_extensions:BelievesInObjects" in path.read_text("utf-8")


def test_listening_hears_what_is_called_and_leaves_what_listens_already() -> None:
    def heard_by_others(*_: object) -> None:
        return

    sys.setprofile(heard_by_others)
    try:
        assert listen(lambda: open(__file__).close())[1] == "looks at the machine that it runs on (io.open)"
        assert listen(lambda: sum([1, 2])) == (3, None)
        assert sys.getprofile() is heard_by_others
    finally:
        sys.setprofile(None)
