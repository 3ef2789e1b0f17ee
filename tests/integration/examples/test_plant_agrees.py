"""A Spec ends on the real plant as it ends in a scenario.

The Specs are the random ones of `random_scenarios`, with what depends on the pace of a machine taken out: timeouts,
races between branches, signals. What is left has one end, whatever comes first.
"""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.examples.naive_world import Document
from tests.integration.examples.random_scenarios import random_scenario
from tests.integration.examples.test_naive_reading import observe, without_messages
from tests.integration.plant.running import run_one
from waygrid_core.model.json_value import Missing
from waygrid_shell.processors.function import App, Attempt, Failed
from waygrid_shell.runtime.wiring import Ports, memory_ports, sqlite_ports

pytestmark = pytest.mark.anyio
STATUSES = {"completed": "Completed", "failed": "Failed"}
EDGES = ("onSuccess", "onFailure", "always")


def tame(scenario: Document) -> Document:
    """The scenario, so that it has one end; every node has one outcome, which its parameters say too."""
    outcomes: Document = {}
    spec = copy.deepcopy(scenario["spec"])
    _tame_spec(spec, (), scenario["outcomes"], outcomes)
    return {**scenario, "spec": spec, "outcomes": outcomes, "signals": [], "known": {}, "entry": 0}


def _tame_spec(spec: Document, path: tuple[str, ...], given: Document, outcomes: Document) -> None:
    spec.pop("timeout", None)
    if "repeatPolicy" in spec:
        spec["repeatPolicy"] = {"type": "Times", "every": "5ms", "times": 2}
    for node in spec["entryPoints"]:
        _tame(node, path, given, outcomes)
    if "onEnd" in spec:
        _tame_spec(spec["onEnd"], (*path, "onEnd"), given, outcomes)


def _tame(node: Document, path: tuple[str, ...], given: Document, outcomes: Document) -> None:
    if "ref" in node:
        return
    for field in ("timeout", "strategy", "event", "key"):
        node.pop(field, None)
    if "onTimeout" in node:
        node.setdefault("onFailure", node.pop("onTimeout"))
        node.pop("onTimeout", None)
    if "deliveryStrategy" in node:
        node["deliveryStrategy"]["delay"] = "3ms"
    if "retryPolicy" in node:
        node["retryPolicy"] = {"type": "Linear", "base": "2ms", "maxRetries": 1}
    if "every" in node:
        node["every"] = "4ms"
    if node["type"] == "join":
        node["strategy"] = {"type": "And"}
    if node["type"] in ("standard", "await"):
        name = "/".join([*path, node["id"]])
        script = [outcome for outcome in given.get(name, []) if "never" not in outcome] or [{"succeed": {}}]
        outcome = {key: value for key, value in script[0].items() if key != "after"}
        outcomes[name] = [outcome]
        node |= {"type": "standard", "address": "waygrid://processor/scripted", "parameters": {"outcome": outcome}}
    below = [node[edge] for edge in (*EDGES, "join") if edge in node]
    below += [each["to"] for each in node.get("onConditions", [])]
    below += node.get("branches", {}).values()
    for each in below:
        _tame(each, path, given, outcomes)
    if "body" in node:
        _tame_spec(node["body"], (*path, node["id"]), given, outcomes)


def scripted_app() -> App:
    app = App()

    @app.processor("scripted")
    async def scripted(given: Any, attempt: Attempt) -> Any:
        outcome: Any = attempt.parameters["outcome"]
        if "fail" in outcome:
            raise Failed(outcome["code"], outcome["fail"])
        return outcome["succeed"]

    return app


async def assert_ends_alike(seed: int, ports: Ports) -> bool:
    """Whether the Spec could be run: it may nest too deep, or have lost a node that a ref names."""
    scenario = tame(random_scenario(seed))
    expected = observe(scenario)
    if expected.status == "invalid":
        return False
    summary = await run_one(ports, scenario["spec"], scripted_app(), scenario["payload"])
    told = f"seed {seed}\n{json.dumps(scenario, indent=1)}"
    assert summary.status == STATUSES[expected.status], told
    assert (None if summary.error is None else summary.error.code) == expected.error, told
    if not isinstance(expected.output, Missing) and "branches" not in json.dumps(expected.output):
        assert without_messages(summary.output) == without_messages(expected.output), told
    return True


async def test_random_specs_end_alike_in_memory() -> None:
    run = [await assert_ends_alike(seed, memory_ports()) for seed in range(60)]
    assert sum(run) > 40


async def test_random_specs_end_alike_in_a_file(tmp_path: Path) -> None:
    for seed in range(60, 80):
        async with sqlite_ports(tmp_path / str(seed)) as ports:
            await assert_ends_alike(seed, ports)
