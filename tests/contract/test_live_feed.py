"""The contract of the live feed."""

import anyio
import pytest

from tests.contract.listed import id_of
from waygrid_core.model.identifiers import NodeId
from waygrid_shell.ports.live_feed import Progress, Sighting, Told
from waygrid_shell.runtime.wiring import OpenPorts

pytestmark = pytest.mark.anyio
A = id_of(1)
SIGHTING = Sighting(traversal=A, root=A, status="Running", version=2, nodes=((NodeId("0" * 16), "NodeDispatched"),))
PROGRESS = Progress(traversal=A, root=A, node=NodeId("0" * 16), attempt=1, data={"token": "é"})


async def test_every_watcher_hears_what_is_told_while_it_watches_in_order(open_quick_ports: OpenPorts) -> None:
    async with open_quick_ports() as ports:
        ports.live_feed.tell([SIGHTING])  # nobody watches yet
        async with ports.live_feed.watch() as first, ports.live_feed.watch() as second:
            ports.live_feed.tell([SIGHTING, PROGRESS])
            ports.live_feed.tell([PROGRESS])
            with anyio.fail_after(5):
                for told in (first, second):
                    heard = [*await anext(told), *await anext(told)]
                    assert heard == [SIGHTING, PROGRESS, PROGRESS]


async def test_telling_never_waits_for_who_does_not_listen(open_quick_ports: OpenPorts) -> None:
    async with open_quick_ports() as ports, ports.live_feed.watch() as told:
        for _ in range(5_000):
            ports.live_feed.tell([PROGRESS])
        with anyio.fail_after(5):
            assert await anext(told) == [PROGRESS]
    async with open_quick_ports() as ports:
        ports.live_feed.tell([SIGHTING])  # who watched has left


async def test_a_process_hears_what_another_tells_and_each_thing_once(open_shared_ports: OpenPorts) -> None:
    async with open_shared_ports() as here, open_shared_ports() as there, here.live_feed.watch() as told:
        there.live_feed.tell([SIGHTING])
        here.live_feed.tell([SIGHTING])
        there.live_feed.tell([PROGRESS])
        heard: list[Told] = []
        with anyio.fail_after(10):
            while PROGRESS not in heard:
                heard += await anext(told)
        assert sorted(map(repr, heard)) == sorted(map(repr, [SIGHTING, SIGHTING, PROGRESS]))


async def test_who_watched_before_and_watches_again_hears_what_another_tells(open_shared_ports: OpenPorts) -> None:
    async with open_shared_ports() as here, open_shared_ports() as there:
        for _ in range(3):
            async with here.live_feed.watch() as told:
                there.live_feed.tell([PROGRESS])
                with anyio.fail_after(10):
                    while PROGRESS not in await anext(told):
                        pass
            there.live_feed.tell([SIGHTING])
