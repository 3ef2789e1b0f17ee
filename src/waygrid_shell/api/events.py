"""Events from outside, for awaits: sent to a traversal, or to whoever waits for a key."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from waygrid_core.model.json_pointer import write_pointer
from waygrid_shell.api.auditing import about
from waygrid_shell.api.operation import Answer, Operation, Parameter
from waygrid_shell.api.parameters import ID, IDEMPOTENCY_KEY
from waygrid_shell.api.platform import Platform
from waygrid_shell.api.respond import (
    JSON,
    bad_parameter,
    idempotency_key,
    invalid,
    read_data,
    respond,
    traversal_id,
)
from waygrid_shell.api.steering import known_traversal, refuse_if_ended
from waygrid_shell.origins.acceptance.items import WantedEvent
from waygrid_shell.resources.links import TRAVERSALS
from waygrid_shell.resources.submission import EventSent, SpecError

MAX_EVENT: Final = 256
MAX_KEY: Final = 4_096

_EVENT: Final = Parameter(
    name="event",
    place="path",
    says="The name of the event.",
    schema={"type": "string", "minLength": 1, "maxLength": MAX_EVENT},
    is_required=True,
)
_KEY: Final = Parameter(
    name="key",
    place="query",
    says="The key that its awaits have.",
    schema={"type": "string", "minLength": 1, "maxLength": MAX_KEY},
    is_required=True,
)
_SAYS: Final = (
    "The body, any JSON value, is the data of the event; without a body it is {}. If nobody waits for it yet, it is "
    "kept, and the next to wait for it takes it."
)
_ANSWERS: Final = {202: Answer(says="It is kept.", document=EventSent)}


def operations(platform: Platform) -> tuple[Operation, ...]:
    """Two ways of addressing an event."""

    async def send_to_traversal(request: Request) -> Response:
        traversal = traversal_id(request)
        summary = await known_traversal(platform, traversal)
        if summary is None:
            return await _send(platform, request, traversal)
        refuse_if_ended(summary)
        return await _send(platform, request, summary.origin.root)

    async def send(request: Request) -> Response:
        key = request.query_params.get("key", "")
        if not 1 <= len(key) <= MAX_KEY:
            raise bad_parameter("key", f"write the key of the event, 1 to {MAX_KEY} characters: ?key=order-17")
        about(request, f"{request.path_params['event']}@{key}")
        return await _send(platform, request, key)

    return (
        Operation(
            method="POST",
            path=f"{TRAVERSALS}/{{id}}/events/{{event:path}}",
            name="sendEventToTraversal",
            tag="events",
            summary="Send an event to a traversal",
            description=f"For its awaits without a key of their own, those in its bodies too. {_SAYS}",
            scope="write",
            handle=send_to_traversal,
            parameters=(ID, _EVENT, IDEMPOTENCY_KEY),
            body_types=(JSON,),
            is_body_optional=True,
            answers=_ANSWERS,
        ),
        Operation(
            method="POST",
            path="/v1/events/{event:path}",
            name="sendEvent",
            tag="events",
            summary="Send an event to whoever waits for its key",
            description=_SAYS,
            scope="write",
            handle=send,
            parameters=(_EVENT, _KEY, IDEMPOTENCY_KEY),
            body_types=(JSON,),
            is_body_optional=True,
            answers=_ANSWERS,
        ),
    )


async def _send(platform: Platform, request: Request, key: str) -> Response:
    event = str(request.path_params["event"])
    if not 1 <= len(event) <= MAX_EVENT:
        message = f"the name of an event has 1 to {MAX_EVENT} characters"
        raise invalid([SpecError(code="out-of-range", pointer=write_pointer(("event",)), message=message)])
    data = await read_data(request)
    wanted = WantedEvent(event=event, key=key, data=data, idempotency_key=idempotency_key(request))
    event_id = await platform.acceptance.take_event(wanted)
    return respond(EventSent(id=event_id, event=event, key=key), 202)
