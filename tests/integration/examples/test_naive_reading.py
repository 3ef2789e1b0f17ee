"""The simulation agrees with a second, naive reading of the semantics, on random scenarios of every kind."""

import json
import os
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from tests.integration.examples.naive_children import interpret
from tests.integration.examples.naive_world import Document
from tests.integration.examples.random_scenarios import random_scenario
from waygrid_core.model.json_value import Missing
from waygrid_core.simulation import Observation, load_scenarios, run_scenario

BLOCK = 60
BLOCKS = int(os.environ.get("WAYGRID_TEST_NAIVE_BLOCKS", "12"))
"""More of them look further: a block takes about a second."""


def observe(scenario: Document) -> Observation:
    loaded = load_scenarios(json.dumps(scenario).encode(), lambda name: b"")
    return run_scenario(loaded.unwrap()[0]).actual


def without_messages(value: Any) -> Any:
    """Sentences for people are nobody's business here."""
    if isinstance(value, dict):
        return {key: without_messages(member) for key, member in value.items() if key != "message"}
    return [without_messages(item) for item in value] if isinstance(value, list) else value


def differences(scenario: Document, actual: Observation) -> list[str]:
    naive = interpret(scenario)
    ended = actual.status != "running"
    output = None if isinstance(actual.output, Missing) else without_messages(actual.output)
    pairs: dict[str, tuple[object, object]] = {
        "status": (naive.status, actual.status),
        "error": (naive.error, actual.error if actual.status == "failed" else None),
        "output": (without_messages(naive.output), output if actual.status == "completed" else None),
        "dispatched": (naive.dispatched, list(actual.dispatched)),
        "elapsed": (naive.elapsed, actual.elapsed / timedelta(milliseconds=1) if ended else None),
        "runs": (naive.runs, actual.runs),
    }
    for name in {*naive.nodes, *actual.nodes}:
        observed = actual.nodes.get(name, "not-reached")
        pairs[name] = (naive.nodes.get(name, "not-reached"), None if observed == "mixed" else observed)
    return [
        f"{what}: naive {mine!r}, simulation {theirs!r}" for what, (mine, theirs) in pairs.items() if mine != theirs
    ]


@pytest.mark.parametrize("block", range(BLOCKS))
def test_both_readings_of_the_semantics_agree(block: int) -> None:
    statuses: Counter[str] = Counter()
    for seed in range(block * BLOCK, (block + 1) * BLOCK):
        scenario = random_scenario(seed)
        actual = observe(scenario)
        statuses[actual.status] += 1
        if actual.status == "invalid":
            assert {problem.code for problem in actual.problems} == {"too-deep"}
            continue
        found = differences(scenario, actual)
        assert found == [], f"seed {seed}\n{json.dumps(scenario, indent=1)}\n" + "\n".join(found)
    # A block in which everything ends alike would say little.
    assert {"completed", "failed"} <= set(statuses)


@pytest.mark.parametrize("block", range(BLOCKS))
def test_messages_that_come_twice_change_nothing(block: int) -> None:
    for seed in range(block * BLOCK, (block + 1) * BLOCK):
        scenario = random_scenario(seed)
        once, twice = observe(scenario), observe({**scenario, "deliver": "twice"})
        for what in ("status", "error", "output", "dispatched", "elapsed", "nodes", "runs"):
            assert getattr(once, what) == getattr(twice, what), f"seed {seed}, {what}\n{json.dumps(scenario, indent=1)}"
