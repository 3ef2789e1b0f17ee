"""Makes one attempt with its handler, and turns whatever comes of it into an answer."""

from collections.abc import Mapping
from typing import Final

from waygrid_core.codec.json_bytes import read_json, write_json
from waygrid_core.model.json_value import JsonValue
from waygrid_core.template.template import Parameter, SecretReference
from waygrid_core.traversal.error import FAILED, ErrorDetail
from waygrid_shell.hosting.attempt import Attempt, Failed
from waygrid_shell.hosting.deadline import Deadline
from waygrid_shell.hosting.handler import Served
from waygrid_shell.hosting.json_data import why_no_json
from waygrid_shell.ports.failure import Unavailable
from waygrid_shell.ports.secret_vault import SecretNotFound, SecretVault

MAX_OUTPUT_BYTES: Final = 1024 * 1024
"""What one attempt may answer, as JSON. It is kept in the journal and sent on, so it should be data, not a file."""

_MAX_CODE: Final = 200
"""Characters of a failure's code."""

_SHORTEST_IN_CODE: Final = 4
"""Characters of a secret that is looked for in codes: a shorter one is part of honest ones."""

_MAX_MESSAGE: Final = 2_000
"""Characters of a failure's message: enough for a sentence, too few for a dump."""


async def make(served: Served, attempt: Attempt) -> JsonValue | ErrorDetail:
    """The attempt's output, or what it failed with, word for word. Raises nothing but cancellation."""
    try:
        if served.deadline is None:
            output = await served.handler(attempt)
        else:
            async with Deadline(served.deadline.total_seconds()):
                output = await served.handler(attempt)
    except Failed as failed:
        return ErrorDetail(_text(failed.code), _text(failed.message))
    except TimeoutError as error:
        if served.deadline is not None and not str(error):
            return ErrorDetail("timeout", f"no answer within {served.deadline.total_seconds():g} s")
        return handler_error(error)
    except Exception as error:  # the seam: a user's code may raise anything
        return handler_error(error)
    return read_output(output)


def failure_of(code: str, message: str) -> ErrorDetail:
    """What somebody's code failed with, cut to what is worth keeping."""
    return ErrorDetail(code[:_MAX_CODE] or FAILED, _short(message))


def handler_error(error: Exception) -> ErrorDetail:
    """An exception as a failure: its type and text, if it has one that can be told."""
    return ErrorDetail("handler-error", f"{type(error).__name__}: {_text(error)}".removesuffix(": "))


def read_output(output: object) -> JsonValue | ErrorDetail:
    """What a handler returned as JSON data, copied so that it cannot change any more; else `bad-output`."""
    try:
        problem = why_no_json(output)
        if problem is not None:
            return ErrorDetail("bad-output", f"the output is not JSON: {problem}")
        text = write_json(output)  # type: ignore[arg-type]  # `why_no_json` has looked at all of it
    except Exception as error:  # the seam: it may be of a class of the user's, or change in a thread meanwhile
        return ErrorDetail("bad-output", f"the output cannot be read: {type(error).__name__}: {_text(error)}")
    if len(text) > MAX_OUTPUT_BYTES:
        return ErrorDetail("bad-output", f"the output has {len(text)} bytes; at most {MAX_OUTPUT_BYTES}")
    return read_json(text)


def _text(given: object) -> str:
    """What a user's code gave as a text, whatever it is; empty if it cannot be shown."""
    try:
        return str(given)
    except Exception:  # the seam: `__str__` is a user's too
        return ""


def _short(message: str) -> str:
    clean = message.encode("utf-8", "replace").decode()
    return clean if len(clean) <= _MAX_MESSAGE else clean[: _MAX_MESSAGE - 1] + "\N{HORIZONTAL ELLIPSIS}"


def fit_to_keep(error: ErrorDetail, secrets: Mapping[str, str]) -> ErrorDetail:
    """The failure without the values of `secrets`, and cut after that: failures are kept, and shown to people.

    Where a value stood, the name of its parameter stands.
    """
    code, message = error.code, error.message
    for name, secret in secrets.items():
        if secret:
            message = message.replace(secret, f"[{name}]")
        if len(secret) >= _SHORTEST_IN_CODE:
            code = code.replace(secret, f"[{name}]")
    return failure_of(code, message)


async def reveal_all(parameters: Mapping[str, Parameter], vault: SecretVault) -> Mapping[str, JsonValue] | ErrorDetail:
    """The parameters with their secrets; `unreachable` if one cannot be had. Ask at the last moment, keep nowhere."""
    revealed: dict[str, JsonValue] = {}
    for name, parameter in parameters.items():
        if isinstance(parameter, SecretReference):
            try:
                revealed[name] = await vault.reveal(parameter)
            except (SecretNotFound, Unavailable) as error:
                return ErrorDetail("unreachable", f"parameter {name!r}: {error}")
        else:
            revealed[name] = parameter
    return revealed
