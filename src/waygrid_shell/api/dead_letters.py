"""Dead letters: what nobody could handle, looked at, tried again or thrown away."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from waygrid_core.codec.json_bytes import read_json
from waygrid_core.model.instant import parse_instant
from waygrid_core.model.json_value import JsonValue
from waygrid_core.outcome import Success
from waygrid_shell.api.auditing import about
from waygrid_shell.api.listing import next_page
from waygrid_shell.api.operation import Answer, Operation, Parameter
from waygrid_shell.api.parameters import LIMIT
from waygrid_shell.api.platform import Platform
from waygrid_shell.api.problems import Refusal
from waygrid_shell.api.respond import limit_of, number_within, respond, whole_number
from waygrid_shell.ports.event_log import DeadLetter
from waygrid_shell.resources.platform import DeadLetterPage, DeadLetterView, Moved

_PATH: Final = "/v1/dead-letters"
_AT_ONCE: Final = 100
"""Letters that are in memory at once, with what they hold, while all are redriven."""
_MOST: Final = 2**63 - 2

_ID: Final = Parameter(
    name="id",
    place="path",
    says="The id of the dead letter.",
    schema={"type": "integer", "minimum": 1},
    is_required=True,
)


def operations(platform: Platform) -> tuple[Operation, ...]:
    """What can be done with dead letters."""
    log = platform.event_log

    async def list_dead_letters(request: Request) -> Response:
        limit = limit_of(request)
        found = await log.dead_letters(after=whole_number(request, "after", 0, 0, _MOST), limit=limit + 1)
        shown = found[:limit]
        following = next_page(request, str(shown[-1].position)) if len(found) > limit else None
        return respond(DeadLetterPage(items=tuple(_view(each) for each in shown), next=following))

    async def get_dead_letter(request: Request) -> Response:
        position = _position(request)
        found = await log.dead_letters(after=position - 1, limit=1)
        if not found or found[0].position != position:
            raise _not_there(str(position))
        return respond(_view(found[0]))

    async def redrive_dead_letter(request: Request) -> Response:
        position = _position(request)
        about(request, f"dead-letter/{position}")
        return _moved(await log.redrive([position]), position)

    async def redrive_dead_letters(request: Request) -> Response:
        about(request, "dead-letters")
        positions: list[int] = []  # all first: what dies again is not to be tried for ever
        while found := await log.dead_letters(after=positions[-1] if positions else 0, limit=_AT_ONCE):
            positions += [each.position for each in found]
        count = 0
        for start in range(0, len(positions), _AT_ONCE):
            count += await log.redrive(positions[start : start + _AT_ONCE])
        return respond(Moved(count=count))

    async def discard_dead_letter(request: Request) -> Response:
        position = _position(request)
        about(request, f"dead-letter/{position}")
        return _moved(await log.discard([position]), position)

    return (
        Operation(
            method="GET",
            path=_PATH,
            name="listDeadLetters",
            tag="dead letters",
            summary="List dead letters, the oldest first",
            scope="read",
            handle=list_dead_letters,
            parameters=(
                Parameter(
                    name="after",
                    place="query",
                    says="Only those with a higher id: how pages follow each other.",
                    schema={"type": "integer", "minimum": 0, "default": 0},
                ),
                LIMIT,
            ),
            answers={200: Answer(says="A page.", document=DeadLetterPage)},
        ),
        Operation(
            method="POST",
            path=f"{_PATH}/redrive",
            name="redriveDeadLetters",
            tag="dead letters",
            summary="Have all dead letters handled again",
            scope="admin",
            handle=redrive_dead_letters,
            answers={200: Answer(says="How many they were.", document=Moved)},
        ),
        Operation(
            method="GET",
            path=f"{_PATH}/{{id}}",
            name="getDeadLetter",
            tag="dead letters",
            summary="Show a dead letter and why nobody could handle it",
            scope="read",
            handle=get_dead_letter,
            parameters=(_ID,),
            answers={200: Answer(says="The dead letter.", document=DeadLetterView)},
        ),
        Operation(
            method="DELETE",
            path=f"{_PATH}/{{id}}",
            name="discardDeadLetter",
            tag="dead letters",
            summary="Throw a dead letter away, for good",
            scope="admin",
            handle=discard_dead_letter,
            parameters=(_ID,),
            answers={200: Answer(says="It is gone.", document=Moved)},
        ),
        Operation(
            method="POST",
            path=f"{_PATH}/{{id}}/redrive",
            name="redriveDeadLetter",
            tag="dead letters",
            summary="Have a dead letter handled again",
            scope="admin",
            handle=redrive_dead_letter,
            parameters=(_ID,),
            answers={200: Answer(says="It is on its way again.", document=Moved)},
        ),
    )


def _position(request: Request) -> int:
    text = str(request.path_params["id"])
    position = number_within(text, 1, _MOST)
    if position is None:
        raise _not_there(text)
    return position


def _moved(count: int, position: int) -> Response:
    if count == 0:
        raise _not_there(str(position))
    return respond(Moved(count=count))


def _not_there(text: str) -> Refusal:
    return Refusal(404, "not-found", "There is no such dead letter", f"no dead letter has the id {text[:40]!r}")


def _view(letter: DeadLetter) -> DeadLetterView:
    record = letter.record
    sent_at = parse_instant(record.headers.get("ce_time", ""))
    return DeadLetterView(
        id=letter.position,
        topic=record.topic,
        reason=letter.reason,
        message=record.headers.get("ce_type", ""),
        traversal=record.headers.get("ce_subject"),
        sent_at=sent_at.unwrap() if isinstance(sent_at, Success) else None,
        value=_value(record.value),
        headers=record.headers,
    )


def _value(value: bytes) -> JsonValue:
    try:
        return read_json(value)
    except (ValueError, RecursionError):
        return value.decode("utf-8", "replace")
