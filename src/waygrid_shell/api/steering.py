"""Traversals that are under way, steered: canceled, paused, resumed."""

import secrets
from typing import Final, Literal, TypeAlias, assert_never

from starlette.requests import Request
from starlette.responses import Response

from waygrid_core.history.status import shown_status
from waygrid_core.message.messages import (
    Message,
    TraversalCancelRequested,
    TraversalPauseRequested,
    TraversalUnpauseRequested,
)
from waygrid_core.model.address import WAYSTATION
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.traversal.state import TERMINAL
from waygrid_shell.api.operation import Answer, Handle, Operation
from waygrid_shell.api.parameters import ID
from waygrid_shell.api.platform import Platform
from waygrid_shell.api.problems import Refusal
from waygrid_shell.api.respond import no_traversal, read_optional_body, respond, traversal_id
from waygrid_shell.hosting.post import seal
from waygrid_shell.origins.acceptance.items import HTTP_ORIGIN
from waygrid_shell.ports.journal import Summary
from waygrid_shell.resources.links import TRAVERSALS, links_of
from waygrid_shell.resources.submission import CancelRequest, Steered

Steering: TypeAlias = Literal["cancel", "pause", "resume"]

_SUMMARIES: Final = {
    "cancel": ("Cancel a traversal", "It ends as canceled, whatever runs; its onEnd runs. Its children end with it."),
    "pause": ("Pause a traversal", "What comes is kept, and handled when it is resumed. Its children go on."),
    "resume": ("Resume a paused traversal", "What came meanwhile is handled, in order."),
}


def operations(platform: Platform) -> tuple[Operation, ...]:
    """One for each way of steering."""
    names: tuple[Steering, ...] = ("cancel", "pause", "resume")
    return tuple(_operation(platform, name) for name in names)


def _operation(platform: Platform, name: Steering) -> Operation:
    summary, description = _SUMMARIES[name]
    return Operation(
        method="POST",
        path=f"{TRAVERSALS}/{{id}}/{name}",
        name=f"{name}Traversal",
        tag="traversals",
        summary=summary,
        description=f"{description} One that has ended is not steered: 409.",
        scope="write",
        handle=_handle(platform, name),
        parameters=(ID,),
        body=CancelRequest if name == "cancel" else None,
        is_body_optional=True,
        answers={202: Answer(says="It is kept, and will be heard.", document=Steered)},
    )


def _handle(platform: Platform, name: Steering) -> Handle:
    async def handle(request: Request) -> Response:
        traversal = traversal_id(request)
        reason = (await read_optional_body(request, CancelRequest)).reason if name == "cancel" else None
        summary = await known_traversal(platform, traversal)
        if summary is not None:
            refuse_if_ended(summary)
        record = seal(
            WAYSTATION,
            _message(name, traversal, reason),
            secrets.token_hex(16),
            sender=HTTP_ORIGIN,
            sent_at=platform.clock.now(),
        )
        await platform.event_log.publish([record])
        return respond(Steered(id=traversal, asked=name, links=links_of(traversal)), 202)

    return handle


def _message(name: Steering, traversal: TraversalId, reason: str | None) -> Message:
    match name:
        case "cancel":
            return TraversalCancelRequested(traversal, reason)
        case "pause":
            return TraversalPauseRequested(traversal)
        case "resume":
            return TraversalUnpauseRequested(traversal)
        case _:
            assert_never(name)


async def known_traversal(platform: Platform, traversal: TraversalId) -> Summary | None:
    """A traversal that somebody handed in; None if nothing has been decided about it yet.

    Raises `Refusal` (404) for one that nobody handed in.
    """
    summary = (await platform.journal.summaries([traversal])).get(traversal)
    if summary is None and traversal not in await platform.claim_book.notes([traversal]):
        raise no_traversal(traversal)
    return summary


def refuse_if_ended(summary: Summary) -> None:
    """Raises `Refusal` (409) for a traversal that has ended."""
    if summary.status in TERMINAL:
        status = shown_status(summary.status)
        detail = f"traversal {summary.traversal} has ended: {status}. It can be retried, as a new one"
        raise Refusal(409, "has-ended", "The traversal has ended", detail)
