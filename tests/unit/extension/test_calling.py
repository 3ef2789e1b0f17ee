"""Whatever an extension does, a value comes of it; who tests one is told of it."""

from typing import Any, Literal

import pytest

from tests.unit.extension.rules import Even, Odd, OddJoin, OddRetry
from waygrid_core.extension.asked_rules import delay_by, holds_by, misfit_of, verdict_of
from waygrid_core.extension.calling import Broken, ExtensionBroken, json_fault, strictly
from waygrid_core.extension.tally import Tally

_BROKEN: tuple[Literal["backwards", "raise", "text"], ...] = ("backwards", "raise", "text")
TALLY = Tally.of({"b": "left", "a": "succeeded", "c": "lost"})


def test_a_tally_counts_and_names_branches() -> None:
    assert TALLY.names == ("a", "b", "c")
    assert (TALLY.succeeded, TALLY.lost, TALLY.left, TALLY.total, TALLY.is_over) == (1, 1, 1, 3, False)
    assert [TALLY.names_of(each) for each in ("succeeded", "lost", "left")] == [("a",), ("c",), ("b",)]
    assert Tally.of({"a": "lost"}).is_over
    assert Tally.of({}).is_over


def test_a_condition_that_raises_or_says_no_truth_does_not_hold() -> None:
    assert holds_by(Even(), {"n": 2})
    assert not holds_by(Even(), {"m": 2})
    assert not holds_by(Odd("raise"), {})
    assert not holds_by(Odd(1), {})
    assert holds_by(Odd(True), {})


def test_a_join_that_raises_or_says_no_verdict_is_broken() -> None:
    for says in ("raise", "maybe"):
        broken = verdict_of(OddJoin(says), TALLY)
        assert isinstance(broken, Broken)
        assert "'OddJoin', asked for judge" in broken.message
    assert verdict_of(OddJoin("holds"), TALLY) == "holds"
    assert misfit_of(OddJoin("misfit"), ("a", "b")) == "it suits nobody"


def test_a_retry_that_raises_or_says_no_duration_is_none() -> None:
    for how in _BROKEN:
        assert delay_by(OddRetry(how), 1, "failed", 0.5) is None


def test_who_tests_an_extension_hears_of_it() -> None:
    with strictly(), pytest.raises(ExtensionBroken, match="it is Sunday"):
        holds_by(Odd("raise"), {})
    with strictly(), pytest.raises(ExtensionBroken, match="gave int, not true or false"):
        holds_by(Odd(1), {})
    assert not holds_by(Odd("raise"), {})


def _nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("value", [None, True, 1, 10**30, 1.5, "a", [], {}, {"a": [{"b": None}]}, (1, 2), _nested(500)])
def test_json_has_no_fault(value: Any) -> None:
    assert json_fault(value) is None


@pytest.mark.parametrize(
    "value", [float("nan"), [float("inf")], {1: 2}, object(), {"a": {1, 2}}, b"", _nested(501), _nested(100_000)]
)
def test_what_no_state_may_hold_has_a_fault(value: Any) -> None:
    assert json_fault(value) is not None
