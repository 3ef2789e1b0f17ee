"""What is shown of a real traversal agrees, name by name, with what a scenario says of the same Spec.

The Specs are the random ones that have one end whatever comes first. Where many traversals stand at one place (the
members of an each, rounds, runs), a scenario tells of the last one, or of what they share: so one of them must agree.
"""

import re

import pytest

from tests.integration.examples.random_scenarios import random_scenario
from tests.integration.examples.test_naive_reading import observe
from tests.integration.examples.test_plant_agrees import scripted_app, tame
from tests.integration.plant.running import run_one
from waygrid_core.dag.naming import name_of
from waygrid_core.history.picture import pictures
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.simulation.observation import MIXED
from waygrid_core.traversal.node_status import NOT_REACHED
from waygrid_core.traversal.state import TraversalState
from waygrid_shell.runtime.wiring import Ports, memory_ports
from waygrid_shell.services.history.relatives import family_of

pytestmark = pytest.mark.anyio
MANY = re.compile(r"\[\d+\]|^run \d+/")
"""What tells apart those that stand at one place."""


async def statuses_in(ports: Ports, root: TraversalId) -> dict[str, set[str]]:
    """By the names of scenarios: the statuses of all nodes that bear a name and were reached."""
    statuses: dict[str, set[str]] = {}
    relatives = await family_of(ports.journal, ports.dag_store, root)
    stored = await ports.journal.load(list(relatives.summaries))
    for traversal, kept in stored.items():
        standing = relatives.standing(traversal)
        if not isinstance(kept.state, TraversalState) or standing.dag is None:
            continue
        for picture in pictures(standing, kept.state):
            node = standing.dag.nodes[picture.id]
            is_named = standing.member(node) is None and name_of(standing.dag, standing.annotations, node) is not None
            if is_named and picture.status != NOT_REACHED:
                statuses.setdefault(MANY.sub("", standing.title(picture.id)), set()).add(picture.status)
    return statuses


async def test_statuses_are_those_of_the_scenario_runner() -> None:
    """Seen to fail when nodes in a body were named without their parent."""
    compared = 0
    for seed in range(100, 160):
        scenario = tame(random_scenario(seed))
        expected = observe(scenario)
        if expected.status == "invalid":
            continue
        ports = memory_ports()
        summary = await run_one(ports, scenario["spec"], scripted_app(), scenario["payload"])
        shown = await statuses_in(ports, summary.traversal)
        if "canceled" in {*expected.nodes.values()}.union(*shown.values()):
            continue  # what a failure cancels beside itself depends on the pace
        for name, status in expected.nodes.items():
            # An onEnd is waited for by nobody: it may not have begun when the traversal had ended.
            if status in (MIXED, NOT_REACHED) or "onEnd/" in name:
                continue
            assert status in shown.get(name, set()), f"seed {seed}: {name} is {status}, shown as {shown.get(name)}"
            compared += 1
    assert compared > 100
