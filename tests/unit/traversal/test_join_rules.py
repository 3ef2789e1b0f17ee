"""A fork whose join is judged by a rule of a user: what the rule is told, and what the machine makes of its verdict."""

from typing import Any, ClassVar

import pytest
from attrs import frozen

from tests.unit.traversal.driver import Driver
from waygrid_core.extension.extension import JoinRule
from waygrid_core.extension.registry import Extensions
from waygrid_core.extension.tally import Tally, Verdict
from waygrid_core.traversal.effects import Complete, Fail
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.events import NodeFailed

SEEN: list[dict[str, tuple[str, ...]]] = []


@frozen
class More(JoinRule):
    """More have succeeded than are lost or left; keeps what it was told."""

    name = "More"
    is_symmetric: ClassVar[bool] = True

    def judge(self, tally: Tally) -> Verdict:
        SEEN.append({standing: tally.names_of(standing) for standing in ("succeeded", "lost", "left")})
        if 2 * tally.succeeded > tally.total:
            return "holds"
        return "cannot-hold" if 2 * tally.lost >= tally.total else "open"


@frozen
class Always(JoinRule):
    """Says the same whatever happens."""

    name = "Always"

    says: str

    def judge(self, tally: Tally) -> Verdict:
        said: Any = self.says
        return said  # type: ignore[no-any-return]


FORK = """
entryPoints:
  - type: fork
    joinNodeId: j
    branches:
      a: {type: standard, id: a, address: waygrid://processor/x, onTimeout: {type: fail, code: late}, timeout: 5s}
      b: {type: standard, id: b, address: waygrid://processor/x}
      c: {type: standard, id: c, address: waygrid://processor/x}
    join:
      {type: join, joinNodeId: j, strategy: {type: %s}, timeout: 1h, onTimeout: {type: fail, code: the-join-was-late}}
"""


def driver_of(strategy: str) -> Driver:
    SEEN.clear()
    return Driver(FORK % strategy, Extensions.of(More, Always))


def test_a_rule_that_holds_ends_the_join_with_the_outputs_so_far() -> None:
    driver = driver_of("More")
    driver.begin()
    driver.succeed("c", 3)
    effects = driver.succeed("a", 1)
    assert driver.names(effects) == ["CancelNode b 1", "Unschedule timeout a", "Unschedule timeout j", "Complete"]
    assert effects[-1] == Complete({"a": 1, "c": 3})


def test_a_rule_is_told_how_each_branch_stands() -> None:
    driver = driver_of("More")
    driver.begin()
    driver.succeed("b", 2)
    driver.fail("c")
    assert SEEN == [
        {"succeeded": (), "lost": (), "left": ("a", "b", "c")},
        {"succeeded": ("b",), "lost": (), "left": ("a", "c")},
        {"succeeded": ("b",), "lost": ("c",), "left": ("a",)},
    ]


def test_a_rule_that_can_no_longer_hold_fails_the_join_and_cancels_the_rest() -> None:
    driver = driver_of("More")
    driver.begin()
    driver.fail("a")
    effects = driver.fail("b")
    assert driver.names(effects) == ["CancelNode c 1", "Unschedule timeout j", "Fail"]
    error = ErrorDetail("join-failed", "More does not hold; 0 branches succeeded, 2 did not")
    assert effects[-1] == Fail(error)
    assert NodeFailed(driver.node("j"), 1, {}, error) in driver.events


@pytest.mark.parametrize("outcomes", ["ssf", "sss", "fff"])
def test_a_rule_that_has_not_decided_when_nobody_is_left_fails_the_join(outcomes: str) -> None:
    driver = driver_of("Always, says: open")
    driver.begin()
    for name, outcome in zip("abc", outcomes, strict=True):
        assert driver.state.status == "Running"
        effects = driver.succeed(name) if outcome == "s" else driver.fail(name)
    (failed,) = [effect for effect in effects if isinstance(effect, Fail)]
    assert failed.error.code == "join-failed"


def test_a_rule_is_asked_at_the_fork_already() -> None:
    assert driver_of("Always, says: holds").begin() == (Complete({}),)
    assert driver_of("Always, says: cannot-hold").begin() == (
        Fail(ErrorDetail("join-failed", "Always does not hold; 0 branches succeeded, 0 did not")),
    )


def test_a_rule_that_says_what_is_no_verdict_fails_the_join() -> None:
    driver = driver_of("Always, says: perhaps")
    (failed,) = driver.begin()
    message = 'the extension \'Always\', asked for judge, gave str, not "holds", "cannot-hold" or "open"'
    assert failed == Fail(ErrorDetail("extension-error", message))
    assert NodeFailed(driver.node("j"), 1, {}, failed.error) in driver.events


def test_branches_open_one_after_the_other_while_a_rule_is_open() -> None:
    driver = Driver(
        (FORK % "More").replace("joinNodeId: j\n", "joinNodeId: j\n    concurrency: 1\n", 1), Extensions.of(More)
    )
    assert "DispatchNode a 1" in driver.names(driver.begin())
    assert "DispatchNode b 1" in driver.names(driver.succeed("a"))
    assert "Complete" in driver.names(driver.succeed("b"))
