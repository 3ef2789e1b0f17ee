"""Watching a traversal: one story, told over as many connections as it takes."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final, TypeAlias

import aiohttp

from waygrid_shell.client.connection import Connection
from waygrid_shell.client.errors import BadAnswer, Busy, Unreachable, WaygridError
from waygrid_shell.client.patience import Patience
from waygrid_shell.client.server_sent_events import EventReader, EventTooLarge, ServerSentEvent
from waygrid_shell.resources.live import Change, Progress
from waygrid_shell.resources.traversal import ENDED, TraversalView

Told: TypeAlias = TraversalView | Change | Progress
"""What is told of a traversal: how it stands (first, last, and after a gap), what changed, what a handler says."""

_NOTHING_NEW_SECONDS: Final = 1.0
"""Before a stream is opened again after one that told nothing: somebody in between may cut all that are silent."""


async def watch_traversal(connection: Connection, path: str) -> AsyncGenerator[Told, None]:
    """What happens to the traversal whose stream is at `path`. The last thing told is how it ended.

    When a connection breaks, another is made that goes on after what was told. Raises `WaygridError`: `Unreachable`
    once no connection could be had for as long as the connection's timeout.
    """
    last_id = ""
    versions: dict[str, int] = {}
    patience = Patience(connection.timeout)
    while True:
        broken: WaygridError
        was_heard = has_news = False
        try:
            async with aclosing(_one_stream(connection, path, last_id)) as stream:
                async for events in stream:
                    was_heard = True
                    for event in events:
                        last_id = event.id
                        told = _read(connection, event)
                        if told is None or _is_old(told, versions):
                            continue
                        has_news = True
                        yield told
                        if isinstance(told, TraversalView) and told.status in ENDED:
                            return
            broken = Unreachable(connection.server, "it closes the stream before the traversal has ended")
        except EventTooLarge as error:
            raise BadAnswer(connection.server, f"sends too much: {error}") from error
        except (Busy, Unreachable) as error:
            broken = error
        except TimeoutError:
            broken = Unreachable(connection.server, "it says nothing any more")
        except (aiohttp.ClientError, OSError) as error:
            broken = connection.unreachable(error)
            if not connection.was_reached:
                patience.shorten(connection.first_contact)
        if was_heard:
            patience = Patience(connection.timeout)
        delay = patience.delay()
        if delay is None:
            raise broken
        await asyncio.sleep(max(delay, _NOTHING_NEW_SECONDS) if was_heard and not has_news else delay)


async def _one_stream(
    connection: Connection, path: str, last_id: str
) -> AsyncGenerator[tuple[ServerSentEvent, ...], None]:
    """The events of each piece that comes; none, if it was only a sign of life."""
    headers = {"Last-Event-ID": last_id} if last_id else {}
    reader = EventReader(last_id)
    async with connection.stream(path, headers) as response:
        async for received in response.content.iter_any():
            yield tuple(reader.feed(received))


def _read(connection: Connection, event: ServerSentEvent) -> Told | None:
    text = event.data.encode()
    match event.event:
        case "state" | "ended":
            return connection.read(text, TraversalView)
        case "change":
            return connection.read(text, Change)
        case "progress":
            return connection.read(text, Progress)
        case _:
            return None  # what a later version tells


def _is_old(told: Told, versions: dict[str, int]) -> bool:
    """Whether it was told before: of children, a server repeats some after a break. Notes what is told now."""
    match told:
        case Progress():
            return False
        case Change(traversal=traversal, version=version):
            is_old = version <= versions.get(traversal, 0)
        case TraversalView(id=traversal, version=version, status=status):
            is_old = version <= versions.get(traversal, -1) and status not in ENDED
    versions[traversal] = max(version, versions.get(traversal, 0))
    return is_old
