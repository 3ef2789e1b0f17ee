"""What arrived at a node is still there after its wait, its retries and its join."""

import json
from collections.abc import Mapping
from datetime import timedelta

import pytest
from attrs import frozen

from tests.unit.traversal.driver import START, Driver
from tests.unit.traversal.extensions import ORACLE
from waygrid_core.extension.answers import Ask, Heard
from waygrid_core.extension.extension import NodeKind
from waygrid_core.extension.registry import Extensions
from waygrid_core.model.address import ServiceAddress
from waygrid_core.model.json_value import JsonValue
from waygrid_core.traversal.effects import Complete
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.events import NodeDispatched, NodeFailed, NodeSucceeded, NodeTimedOut
from waygrid_core.traversal.state import BackingOff, Failed, Succeeded


@frozen
class Echo(NodeKind):
    """Remembers what its node is given, and asks with it."""

    name = "Echo"

    @property
    def address(self) -> ServiceAddress:
        return ORACLE

    def start(self, input: JsonValue) -> JsonValue:  # noqa: A002
        return [input]

    def parameters(self, memory: JsonValue, input: JsonValue) -> Mapping[str, JsonValue]:  # noqa: A002
        return {"memory": memory, "input": input}

    def heard(self, memory: JsonValue, answer: JsonValue) -> Heard:
        return Ask([memory, answer])


WAIT = "deliveryStrategy: {type: ScheduleAfter, delay: 5s}"


def test_a_pass_that_waited_hands_on_what_had_arrived() -> None:
    driver = Driver(f"entryPoints: [{{type: pass, id: n, {WAIT}}}]")
    began = driver.begin({"q": 1})
    assert driver.fire(driver.scheduled(began, "resume")) == (Complete({"q": 1}),)
    assert driver.events[-2] == NodeSucceeded(driver.node("n"), 1, {"q": 1}, {"q": 1})


def test_a_task_that_waited_is_given_what_had_arrived() -> None:
    driver = Driver(f"entryPoints: [{{type: standard, id: n, address: waygrid://processor/x, {WAIT}}}]")
    began = driver.begin({"q": 1})
    resumed = driver.fire(driver.scheduled(began, "resume"))
    assert driver.dispatched(resumed, "n").input == {"q": 1}
    (dispatched,) = [event for event in driver.events if isinstance(event, NodeDispatched)]
    assert dispatched.arrived == {"q": 1}
    driver.succeed("n", 2)
    assert NodeSucceeded(driver.node("n"), 1, {"q": 1}, 2) in driver.events


def test_a_retry_is_given_what_the_attempt_before_was() -> None:
    driver = Driver("""
entryPoints:
  - type: standard
    id: n
    address: waygrid://processor/x
    input: {order: {$from: /payload/q}}
    parameters: {depth: 3}
    retryPolicy: {type: Linear, base: 2s, maxRetries: 1}
""")
    first = driver.dispatched(driver.begin({"q": 1}), "n")
    failed = driver.fail("n")
    second = driver.dispatched(driver.fire(driver.scheduled(failed, "retry")), "n")
    assert (first.input, first.parameters) == (second.input, second.parameters) == ({"order": 1}, {"depth": 3})
    driver.fail("n", "boom", attempt=2)
    assert NodeFailed(driver.node("n"), 2, {"q": 1}, ErrorDetail("boom")) in driver.events


def test_a_join_ends_with_what_arrived_at_its_fork() -> None:
    spec = """
entryPoints:
  - type: fork
    joinNodeId: j
    branches:
      a: {type: standard, id: a, address: waygrid://processor/x}
      b: {type: standard, id: b, address: waygrid://processor/x}
    join: {type: join, joinNodeId: j, strategy: {type: And}, timeout: 5s}
"""
    failed = Driver(spec)
    failed.begin({"q": 1})
    failed.fail("a")
    error = ErrorDetail("join-failed", "needs 2 successes; 0 branches succeeded, 1 did not")
    assert NodeFailed(failed.node("j"), 1, {"q": 1}, error) in failed.events

    late = Driver(spec)
    began = late.begin({"q": 1})
    late.fire(late.scheduled(began, "timeout"))
    error = ErrorDetail("timeout", "the join was not decided within its timeout")
    assert NodeTimedOut(late.node("j"), 1, {"q": 1}, error) in late.events

    held = Driver(spec)
    held.begin({"q": 1})
    held.succeed("a", 1)
    held.succeed("b", 2)
    assert NodeSucceeded(held.node("j"), 1, {"q": 1}, {"a": 1, "b": 2}) in held.events


def test_conditions_see_what_had_arrived_and_the_output_beside_it() -> None:
    driver = Driver("""
entryPoints:
  - type: standard
    id: n
    address: waygrid://processor/x
    onConditions:
      - condition: {type: JsonEquals, pointer: /n, value: {$from: /input/wanted}}
        to: {type: pass, id: equal, output: equal}
      - condition: {type: JsonEquals, pointer: /n, value: {$from: /nodes/n/output/m}}
        to: {type: pass, id: own, output: own}
    onSuccess: {type: pass, id: other, output: other}
""")
    begun = driver.state
    for output, ended in (({"n": 1}, "equal"), ({"n": 2, "m": 2}, "own"), ({"n": 3}, "other")):
        driver.state = begun
        driver.begin({"wanted": 1})
        assert driver.succeed("n", output) == (Complete(ended),)


@pytest.mark.parametrize("node", ["type: pass", "type: standard, address: waygrid://processor/x"])
@pytest.mark.parametrize(
    "strategy", ["ScheduleAfter, delay: {$from: /input/after}", "ScheduleAt, time: {$from: /input/at}"]
)
def test_how_long_a_node_waits_may_be_said_by_what_arrives(node: str, strategy: str) -> None:
    driver = Driver(f"entryPoints: [{{{node}, deliveryStrategy: {{type: {strategy}}}}}]")
    began = driver.begin({"after": "7s", "at": (START + timedelta(seconds=7)).isoformat()})
    assert driver.scheduled(began, "resume").at == START + timedelta(seconds=7)


@pytest.mark.parametrize("time", [{"$from": "/input/at"}, START.isoformat()])
def test_a_time_that_has_come_is_no_wait(time: object) -> None:
    driver = Driver(f"entryPoints: [{{type: pass, deliveryStrategy: {{type: ScheduleAt, time: {json.dumps(time)}}}}}]")
    assert driver.begin({"at": START.isoformat()}) == (Complete({"at": START.isoformat()}),)


def test_a_kind_of_a_user_is_shown_what_its_node_is_given_in_every_round() -> None:
    spec = "entryPoints: [{type: Echo, id: n, input: {order: {$from: /payload/q}}}]"
    driver = Driver(spec, Extensions.of(Echo))
    first = driver.dispatched(driver.begin({"q": 1}), "n")
    assert (first.input, first.parameters) == ({"order": 1}, {"memory": [{"order": 1}], "input": {"order": 1}})
    second = driver.dispatched(driver.succeed("n", 7), "n")
    assert (second.input, second.parameters) == (
        {"order": 1},
        {"memory": [[{"order": 1}], 7], "input": {"order": 1}},
    )


def test_a_node_between_attempts_remembers_all_of_the_one_that_failed() -> None:
    driver = Driver("""
entryPoints:
  - type: fork
    joinNodeId: j
    branches:
      left:
        type: standard
        id: n
        address: waygrid://processor/x
        parameters: {depth: 3}
        retryPolicy: {type: Linear, base: 2s, maxRetries: 1}
      right: {type: pass}
    join: {type: join, joinNodeId: j, strategy: {type: And}}
""")
    driver.begin({"q": 1})
    scope = driver.dag.nodes[driver.node("n")].scope
    driver.fail("n", "boom")
    assert driver.state.nodes[driver.node("n")] == BackingOff(
        scope, 1, {"q": 1}, {"q": 1}, {"depth": 3}, "left", ErrorDetail("boom"), START + timedelta(seconds=2)
    )


def test_a_node_that_has_ended_remembers_what_arrived_and_how_it_ended() -> None:
    spec = "entryPoints: [{type: standard, id: n, address: waygrid://processor/x, timeout: 5s}]"
    succeeded, failed, late = Driver(spec), Driver(spec), Driver(spec)
    succeeded.begin({"q": 1})
    succeeded.succeed("n", 2)
    assert succeeded.state.nodes[succeeded.node("n")] == Succeeded(1, {"q": 1}, 2)
    failed.begin({"q": 1})
    failed.fail("n", "boom")
    assert failed.state.nodes[failed.node("n")] == Failed(1, {"q": 1}, ErrorDetail("boom"), timed_out=False)
    late.fire(late.scheduled(late.begin({"q": 1}), "timeout"))
    error = ErrorDetail("timeout", "the attempt was not answered within its timeout")
    assert late.state.nodes[late.node("n")] == Failed(1, {"q": 1}, error, timed_out=True)


def test_a_task_is_given_what_its_template_reads() -> None:
    spec = "entryPoints: [{type: standard, id: n, address: waygrid://processor/x, input: {order: {$from: /payload/q}}}]"
    driver = Driver(spec)
    given = driver.dispatched(driver.begin({"q": 1}), "n")
    assert (given.input, given.parameters) == ({"order": 1}, {})
