"""What is told live of a traversal: server-sent events, for as long as it runs."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Final

import anyio
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

from waygrid_core.codec.json_bytes import write_json
from waygrid_core.model.identifiers import TraversalId
from waygrid_shell.api.following import Follower, News, Place, parse_place
from waygrid_shell.api.lookout import MAX_WATCHERS, Watcher
from waygrid_shell.api.operation import Answer, Handle, Operation, Parameter
from waygrid_shell.api.parameters import ID
from waygrid_shell.api.platform import Platform
from waygrid_shell.api.problems import Refusal
from waygrid_shell.api.respond import traversal_id
from waygrid_shell.api.steering import known_traversal
from waygrid_shell.api.views import view
from waygrid_shell.ports.failure import PortFailure
from waygrid_shell.resources.document import to_json
from waygrid_shell.resources.links import TRAVERSALS
from waygrid_shell.resources.live import Change, Progress
from waygrid_shell.resources.traversal import ENDED, TraversalView

EVENT_STREAM: Final = "text/event-stream"
_RECONNECT_MILLISECONDS: Final = 1_000
_LOOK_SHARE: Final = 4
"""A stream looks into the journal for at most one part in so many of its time, however large its family is."""

_HEARTBEAT: Final = b": still here\n\n"
_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""Nobody in between is to keep it, or to hold it back."""

_LAST_EVENT_ID: Final = Parameter(
    name="Last-Event-ID",
    place="header",
    says="The id of the last event that was received: the stream goes on after it, and begins without `state`.",
)


def operations(platform: Platform) -> tuple[Operation, ...]:
    """What can be watched."""
    return (
        Operation(
            method="GET",
            path=f"{TRAVERSALS}/{{id}}/live",
            name="watchTraversal",
            tag="traversals",
            summary="Watch a traversal live, until it has ended",
            description="Server-sent events: `state` first (a TraversalView), then `change` and `progress`, of the "
            "traversal and of all that it began; `ended` (a TraversalView) last. Ids are for Last-Event-ID alone.",
            scope="read",
            handle=_live(platform),
            parameters=(ID, _LAST_EVENT_ID),
            answers={200: Answer(says="The events.", media_type=EVENT_STREAM)},
        ),
    )


class _EventStream(StreamingResponse):
    """A stream that is closed with its response, however that ends: whoever goes away frees everything."""

    body_iterator: AsyncGenerator[bytes, None]

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        async with aclosing(self.body_iterator):
            await super().__call__(scope, receive, send)


def _live(platform: Platform) -> Handle:
    async def watch_traversal(request: Request) -> Response:
        traversal = traversal_id(request)
        summary = await known_traversal(platform, traversal)
        if not platform.lookout.has_room:
            said = f"{MAX_WATCHERS} streams are open already, or the platform is stopping; ask for the state instead"
            raise Refusal(503, "no-room", "There is no room to watch", said, headers={"Retry-After": "5"})
        place = parse_place(request.headers.get("last-event-id", ""))
        root = traversal if summary is None else summary.origin.root
        stream = _events(platform, traversal, root, place)
        return _EventStream(stream, media_type=EVENT_STREAM, headers=_HEADERS)

    return watch_traversal


class _Pace:
    """When a stream looks into the journal: once in a while, and after it has missed something; never all the time."""

    def __init__(self, every_seconds: float) -> None:
        self._every = every_seconds
        self._earliest = anyio.current_time()
        self._latest = self._earliest + every_seconds

    def seconds_left(self, watcher: Watcher) -> float:
        """How long nothing needs to be looked up, or said."""
        return min(self._due_at(watcher) - anyio.current_time(), self._every)

    def is_due(self, watcher: Watcher) -> bool:
        """Whether it is time to look."""
        return anyio.current_time() >= self._due_at(watcher)

    def looked(self, began: float) -> None:
        """A look that began then has ended now."""
        now = anyio.current_time()
        self._earliest = now + (now - began) * _LOOK_SHARE
        self._latest = max(now + self._every, self._earliest)

    def _due_at(self, watcher: Watcher) -> float:
        return self._earliest if watcher.has_missed else self._latest


async def _events(
    platform: Platform, traversal: TraversalId, root: TraversalId, place: Place | None
) -> AsyncGenerator[bytes, None]:
    """The stream, in pieces of whole events. It ends with the traversal; early where a port fails or we are to stop."""
    async with platform.lookout.watch(root) as watcher:  # before the first look, so that nothing falls in between
        try:
            yield f"retry: {_RECONNECT_MILLISECONDS}\n\n".encode()
            follower = Follower(platform, traversal, root)
            if place is None:
                shown = await view(platform, traversal)
                if shown is None:
                    return
                await follower.start(shown)
                yield _event("state", follower.place, shown)
            else:
                yield _written(await follower.resume(place)) or _HEARTBEAT
            pace = _Pace(platform.lookout.look_seconds)
            while follower.status not in ENDED:
                told = await watcher.next(pace.seconds_left(watcher))
                if told is None:
                    return
                news = [*await follower.hear(told)]
                if pace.is_due(watcher):
                    watcher.has_missed = False
                    began = anyio.current_time()
                    news += await follower.look()
                    pace.looked(began)
                if news or not told:
                    yield _written(news) or _HEARTBEAT
            yield _written(await follower.look()) or _HEARTBEAT
            ended = await view(platform, traversal)
            if ended is not None:
                yield _event("ended", follower.place, ended)
        except PortFailure:
            return  # whoever watches comes back, and is told by the journal what it missed


def _written(news: Iterable[News]) -> bytes:
    return b"".join(_event(type(each).__name__.lower(), place, each) for place, each in news)


def _event(name: str, place: Place, document: Change | Progress | TraversalView) -> bytes:
    """JSON has no line breaks, so it is one line of data. What a handler tells is nothing to come back to."""
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (str(place).encode(), name.encode(), write_json(to_json(document)))
