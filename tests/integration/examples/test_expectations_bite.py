"""Every expectation of every scenario can fail: changed in any of its parts, it is no longer met."""

from collections.abc import Iterator
from datetime import timedelta

import attrs
import pytest

from tests.integration.examples.scenario_files import EXTENSIONS, all_scenarios
from waygrid_core.model.json_value import JsonValue, Missing
from waygrid_core.simulation import Scenario, run_scenario
from waygrid_core.simulation.scenario import Expectation

SCENARIOS = dict(all_scenarios())

ANOTHER_STATUS = {
    "completed": "failed", "failed": "completed", "canceled": "failed", "timed-out": "failed", "running": "completed",
    "invalid": "completed",
}  # fmt: skip
ANOTHER_NODE_STATUS = {
    "waiting": "running", "running": "waiting", "succeeded": "failed", "failed": "timed-out", "timed-out": "failed",
    "canceled": "not-reached", "not-reached": "canceled",
}  # fmt: skip


def changed(expect: Expectation) -> Iterator[tuple[str, Expectation]]:
    """`expect` with one part changed, in each way that a writer could get that part wrong."""
    if expect.status is not None:
        yield "another status", attrs.evolve(expect, status=ANOTHER_STATUS[expect.status])
    if expect.error is not None:
        yield "another error", attrs.evolve(expect, error=f"{expect.error}-not")
    if expect.errors is not None:
        yield "one error more", attrs.evolve(expect, errors=(*expect.errors, "dead-edge"))
        yield "one error less", attrs.evolve(expect, errors=expect.errors[1:])
    for name, status in expect.nodes.items():
        yield (
            f"another status of {name}",
            attrs.evolve(expect, nodes={**expect.nodes, name: ANOTHER_NODE_STATUS[status]}),
        )
    if expect.dispatched is not None:
        yield "one dispatch more", attrs.evolve(expect, dispatched=(*expect.dispatched, "a-dispatch-more"))
        if expect.dispatched:
            yield "the last dispatch dropped", attrs.evolve(expect, dispatched=expect.dispatched[:-1])
            yield "the first dispatch dropped", attrs.evolve(expect, dispatched=expect.dispatched[1:])
        if expect.dispatched != expect.dispatched[::-1]:
            yield "dispatches in the opposite order", attrs.evolve(expect, dispatched=expect.dispatched[::-1])
    if expect.elapsed is not None:
        yield "a millisecond more", attrs.evolve(expect, elapsed=expect.elapsed + timedelta(milliseconds=1))
        if expect.elapsed:
            yield "no time", attrs.evolve(expect, elapsed=timedelta(0))
    if not isinstance(expect.output, Missing):
        for what, output in changed_outputs(expect.output):
            yield what, attrs.evolve(expect, output=output)
    if expect.runs is not None:
        yield "one run more", attrs.evolve(expect, runs=expect.runs + 1)
        yield "one run less", attrs.evolve(expect, runs=expect.runs - 1)


def changed_outputs(output: JsonValue) -> Iterator[tuple[str, JsonValue]]:
    yield "another output", {"was": output}
    if isinstance(output, dict) and output:
        first, *rest = output
        yield "an output with a key less", {key: output[key] for key in rest}
        yield "an output with another value", {**output, first: {"was": output[first]}}
    if isinstance(output, dict):
        yield "an output with a key more", {**output, "a-key-more": None}
    if isinstance(output, list) and output:
        yield "an output with an item less", output[:-1]
    if isinstance(output, bool):
        yield "the truth value as a number", int(output)
    elif isinstance(output, int | float):
        yield "the number as a text", str(output)
        yield "another number", output + 1


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_changed_expectation_fails(name: str) -> None:
    scenario = SCENARIOS[name]
    missed = [what for what, expect in changed(scenario.expect) if _passes(scenario, expect)]
    assert missed == []


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_expects_a_status_and_something_besides(name: str) -> None:
    expect = SCENARIOS[name].expect
    assert expect.status is not None
    parts = (expect.errors, expect.error, expect.nodes or None, expect.dispatched, expect.elapsed, expect.runs)
    is_bare = all(part is None for part in parts) and isinstance(expect.output, Missing)
    assert not is_bare or expect.status == "running"


def _passes(scenario: Scenario, expect: Expectation) -> bool:
    return run_scenario(attrs.evolve(scenario, expect=expect), extensions=EXTENSIONS).passed
