"""What the commands that talk to a server have in common: where it is, how long to try, and what its answers mean."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, TypeAlias, TypeVar

from attrs import frozen
from cyclopts import Parameter

from waygrid_core.model.duration import parse_duration
from waygrid_core.model.instant import parse_instant
from waygrid_core.outcome import Failure
from waygrid_shell.cli.look import json_line
from waygrid_shell.cli.mistake import FAILED, OK, USAGE, UserError
from waygrid_shell.cli.output import complain, write_result
from waygrid_shell.client import BadAnswer, Busy, NotAllowed, Unreachable, WaygridClient, WaygridError
from waygrid_shell.resources.document import to_json

T = TypeVar("T")

_TIMEOUT: Final = timedelta(seconds=30)
_FIRST_CONTACT: Final = timedelta(seconds=1)
"""Where nobody listens at the first try, a person wants to know soon."""


@Parameter(name="*")
@frozen(kw_only=True)
class ServerOptions:
    """The options that all of them have."""

    server: Annotated[
        str | None, Parameter(help="The server's URL; else WAYGRID_SERVER, else http://127.0.0.1:8400.")
    ] = None
    key: Annotated[
        str | None, Parameter(help="An API key; else WAYGRID_KEY, which other users of this machine cannot see.")
    ] = None
    timeout: Annotated[
        str | None,
        Parameter(help="Give up after so long: 30s, or where the command waits for an end, never, unless you say so."),
    ] = None
    json: Annotated[bool, Parameter(negative="", help="JSON, an object a line, instead of text.")] = False

    def time_limit(self) -> timedelta | None:
        """What `--timeout` says. Raises `UserError`."""
        return None if self.timeout is None else duration_of("--timeout", self.timeout)


DEFAULTS: Final = ServerOptions()

Work: TypeAlias = Callable[[WaygridClient], Awaitable[int]]


def ask(options: ServerOptions, work: Work) -> int:
    """Do it with a client; the exit code. Raises `UserError` for whatever is wrong."""
    try:
        client = WaygridClient(
            options.server, options.key, timeout=options.time_limit() or _TIMEOUT, first_contact=_FIRST_CONTACT
        )
        return asyncio.run(_with(client, work))
    except WaygridError as error:
        raise UserError(str(error), exit_code_of(error)) from error
    except ValueError as error:  # how the client refuses a URL, or what can be no id
        raise UserError(str(error)) from error


async def _with(client: WaygridClient, work: Work) -> int:
    async with client:
        return await work(client)


def exit_code_of(error: WaygridError) -> int:
    """1 if the server's answer is no, 2 if there was none that counts: unreachable, busy, or the key may not ask."""
    return USAGE if isinstance(error, Unreachable | BadAnswer | Busy | NotAllowed) else FAILED


async def for_each(names: Sequence[T], do: Callable[[T], Awaitable[None]]) -> int:
    """Do it for each of them; one that is refused is told and does not keep the others from it. The exit code."""
    code = OK
    for name in dict.fromkeys(names):
        try:
            await do(name)
        except WaygridError as error:
            if exit_code_of(error) == USAGE:
                raise
            complain(f"waygrid: {name}: {error}")
            code = FAILED
    return code


def write_document(document: object) -> None:
    """A document as a line of JSON."""
    write_result(json_line(to_json(document)))


def refuse_none(ids: Sequence[object], command: str) -> None:
    """Raise `UserError` if a command that needs at least one ID was given none."""
    if not ids:
        raise UserError(f"which ID? Name one or more. Try: waygrid {command} --help")


def duration_of(option: str, text: str) -> timedelta:
    """A duration on the command line. Raises `UserError`."""
    parsed = parse_duration(text)
    if isinstance(parsed, Failure):
        raise UserError(f"{option}: {parsed.failure()}")
    return parsed.unwrap()


def instant_of(option: str, text: str | None) -> datetime | None:
    """An instant, or how long ago it is, such as 2h. Raises `UserError`."""
    if text is None:
        return None
    ago, instant = parse_duration(text), parse_instant(text)
    if not isinstance(ago, Failure):
        return datetime.now(UTC) - ago.unwrap()
    if isinstance(instant, Failure):
        raise UserError(f"{option} {text!r}: write how long ago, as 2h, or an instant, as 2026-01-31T08:00:00Z")
    return instant.unwrap()


def labels_of(option: str, given: Sequence[str] | None) -> dict[str, str]:
    """Labels as KEY=VALUE. Raises `UserError`."""
    labels = {}
    for each in given or ():
        key, sign, value = each.partition("=")
        if not (key and sign):
            raise UserError(f"{option} {each!r}: write KEY=VALUE")
        labels[key] = value
    return labels
