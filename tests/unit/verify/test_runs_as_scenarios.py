"""A run that `verify` shows goes the same way in virtual time, by the scenario that is made of it."""

import json

import pytest

from tests.integration.examples.random_scenarios import random_scenario
from tests.unit.verify.specs import Document, at_most, fork, never, spec, task, verified
from waygrid_core.compile.pipeline import compile_document
from waygrid_core.outcome import Failure
from waygrid_core.simulation.observation import Observation
from waygrid_core.simulation.reading import load_scenarios
from waygrid_core.simulation.runner import run_scenario
from waygrid_core.traversal.events import NodeDispatched
from waygrid_core.verify.explore import Step
from waygrid_core.verify.levels import Level
from waygrid_core.verify.rehearsal import rehearse
from waygrid_core.verify.verification import verify


def rehearsed(document: Document, level: Level, run: tuple[Step, ...]) -> Observation:
    scenario = {"spec": document, **rehearse(level, run), "expect": {}}
    outcome = load_scenarios(json.dumps(scenario).encode(), lambda path: b"")
    assert not isinstance(outcome, Failure), outcome.failure()
    return run_scenario(outcome.unwrap()[0]).actual


def dispatched(level: Level, run: tuple[Step, ...]) -> list[str]:
    return [level.title(event.node) for step in run for event in step.events if isinstance(event, NodeDispatched)]


def the_run(document: Document) -> tuple[Level, tuple[Step, ...]]:
    (found,) = [(level, each.run) for level, each in verified(document).findings if each.code == "guarantee-broken"]
    return found


@pytest.mark.parametrize(
    "document",
    [
        spec(
            fork({"a": task("approval"), "b": task("reserve", onSuccess=task("payout"))}, {"type": "And"}),
            guarantees=[never("payout", "approval")],
        ),
        spec(
            task("approval", timeout="1h", onSuccess=task("payout"), onTimeout={"ref": "payout"}),
            guarantees=[never("payout", "approval")],
        ),
        spec(
            task(
                "look",
                onConditions=[
                    {"condition": {"type": "JsonCompare", "pointer": "/n", "op": "gt", "value": 5}, "to": task("stop")},
                    {"condition": {"type": "JsonExists", "pointer": "/ok"}, "to": task("payout")},
                ],
                onSuccess={"type": "await", "id": "approval", "event": "approved", "onSuccess": {"ref": "payout"}},
            ),
            guarantees=[never("payout", "approval")],
        ),
        spec(
            {
                "type": "pass",
                "id": "sort",
                "output": {"$from": "/payload/order"},
                "onConditions": [
                    {"condition": {"type": "JsonEquals", "pointer": "/kind", "value": "big"}, "to": task("payout")}
                ],
                "onSuccess": task("approval"),
            },
            guarantees=[never("payout", "approval")],
        ),
    ],
    ids=["two branches", "a timeout", "conditions", "a payload"],
)  # fmt: skip
def test_a_broken_guarantee_is_seen_in_the_scenario(document: Document) -> None:
    level, run = the_run(document)
    observed = rehearsed({key: value for key, value in document.items() if key != "guarantees"}, level, run)
    assert list(observed.dispatched)[: len(dispatched(level, run))] == dispatched(level, run)
    assert "payout" in observed.dispatched


def test_runs_of_random_specs_end_in_their_scenarios_as_they_were_shown() -> None:
    """Runs by answers alone: where timers race, virtual time has an order of its own."""
    compared = 0
    for seed in range(200):
        document = random_scenario(seed)["spec"]
        outcome = compile_document(document)
        if isinstance(outcome, Failure) or "repeatPolicy" in document:
            continue
        compiled = outcome.unwrap()
        for level, finding in verify(compiled).findings:
            run = finding.run
            if not level.is_main or finding.code != "unhandled-failure" or not run or any(step.choices for step in run):
                continue
            if any(hasattr(step.signal, "timer") for step in run):
                continue
            observed = rehearsed(document, level, run)
            assert observed.status == "failed", (seed, observed)
            compared += 1
    assert compared > 40


@pytest.mark.parametrize(
    "codes", [{}, {"doNotRetry": ["failed"]}, {"retryOn": ["busy", "http-5*"]}, {"retryOn": ["*"]}]
)
def test_attempts_that_are_made_again_are_made_again_in_the_scenario(codes: Document) -> None:
    retried = task("mail", retryPolicy={"type": "Linear", "base": "1s", "maxRetries": 2, **codes})
    level, run = the_run(spec(retried, guarantees=[at_most("mail", 2)]))
    assert list(rehearsed(spec(retried), level, run).dispatched) == ["mail", "mail", "mail"]
