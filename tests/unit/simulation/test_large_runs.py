"""Runs as large as the limits allow."""

from waygrid_core.model.json_value import JsonValue
from waygrid_core.simulation import Observation, Scenario, run_scenario
from waygrid_core.simulation.scenario import Delivery, Once, Shuffled, SpecDocument, Twice

MEMBERS = 10_000
BRANCHES = 1_000


def step(name: str) -> dict[str, JsonValue]:
    return {"type": "standard", "id": name, "address": "waygrid://processor/x"}


def run(spec: JsonValue, payload: JsonValue = None, deliver: Delivery | None = None) -> Observation:
    scenario = Scenario(name="large", spec=SpecDocument(spec), payload=payload, deliver=deliver or Once())
    return run_scenario(scenario).actual


def test_an_each_of_10_000_members_answers_in_order() -> None:
    body: JsonValue = {"type": "pass", "output": {"$from": "/payload/item"}}
    each: JsonValue = {"type": "each", "id": "e", "over": {"$from": "/payload"}, "atMost": MEMBERS, "body": body}
    observed = run({"entryPoints": [each]}, list(range(MEMBERS)))
    assert observed.output == list(range(MEMBERS))


def test_an_each_of_10_000_members_that_are_dispatched_two_at_a_time() -> None:
    each: JsonValue = {
        "type": "each", "id": "e", "over": {"$from": "/payload"}, "atMost": MEMBERS, "concurrency": 2,
        "body": step("x"),
    }  # fmt: skip
    observed = run({"entryPoints": [each]}, [None] * MEMBERS)
    assert observed.output == [{}] * MEMBERS
    assert len(observed.dispatched) == MEMBERS + 1


def test_a_fork_of_1_000_branches_ends_alike_however_its_answers_come() -> None:
    branches: dict[str, JsonValue] = {f"b{index}": step(f"n{index}") for index in range(BRANCHES)}
    fork: JsonValue = {
        "type": "fork", "joinNodeId": "j", "branches": branches,
        "join": {"type": "join", "joinNodeId": "j", "strategy": {"type": "And"}},
    }  # fmt: skip
    for deliver in (Once(), Twice(), Shuffled(1)):
        observed = run({"entryPoints": [fork]}, deliver=deliver)
        assert observed.status == "completed"
        assert len(observed.dispatched) == BRANCHES


def test_a_loop_of_10_000_rounds_ends_exhausted() -> None:
    loop: JsonValue = {
        "type": "loop", "id": "l", "atMost": 10_000, "until": {"type": "Not", "cond": {"type": "Always"}},
        "body": step("x"),
    }  # fmt: skip
    observed = run({"entryPoints": [loop]})
    assert (observed.error, len(observed.dispatched)) == ("exhausted", 10_001)
