"""The history of a traversal, over HTTP."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from waygrid_core.codec.wire import EFFECTS, EVENTS
from waygrid_shell.api.listing import next_page
from waygrid_shell.api.operation import Answer, Handle, Operation, Parameter
from waygrid_shell.api.parameters import ID, LIMIT
from waygrid_shell.api.platform import Platform
from waygrid_shell.api.respond import bad_parameter, flag, limit_of, respond, traversal_id
from waygrid_shell.api.steering import known_traversal
from waygrid_shell.resources.history import History, HistoryEntry
from waygrid_shell.resources.links import TRAVERSALS
from waygrid_shell.services.history.cursor import Cursor, parse_cursor
from waygrid_shell.services.history.service import Entry
from waygrid_shell.services.history.service import History as HistoryService

_PARAMETERS: Final = (
    ID,
    Parameter(
        name="children",
        place="query",
        says="With the entries of all that it began: bodies, runs, members, onEnds.",
        schema={"type": "boolean", "default": False},
    ),
    Parameter(name="after", place="query", says="Where the page before ended: how pages follow each other."),
    LIMIT,
)


def operations(platform: Platform) -> tuple[Operation, ...]:
    """What can be done with histories."""
    return (
        Operation(
            method="GET",
            path=f"{TRAVERSALS}/{{id}}/history",
            name="getHistory",
            tag="traversals",
            summary="Tell the history of a traversal, the oldest entry first",
            description="An entry is a decision: what one message made of one traversal. Its `lines` tell it to "
            "people, one sentence for each event.",
            scope="read",
            handle=_history(platform),
            parameters=_PARAMETERS,
            answers={200: Answer(says="A page.", document=History)},
        ),
    )


def _history(platform: Platform) -> Handle:
    service = HistoryService(journal=platform.journal, dag_store=platform.dag_store)

    async def get_history(request: Request) -> Response:
        traversal, after, limit = traversal_id(request), _after(request), limit_of(request)
        tell = service.of_all if flag(request, "children") else service.of_one
        page = await tell(traversal, after=after, limit=limit)
        if page is None:
            await known_traversal(platform, traversal)
            return respond(History(traversal=traversal, entries=()))
        following = next_page(request, str(page.entries[-1].cursor)) if page.has_more else None
        return respond(History(traversal=traversal, entries=tuple(map(_entry, page.entries)), next=following))

    return get_history


def _after(request: Request) -> Cursor | None:
    text = request.query_params.get("after")
    if text is None:
        return None
    cursor = parse_cursor(text)
    if cursor is None:
        raise bad_parameter("after", "it is no place in a history; follow `next` of the page before")
    return cursor


def _entry(entry: Entry) -> HistoryEntry:
    decision = entry.decision
    return HistoryEntry(
        traversal=entry.cursor.traversal,
        version=decision.version,
        at=decision.at,
        cause=decision.cause,
        lines=tuple(entry.lines),
        events=tuple(EVENTS.to_json(event) for event in decision.events),
        effects=tuple(EFFECTS.to_json(effect) for effect in decision.effects),
    )
