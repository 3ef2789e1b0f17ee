"""The one place where exceptions become answers."""

import logging
import math
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from waygrid_core.codec.json_bytes import write_json
from waygrid_shell.api.problems import Refusal
from waygrid_shell.origins.acceptance.refusals import KeyReused, NoRoom
from waygrid_shell.ports.failure import PortFailure, StorageFull, UnreadableDag
from waygrid_shell.resources.document import to_json

PROBLEM_JSON: Final = "application/problem+json"

_RETRY_SECONDS: Final = 2
"""After how long a store that did not answer may be asked again."""

_log = logging.getLogger(__name__)


def problem_response(error: BaseException, instance: str) -> Response:
    """The problem that tells of an exception. What nobody foresaw is logged, and told without its insides."""
    refusal = refusal_of(error)
    written = to_json(refusal.problem)
    assert isinstance(written, dict), "a problem is an object"
    written["instance"] = instance
    return Response(write_json(written), refusal.problem.status, refusal.headers, media_type=PROBLEM_JSON)


def refusal_of(error: BaseException) -> Refusal:
    """The refusal that an exception is, or becomes; a bug is logged."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    match error:
        case Refusal():
            return error
        case NoRoom(retry_after_seconds=seconds):
            headers = {"Retry-After": str(math.ceil(seconds))}
            return Refusal(429, "no-room", "There is no room now", str(error), headers=headers)
        case KeyReused():
            return Refusal(422, "idempotency-key-reused", "The idempotency key was used already", str(error))
        case StorageFull():
            return Refusal(507, "storage-full", "There is no room on the disk", str(error))
        case UnreadableDag():
            return Refusal(409, "unreadable-dag", "A DAG that it runs cannot be read here", str(error))
        case PortFailure():
            headers = {"Retry-After": str(_RETRY_SECONDS)}
            return Refusal(503, "unavailable", "The platform cannot answer now", str(error), headers=headers)
        case HTTPException(status_code=404):
            return Refusal(404, "no-such-path", "There is no such path", "/openapi.json lists the paths that there are")
        case HTTPException(status_code=status, detail=detail):
            return Refusal(status, "http", "The request cannot be granted", detail, headers=dict(error.headers or {}))
        case _:
            _log.error("a request could not be answered", exc_info=error)
            return Refusal(500, "internal", "Something went wrong in here", "the log says more; it is not your request")
