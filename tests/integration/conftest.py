"""What most tests of the shell stand on: one backend, ports of every technology, and the API over them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.api.serving import Api, serving
from tests.servers.cluster import ClusterServers, cluster_settings
from waygrid_shell.runtime.cluster_wiring import cluster_ports
from waygrid_shell.runtime.wiring import Ports, memory_ports, sqlite_ports


@pytest.fixture(params=["memory", "sqlite", pytest.param("cluster", marks=pytest.mark.cluster)])
async def ports(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ports]:
    """The ports of a plant: in memory, in a file, and on the servers of a cluster."""
    match request.param:
        case "memory":
            yield memory_ports()
        case "sqlite":
            async with sqlite_ports(tmp_path / "data") as ports:
                yield ports
        case _:
            servers: ClusterServers = request.getfixturevalue("servers")
            with cluster_settings(servers) as settings:
                async with cluster_ports(settings) as ports:
                    yield ports


@pytest.fixture
async def api(ports: Ports) -> AsyncIterator[Api]:
    """The API of a plant that runs and serves nothing of a user's, without keys."""
    async with serving(ports) as api:
        yield api
