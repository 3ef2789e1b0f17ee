"""The contract of the live feed."""

import anyio
import pytest

from tests.contract.listed import id_of
from waygrid_core.model.identifiers import NodeId
from waygrid_shell.ports.live_feed import Progress, Sighting
from waygrid_shell.runtime.wiring import OpenPorts

pytestmark = pytest.mark.anyio
A = id_of(1)
SIGHTING = Sighting(traversal=A, root=A, status="Running", version=2, nodes=((NodeId("0" * 16), "NodeDispatched"),))
PROGRESS = Progress(traversal=A, root=A, node=NodeId("0" * 16), attempt=1, data={"token": "é"})


async def test_every_watcher_hears_what_is_told_while_it_watches_in_order(open_ports: OpenPorts) -> None:
    async with open_ports() as ports:
        ports.live_feed.tell([SIGHTING])  # nobody watches yet
        async with ports.live_feed.watch() as first, ports.live_feed.watch() as second:
            ports.live_feed.tell([SIGHTING, PROGRESS])
            ports.live_feed.tell([PROGRESS])
            with anyio.fail_after(5):
                for told in (first, second):
                    heard = [*await anext(told), *await anext(told)]
                    assert heard == [SIGHTING, PROGRESS, PROGRESS]


async def test_telling_never_waits_for_who_does_not_listen(open_ports: OpenPorts) -> None:
    async with open_ports() as ports, ports.live_feed.watch() as told:
        for _ in range(5_000):
            ports.live_feed.tell([PROGRESS])
        with anyio.fail_after(5):
            assert await anext(told) == [PROGRESS]
    async with open_ports() as ports:
        ports.live_feed.tell([SIGHTING])  # who watched has left
