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


async def watch_traversal(connection: Connection, traversal_id: str) -> AsyncGenerator[Told, None]:
    """What happens to it, until it has ended: the last thing told is a TraversalView of one that has.

    When a connection breaks, another is made that goes on after what was told. Raises `WaygridError`: `Unreachable`
    once no connection could be had for as long as the connection's timeout.
    """
    last_id = ""
    patience = Patience(connection.timeout)
    while True:
        broken: WaygridError
        pause_seconds = 0.0
        try:
            async with aclosing(_one_stream(connection, traversal_id, last_id)) as events:
                async for event in events:
                    # It answers, so it may be asked for ever; but not in a hurry if it has nothing new to say.
                    patience = Patience(connection.timeout)
                    is_known = event.event == "state" and event.id == last_id != ""
                    pause_seconds = _NOTHING_NEW_SECONDS if is_known else 0.0
                    last_id = event.id
                    told = _read(connection, event)
                    has_ended = isinstance(told, TraversalView) and told.status in ENDED
                    if told is not None and (has_ended or not is_known):
                        yield told
                    if has_ended:
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
        delay = patience.delay(pause_seconds)
        if delay is None:
            raise broken
        await asyncio.sleep(delay)


async def _one_stream(connection: Connection, traversal_id: str, last_id: str) -> AsyncGenerator[ServerSentEvent, None]:
    headers = {"Last-Event-ID": last_id} if last_id else {}
    reader = EventReader(last_id)
    async with connection.stream(f"/v1/traversals/{traversal_id}/live", headers) as response:
        async for received in response.content.iter_any():
            for event in reader.feed(received):
                yield event


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
