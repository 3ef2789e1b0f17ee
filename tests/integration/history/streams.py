"""Reads the stream of a traversal as a browser would: server-sent events, taken up again where they broke off."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
from attrs import frozen

from tests.integration.api.serving import LONG, Api
from waygrid_core.codec.json_bytes import read_json


@frozen
class Sent:
    """An event of a stream."""

    id: str
    name: str
    document: Any


@asynccontextmanager
async def stream(api: Api, traversal: str, last_id: str = "") -> AsyncIterator[AsyncIterator[Sent]]:
    """The events of a traversal, from now on or after `last_id`."""
    headers = {"Last-Event-ID": last_id} if last_id else {}
    async with api.session.get(f"{api.url}/v1/traversals/{traversal}/live", headers=headers) as response:
        assert response.status == 200, await response.read()
        assert response.headers["Content-Type"].startswith("text/event-stream")
        yield _events(response.content)


async def watched(api: Api, traversal: str, last_id: str = "") -> list[Sent]:
    """All events until the end of the stream."""
    with anyio.fail_after(LONG):
        async with stream(api, traversal, last_id) as events:
            return [event async for event in events]


async def _events(content: Any) -> AsyncIterator[Sent]:
    fields: dict[str, str] = {}
    async for line in content:
        text = line.decode().rstrip("\n")
        if text.startswith(":"):
            continue
        if text:
            name, _, value = text.partition(": ")
            fields[name] = value
        elif "data" in fields:
            yield Sent(fields["id"], fields["event"], read_json(fields["data"].encode()))
            fields = {}
