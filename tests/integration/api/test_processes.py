"""The processes that run can be listed."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.api.serving import Api
from waygrid_shell.client.asynchronous import WaygridClient
from waygrid_shell.ports.presence import ProcessInfo
from waygrid_shell.resources.processes import ProcessView

pytestmark = pytest.mark.anyio


async def test_processes_are_listed_as_they_announce_themselves(api: Api) -> None:
    assert (await api.ask("GET", "/v1/processes")).document == {"items": []}
    for name, ailments in (("b", {}), ("a", {"scheduler": "the database is unavailable"})):
        announced = ProcessInfo(
            id=name,
            host="here",
            pid=7,
            version="1.0",
            started_at=datetime(2026, 1, 1, tzinfo=UTC),
            services=["worker"],
            addresses=["waygrid://processor/http"],
            ailments=ailments,
        )
        await api.platform.presence.announce(announced, timedelta(minutes=5))
    async with WaygridClient(api.url) as client:
        first, second = await client.processes()
    assert first == ProcessView(
        id="a",
        host="here",
        pid=7,
        version="1.0",
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
        services=("worker",),
        addresses=("waygrid://processor/http",),
        ailments={"scheduler": "the database is unavailable"},
    )
    assert (second.id, second.ailments) == ("b", {})
    assert (await api.ask("GET", "/v1/processes")).document["items"][1]["startedAt"] == "2026-01-01T00:00:00Z"
