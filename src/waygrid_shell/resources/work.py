"""The frames between a server and a worker elsewhere: one JSON object each, told apart by `type`.

`docs/reference/worker-protocol.md` tells the whole conversation. A number that one side has given out (`delivery`,
`number`) means something on that connection only; an attempt's key means the same on all of them.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from attrs import frozen

from waygrid_core.codec.json_bytes import read_json, write_json
from waygrid_core.model.json_value import JsonValue
from waygrid_core.outcome import Failure, Outcome, Success
from waygrid_shell.resources.document import read_request, read_response, to_json

PROTOCOL: Final = 1
"""The version of the conversation. A server refuses others."""

WORK_PATH: Final = "/v1/work"

USUAL_FRAME_BYTES: Final = 1024 * 1024
"""Where lists are cut, so that no frame is in the way of others for long."""

BAD_FRAME: Final = 4400
OTHER_PROTOCOL: Final = 4426
TRY_AGAIN_LATER: Final = 1013
"""Codes that a server closes the connection with; the reason is a sentence. After the first two, do not come back."""


@frozen(kw_only=True)
class Hello:
    """A worker's first frame. `serves`: how many attempts of each address it takes at once, 0 to take none.

    `holding` are the keys of attempts that it was given on an earlier connection and still works on, or whose answers
    were not confirmed: they are given to it again, and not to others, if nobody has them yet.
    """

    protocol: int
    serves: Mapping[str, int]
    holding: tuple[str, ...] = ()
    name: str = ""


@frozen(kw_only=True)
class Welcome:
    """The answer to `hello`. `lost` are those of `holding` that nobody wants from this worker any more."""

    protocol: int
    version: str
    lost: tuple[str, ...] = ()


@frozen(kw_only=True)
class WorkRequest:
    """An attempt to be made. `message` is a NodeTraversalRequested, `headers` those of its CloudEvent."""

    delivery: int
    address: str
    attempt_key: str
    idempotency_key: str
    headers: Mapping[str, str]
    message: JsonValue


@frozen(kw_only=True)
class Requests:
    """Attempts to be made."""

    requests: tuple[WorkRequest, ...]


@frozen(kw_only=True)
class Cancels:
    """Attempts that nobody waits for any more: stop them if you can, then release them (or answer, it does no harm)."""

    deliveries: tuple[int, ...]


@frozen(kw_only=True)
class WorkAnswer:
    """What an attempt came to: a NodeTraversalSucceeded or NodeTraversalFailed."""

    delivery: int
    message: JsonValue


@frozen(kw_only=True)
class Answers:
    """Answers; the server confirms the frame by its number."""

    number: int
    answers: tuple[WorkAnswer, ...]


@frozen(kw_only=True)
class Release:
    """Deliveries that this worker will not answer: canceled ones are done with, others go to somebody else."""

    deliveries: tuple[int, ...]


@frozen(kw_only=True)
class Confirmed:
    """The answers of that frame are kept. `refused` are deliveries that the worker did not have."""

    number: int
    refused: tuple[int, ...] = ()


@frozen(kw_only=True)
class ProgressReport:
    """Something to tell whoever watches the traversal."""

    delivery: int
    data: JsonValue


@frozen(kw_only=True)
class Progress:
    """Reports; they may be dropped, and nothing confirms them."""

    reports: tuple[ProgressReport, ...]


@frozen(kw_only=True)
class Drain:
    """The worker takes nothing new; what it has it still answers."""


FromWorker: TypeAlias = Hello | Answers | Release | Progress | Drain
FromServer: TypeAlias = Welcome | Requests | Cancels | Confirmed

_FROM_WORKER: Final[Mapping[str, Any]] = {
    kind.__name__.lower(): kind for kind in (Hello, Answers, Release, Progress, Drain)
}
_FROM_SERVER: Final[Mapping[str, Any]] = {
    kind.__name__.lower(): kind for kind in (Welcome, Requests, Cancels, Confirmed)
}


def write_frame(frame: FromWorker | FromServer) -> str:
    """The text of a frame."""
    document = to_json(frame)
    assert isinstance(document, dict), "a document of fields is an object"
    return write_json({"type": type(frame).__name__.lower(), **document}).decode()


def read_from_worker(text: str) -> Outcome[FromWorker, str]:
    """The frame that a worker sent, or what is wrong with it."""
    named = _named(text)
    if isinstance(named, Failure):
        return named
    name, fields = named.unwrap()
    if name not in _FROM_WORKER:
        return Failure(f"there is no frame {name[:40]!r}; a worker sends {', '.join(sorted(_FROM_WORKER))}")
    read = read_request(fields, _FROM_WORKER[name])
    return Failure(_sentence(read.failure())) if isinstance(read, Failure) else Success(read.unwrap())


def read_from_server(text: str) -> Outcome[FromServer | None, str]:
    """The frame that a server sent, or what is wrong with it; None for one that a later server has and we have not."""
    named = _named(text)
    if isinstance(named, Failure):
        return named
    name, fields = named.unwrap()
    if name not in _FROM_SERVER:
        return Success(None)
    read = read_response(fields, _FROM_SERVER[name])
    return Failure(_sentence(read.failure())) if isinstance(read, Failure) else Success(read.unwrap())


def _named(text: str) -> Outcome[tuple[str, JsonValue], str]:
    """What a frame is called, and its other fields."""
    try:
        document = read_json(text.encode("utf-8", "surrogateescape"))
    except ValueError as error:
        return Failure(f"a frame is a JSON object: {error}")
    if not isinstance(document, dict) or not isinstance(name := document.pop("type", None), str):
        return Failure("a frame is a JSON object with a text `type`")
    return Success((name, document))


def _sentence(problems: tuple[tuple[str, str], ...]) -> str:
    return "; ".join(f"{place or '/'}: {message}" for place, message in problems[:3])
