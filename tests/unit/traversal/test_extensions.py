"""The machine with a user's node kinds, guards and signals: what it lets them do, and what comes of their faults."""

from datetime import timedelta

import pytest

from tests.unit.traversal.driver import START, TRAVERSAL, Driver
from tests.unit.traversal.extensions import EXTENSIONS
from waygrid_core.codec.wire import decode_state, encode_state
from waygrid_core.traversal.effects import Cancel as CancelEffect
from waygrid_core.traversal.effects import CancelNode, Complete, DispatchNode, Fail, Schedule, Unschedule
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.events import NodeAsked, NodeHeard, SignalHeard
from waygrid_core.traversal.known import done_by
from waygrid_core.traversal.rejections import UnknownSignal
from waygrid_core.traversal.signals import Begin, Pause, Told, Unpause

POLL = """
entryPoints:
  - type: Poll
    id: poll
    needed: 2
    timeout: 10s
    retryPolicy: {type: Linear, base: 2s, maxRetries: 1}
    onSuccess: {type: standard, id: b, address: waygrid://processor/x}
"""

GUARDED = """
guards: [{type: Budget, most: 2}]
entryPoints:
  - type: fork
    joinNodeId: j
    branches:
      a: {type: standard, id: a, address: waygrid://processor/x, timeout: 5s}
      b: {type: standard, id: b, address: waygrid://processor/x, onSuccess:
          {type: standard, id: c, address: waygrid://processor/x}}
    join: {type: join, joinNodeId: j, strategy: {type: And}}
onEnd: {type: pass}
"""

TOLD = """
signals: [{type: Do}]
entryPoints:
  - type: fork
    joinNodeId: j
    branches:
      a: {type: standard, id: a, address: waygrid://processor/x, timeout: 5s}
      b: {type: pass, id: b, deliveryStrategy: {type: ScheduleAfter, delay: 5s}}
      c:
        type: standard
        id: c
        address: waygrid://processor/x
        retryPolicy: {type: Linear, base: 2s, maxRetries: 1}
    join:
      type: join
      joinNodeId: j
      strategy: {type: And}
      onSuccess: {type: standard, id: after, address: waygrid://processor/x}
"""


def driver_of(spec: str) -> Driver:
    return Driver(spec, EXTENSIONS)


def told(data: object, number: int = 1, kind: str = "Do") -> Told:
    return Told(TRAVERSAL, f"m-{number}", kind, data)  # type: ignore[arg-type]


def test_a_node_asks_until_its_kind_is_done() -> None:
    driver = driver_of(POLL)
    first = driver.dispatched(driver.begin({"q": 1}), "poll")
    assert (first.attempt, first.input, first.parameters) == (1, {"q": 1}, {"round": 0})
    again = driver.succeed("poll", "yes")
    second = driver.dispatched(again, "poll")
    assert (second.attempt, second.input, second.parameters) == (2, {"q": 1}, {"round": 1})
    assert not [effect for effect in again if isinstance(effect, CancelNode)]
    done = driver.succeed("poll", "yes", attempt=2)
    assert driver.dispatched(done, "b").input == {"yes": 2}
    assert [event for event in driver.events if isinstance(event, NodeAsked | NodeHeard)] == [
        NodeAsked(driver.node("poll"), 1, {"yes": 0}),
        NodeHeard(driver.node("poll"), 1, "yes"),
        NodeAsked(driver.node("poll"), 2, {"yes": 1}),
        NodeHeard(driver.node("poll"), 2, "yes"),
    ]
    assert not driver.state.memories.rounds


def test_what_is_asked_again_has_the_time_that_was_left() -> None:
    driver = driver_of(POLL)
    due = driver.scheduled(driver.begin(), "timeout").at
    again = driver.succeed("poll", "yes", after=7)
    assert driver.scheduled(again, "timeout").at == due == START + timedelta(seconds=10)
    assert len([effect for effect in again if isinstance(effect, Unschedule)]) == 1


def test_a_retry_keeps_the_round_and_has_time_of_its_own() -> None:
    driver = driver_of(POLL)
    driver.begin()
    driver.succeed("poll", "yes", after=4)
    retried = driver.fire(driver.scheduled(driver.fail("poll", attempt=2, after=1), "retry"))
    third = driver.dispatched(retried, "poll")
    assert (third.attempt, third.parameters) == (3, {"round": 1})
    assert driver.scheduled(retried, "timeout").at == START + timedelta(seconds=4 + 1 + 2 + 10)
    assert driver.dispatched(driver.succeed("poll", "yes", attempt=3), "b").input == {"yes": 2}


def test_asking_again_uses_up_no_retry() -> None:
    driver = driver_of(POLL)
    driver.begin()
    driver.succeed("poll", "hm")
    driver.succeed("poll", "hm", attempt=2)
    driver.fire(driver.scheduled(driver.fail("poll", attempt=3), "retry"))
    assert Fail(ErrorDetail("failed")) in driver.fail("poll", attempt=4)


def test_a_refusal_is_a_failure_that_may_be_retried() -> None:
    driver = driver_of(POLL)
    driver.begin()
    driver.fire(driver.scheduled(driver.succeed("poll", "no"), "retry"))
    assert Fail(ErrorDetail("said-no", "it said no")) in driver.succeed("poll", "no", attempt=2)


def test_who_never_is_done_is_exhausted() -> None:
    driver = driver_of(POLL)
    driver.begin()
    for attempt in range(1, 5):
        driver.succeed("poll", "hm", attempt=attempt)
    assert Fail(ErrorDetail("exhausted", "it asked 5 times, and was not done")) in driver.succeed(
        "poll", "hm", attempt=5
    )


def test_an_answer_that_comes_again_changes_nothing() -> None:
    driver = driver_of(POLL)
    driver.begin()
    driver.succeed("poll", "yes")
    assert driver.succeed("poll", "yes") == ()
    assert driver.waits_for() == ["DispatchNode poll 2", "Schedule timeout poll"]


def test_rounds_survive_a_crash() -> None:
    driver = driver_of(POLL)
    driver.begin()
    driver.succeed("poll", "yes")
    read = decode_state(encode_state(driver.state)).unwrap()
    assert read == driver.state
    driver.state = read
    assert driver.dispatched(driver.succeed("poll", "yes", attempt=2), "b").input == {"yes": 2}


def test_what_a_kind_was_done_with_is_known_to_the_next_traversal() -> None:
    driver = driver_of(POLL)
    driver.begin({"q": 1})
    driver.succeed("poll", "yes")
    driver.succeed("poll", "yes", attempt=2)
    known = done_by(driver.dag, driver.state)
    again = driver_of(POLL)
    effects = again.send(Begin(TRAVERSAL, {"q": 1}, known=known))
    assert again.names(effects) == ["DispatchNode b 1"]


def test_an_event_of_its_own_may_answer_a_kind() -> None:
    spec = "entryPoints: [{type: Hears, id: h, event: approved%s}]"
    plain, keyed = driver_of(spec % ""), driver_of(spec % ", key: order-7")
    assert plain.dispatched(plain.begin(), "h").parameters == {"event": "approved"}
    assert keyed.dispatched(keyed.begin(), "h").parameters == {"event": "approved", "key": "order-7"}
    assert plain.succeed("h", {"by": "Ada"}) == (Complete({"by": "Ada"}),)


@pytest.mark.parametrize("wrong", ["start", "parameters", "answer", "memory"])
def test_a_kind_that_does_wrong_fails_its_node(wrong: str) -> None:
    spec = f"""
entryPoints:
  - type: Odd
    id: odd
    wrong: {wrong}
    retryPolicy: {{type: Linear, base: 1s, maxRetries: 3}}
"""
    driver = driver_of(spec)
    effects = driver.begin()
    if wrong in ("answer", "memory"):
        effects = driver.succeed("odd", {})
    (fail,) = effects
    assert isinstance(fail, Fail)
    assert fail.error.code == "extension-error"
    assert "'Odd'" in fail.error.message


def test_a_guard_ends_what_it_must_not_let_go_on() -> None:
    driver = driver_of(GUARDED)
    driver.begin()
    assert driver.state.memories.guards == (2,)
    effects = driver.succeed("b", {})
    assert driver.names(effects) == ["CancelNode a 1", "Unschedule timeout a", "StartFollowUp", "Fail"]
    assert effects[-1] == Fail(ErrorDetail("budget", "more than 2 dispatches"))
    assert (driver.state.status, driver.waits_for()) == ("Failed", [])


def test_a_guard_may_end_a_traversal_as_it_begins() -> None:
    driver = driver_of(GUARDED.replace("most: 2", "most: 1"))
    effects = driver.begin()
    assert driver.names(effects) == ["StartFollowUp", "Fail"]


def test_a_guard_that_raises_ends_the_traversal() -> None:
    spec = "{guards: [{type: OddGuard, at: %d}], entryPoints: [{type: standard, id: a, address: waygrid://processor/x, \
onSuccess: {type: standard, address: waygrid://processor/x}}]}"
    at_once, later = driver_of(spec % 0), driver_of(spec % 1)
    assert [type(effect) for effect in at_once.begin()] == [Fail]
    later.begin()
    (fail,) = later.succeed("a")
    assert isinstance(fail, Fail)
    assert fail.error.code == "extension-error"


def test_a_guard_watches_a_paused_traversal_too() -> None:
    driver = driver_of(GUARDED)
    driver.begin()
    driver.send(Pause(TRAVERSAL))
    assert driver.succeed("b", {}) == ()
    assert driver.state.status == "Paused"
    assert Fail(ErrorDetail("budget", "more than 2 dispatches")) in driver.send(Unpause(TRAVERSAL))


def test_a_signal_succeeds_nodes_that_run_or_wait() -> None:
    driver = driver_of(TOLD)
    driver.begin()
    effects = driver.send(told([["succeed", "a", 1], ["succeed", "b", 2], ["succeed", "b", 3]]))
    assert driver.names(effects) == ["CancelNode a 1", "Unschedule timeout a", "Unschedule resume b"]
    driver.fail("c")
    effects = driver.send(told([["succeed", "c", 4]], 2))
    assert driver.names(effects) == ["Unschedule retry c", "DispatchNode after 1"]
    assert driver.dispatched(effects, "after").input == {"a": 1, "b": 2, "c": 4}


def test_a_signal_fails_a_node_for_good() -> None:
    driver = driver_of(TOLD)
    driver.begin()
    effects = driver.send(told([["fail", "c", "no-time"]]))
    assert driver.names(effects) == [
        "CancelNode c 1", "CancelNode a 1", "Unschedule timeout a", "Unschedule resume b", "Fail",
    ]  # fmt: skip


def test_a_signal_ends_branches_or_all_of_it() -> None:
    driver = driver_of(TOLD)
    driver.begin()
    assert Fail in map(type, driver.send(told([["branches", "j", ["a"]], ["end", "too late: it has ended"]])))
    other = driver_of(TOLD)
    other.begin()
    assert CancelEffect("enough") in other.send(told([["end", "enough"]]))
    assert other.state.status == "Canceled"


def test_a_signal_sees_how_nodes_stand() -> None:
    driver = driver_of(TOLD)
    driver.begin({"n": 1})
    driver.fail("c")
    effects = driver.send(told([["statuses", "a"], ["succeed", "b", 0], ["succeed", "c", 0]]))
    output = driver.dispatched(effects, "after").input
    assert isinstance(output, dict)
    assert output["a"] == {"a": "running", "b": "waiting", "c": "waiting", "after": "not-reached", "payload": {"n": 1}}


def test_what_is_told_twice_is_heard_once() -> None:
    driver = driver_of(TOLD)
    driver.begin()
    driver.send(told([["succeed", "a", 1]]))
    before = driver.state
    assert driver.send(told([["fail", "c", "x"]])) == ()
    assert driver.state == before


def test_what_makes_no_sense_to_a_signal_is_heard_and_does_nothing() -> None:
    driver = driver_of(TOLD)
    driver.begin()
    waits = driver.waits_for()
    assert driver.send(told("nonsense")) == ()
    assert driver.send(told([["succeed", "no-such-node", 1], ["branches", "no-such-fork", ["a"]]], 2)) == ()
    assert driver.waits_for() == waits
    assert driver.events[-2:] == (
        SignalHeard("m-1", "Do", "nonsense"),
        SignalHeard("m-2", "Do", [["succeed", "no-such-node", 1], ["branches", "no-such-fork", ["a"]]]),
    )


def test_a_signal_that_the_spec_does_not_have_is_refused_by_name() -> None:
    driver = driver_of(TOLD)
    driver.begin()
    assert driver.refused(told({}, kind="Undo")) == UnknownSignal("Undo", ("Do",))
    driver.send(Pause(TRAVERSAL))
    assert driver.refused(told({}, kind="Undo")) == UnknownSignal("Undo", ("Do",))


def test_what_is_told_during_a_pause_is_held() -> None:
    driver = driver_of(TOLD)
    driver.begin()
    driver.send(Pause(TRAVERSAL))
    assert driver.send(told([["succeed", "a", 1]])) == ()
    before = driver.state
    assert driver.send(told([["succeed", "a", 1]])) == ()
    assert driver.state == before
    assert driver.names(driver.send(Unpause(TRAVERSAL))) == ["CancelNode a 1", "Unschedule timeout a"]
    assert driver.send(told([["succeed", "c", 1]])) == ()


def test_before_the_begin_and_after_the_end_nothing_is_heard() -> None:
    driver = driver_of(TOLD)
    assert driver.send(told([["end", "no"]])) == ()
    driver.begin()
    driver.send(told([["end", "enough"]]))
    assert driver.send(told([["end", "again"]], 2)) == ()


def test_a_traversal_without_extensions_remembers_nothing_of_them() -> None:
    driver = Driver("entryPoints: [{type: standard, id: a, address: waygrid://processor/x}]")
    effects = driver.begin()
    assert [type(effect) for effect in effects] == [DispatchNode]
    assert b"memories" not in encode_state(driver.state)
    assert not [effect for effect in effects if isinstance(effect, Schedule)]
