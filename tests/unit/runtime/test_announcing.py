"""A process is shown while it runs, as it is."""

from datetime import UTC, datetime

import anyio
import pytest

from waygrid_shell.ports.presence import ProcessInfo
from waygrid_shell.runtime.announcing import announce
from waygrid_shell.runtime.wiring import memory_ports

pytestmark = pytest.mark.anyio
ME = ProcessInfo(id="me", host="here", pid=1, version="1", started_at=datetime(2026, 1, 1, tzinfo=UTC), services=())


async def test_a_process_is_shown_until_it_stops() -> None:
    presence = memory_ports().presence
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(announce, presence, lambda: ME)
        with anyio.fail_after(10):
            while await presence.present() != [ME]:
                await anyio.sleep(0.01)
        tasks.cancel_scope.cancel()
    assert await presence.present() == []
