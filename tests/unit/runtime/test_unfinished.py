"""What a process of a cluster says when it begins keeps it from nothing."""

from collections.abc import Mapping
from typing import Any, cast

import pytest
from attrs import evolve

from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_core.model.address import ServiceAddress
from waygrid_shell.ports.failure import Unavailable
from waygrid_shell.runtime.unfinished import unfinished_among_others
from waygrid_shell.runtime.wiring import memory_ports

pytestmark = pytest.mark.anyio


class Speechless:
    """An event log that cannot say yet how far its readers are."""

    async def backlog(self) -> Mapping[str, int]:
        raise Unavailable("event log", "the brokers make up their minds who keeps the group")


async def test_what_waits_for_an_address_that_nobody_serves_is_said() -> None:
    ports = memory_ports()
    await ports.event_log.publish([TransportEnvelope(topic="processor.stock", key="k", headers={}, value=b"")])
    found = await unfinished_among_others(ports, frozenset())
    assert found.unserved == (ServiceAddress("processor", "stock"),)


async def test_who_cannot_find_out_what_waits_begins_all_the_same() -> None:
    ports = evolve(memory_ports(), event_log=cast(Any, Speechless()))
    found = await unfinished_among_others(ports, frozenset())
    assert (found.count, found.unserved) == (None, ())
