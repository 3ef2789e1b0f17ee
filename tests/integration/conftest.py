"""What most tests of the shell stand on: one backend, ports of every technology, and the API over them."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from tests.integration.api.serving import Api, serving
from tests.servers.cluster import ClusterServers, cluster_settings
from tests.unit.traversal.extensions import EXTENSIONS
from waygrid_shell.runtime.cluster_wiring import cluster_ports
from waygrid_shell.runtime.wiring import Ports, memory_ports, sqlite_ports

ON_A_CLUSTER_IN_BRIEF: Final = (
    "plant/test_plant.py",
    "plant/test_places_of_a_worker.py",
    "history/",
    "api/test_events.py",
    "api/test_steering.py",
    "api/test_dead_letters.py",
    "examples/",
)
"""Where tests of a plant run over a cluster each time. The others do with `WAYGRID_TEST_CLUSTER=whole`: all of them
take longer than somebody waits for a change to be tested."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what runs over a cluster only at length."""
    if os.environ.get("WAYGRID_TEST_CLUSTER") == "whole":
        return
    here = Path(__file__).parent
    brief = tuple(str(here / part) for part in ON_A_CLUSTER_IN_BRIEF)
    on_cluster = [item for item in items if item.get_closest_marker("cluster") and item.path.is_relative_to(here)]
    left_out = [item for item in on_cluster if not str(item.path).startswith(brief)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


@pytest.fixture(params=["memory", "sqlite", pytest.param("cluster", marks=pytest.mark.cluster)])
async def ports(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ports]:
    """The ports of a plant: in memory, in a file, and on the servers of a cluster."""
    match request.param:
        case "memory":
            yield memory_ports(EXTENSIONS)
        case "sqlite":
            async with sqlite_ports(tmp_path / "data", EXTENSIONS) as ports:
                yield ports
        case _:
            servers: ClusterServers = request.getfixturevalue("servers")
            with cluster_settings(servers) as settings:
                async with cluster_ports(settings, EXTENSIONS) as ports:
                    yield ports


@pytest.fixture
async def api(ports: Ports) -> AsyncIterator[Api]:
    """The API of a plant that runs and serves nothing of a user's, without keys."""
    async with serving(ports) as api:
        yield api
