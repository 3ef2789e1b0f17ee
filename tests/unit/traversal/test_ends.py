"""How a traversal ends: what its effect, its state and its follow-up are told."""

import pytest

from tests.unit.traversal.driver import TRAVERSAL, Driver
from waygrid_core.traversal.effects import Cancel as CancelEffect
from waygrid_core.traversal.effects import Complete, Fail, StartFollowUp
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.signals import Cancel, TraversalTimeout
from waygrid_core.traversal.state import Canceled

ONE_STEP = """
timeout: 5s
entryPoints: [{type: standard, id: a, address: waygrid://processor/x}]
onEnd: {type: pass}
"""


def test_one_that_is_out_of_time_says_so_to_everybody() -> None:
    driver = Driver(ONE_STEP)
    began = driver.begin({"order": 1})
    *_, follow_up, failed = driver.fire(driver.scheduled(began, "traversal-timeout"))
    error = ErrorDetail("timeout", "the traversal did not end within its timeout")
    assert failed == Fail(error)
    assert driver.state.error == error
    assert isinstance(follow_up, StartFollowUp)
    assert follow_up.payload == {"status": "timed-out", "error": error.to_json(), "payload": {"order": 1}}


def test_one_that_failed_says_so_to_everybody() -> None:
    driver = Driver(ONE_STEP)
    driver.begin()
    *_, follow_up, failed = driver.fail("a", "boom")
    assert failed == Fail(ErrorDetail("boom"))
    assert driver.state.error == ErrorDetail("boom")
    assert isinstance(follow_up, StartFollowUp)
    assert follow_up.payload == {"status": "failed", "error": {"code": "boom", "message": ""}, "payload": {}}


@pytest.mark.parametrize(("reason", "message"), [("enough", "enough"), (None, ""), ("", "")])
def test_one_that_is_canceled_keeps_the_reason_as_it_was_given(reason: str | None, message: str) -> None:
    driver = Driver(ONE_STEP)
    driver.begin()
    *_, follow_up, canceled = driver.send(Cancel(TRAVERSAL, reason))
    assert canceled == CancelEffect(reason)
    assert driver.state.reason == reason
    assert isinstance(follow_up, StartFollowUp)
    assert follow_up.payload == {"status": "canceled", "error": {"code": "canceled", "message": message}, "payload": {}}


def test_a_timer_of_another_name_ends_no_traversal() -> None:
    driver = Driver(ONE_STEP)
    began = driver.begin()
    timer = driver.scheduled(began, "traversal-timeout").timer
    before = driver.state
    assert driver.send(TraversalTimeout(TRAVERSAL, type(timer)(f"{timer}x"))) == ()
    assert driver.state is before

    without_timeout = Driver(ONE_STEP.replace("timeout: 5s\n", ""))
    without_timeout.begin()
    before = without_timeout.state
    assert without_timeout.send(TraversalTimeout(TRAVERSAL, timer)) == ()
    assert without_timeout.state is before


def test_a_fail_without_a_message_has_an_empty_one() -> None:
    driver = Driver("entryPoints: [{type: fail, code: no}]")
    assert driver.begin() == (Fail(ErrorDetail("no", "")),)


def test_one_without_a_follow_up_starts_none() -> None:
    driver = Driver("entryPoints: [{type: pass, output: 1}]")
    assert driver.begin() == (Complete(1),)


def test_what_is_canceled_says_how_many_attempts_had_been_made() -> None:
    driver = Driver("""
entryPoints:
  - type: fork
    joinNodeId: j
    branches:
      a: {type: standard, id: a, address: waygrid://processor/x, retryPolicy: {type: Linear, base: 2s, maxRetries: 2}}
      b: {type: pass, id: b, deliveryStrategy: {type: ScheduleAfter, delay: 5s}}
      c: {type: standard, id: c, address: waygrid://processor/x, retryPolicy: {type: Linear, base: 2s, maxRetries: 2}}
    join: {type: join, joinNodeId: j, strategy: {type: And}, timeout: 1h}
""")
    driver.begin()
    driver.fail("a")
    driver.fire(driver.scheduled(driver.fail("c"), "retry"))
    driver.send(Cancel(TRAVERSAL))
    attempts = {"a": 1, "b": 0, "c": 2, "j": 0}
    assert {name: driver.state.nodes[driver.node(name)] for name in attempts} == {
        name: Canceled(made) for name, made in attempts.items()
    }
