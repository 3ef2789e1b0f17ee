"""Who may do what: by API keys, of the settings and of principals that are kept."""

from typing import Final

from starlette.requests import HTTPConnection

from waygrid_core.model.instant import write_instant
from waygrid_shell.api.guard import guard
from waygrid_shell.api.keys import Caller
from waygrid_shell.api.platform import Platform
from waygrid_shell.api.problems import Refusal
from waygrid_shell.settings.settings import Scope

ANYBODY: Final = ""
"""The principal where no keys are needed."""

_CHALLENGE: Final = 'Bearer realm="waygrid"'
_INVALID: Final = f'{_CHALLENGE}, error="invalid_token"'


async def require(platform: Platform, connection: HTTPConnection, scope: Scope) -> None:
    """Let the connection pass if its key has the scope; `admin` has all. Where there are no keys everybody may.

    Raises `Refusal`: 401 without a key that we know, 403 with one that may not, or for a web page that is not ours;
    and what the store of principals raises. Who it is, `principal` tells then.
    """
    connection.scope["waygrid.principal"] = ANYBODY
    if not await platform.keys.are_needed():
        guard(platform.settings, connection)
        return
    caller = await _caller(platform, connection)
    connection.scope["waygrid.principal"] = caller.name
    if scope not in caller.scopes and "admin" not in caller.scopes:
        raise Refusal(
            403,
            "forbidden",
            "The key may not do this",
            f"the key {caller.name!r} has not the scope {scope!r}; it has {', '.join(sorted(caller.scopes)) or 'none'}",
            headers={"WWW-Authenticate": f'{_CHALLENGE}, error="insufficient_scope", scope="{scope}"'},
        )


def principal(connection: HTTPConnection) -> str:
    """The name of the key that the connection came with; `ANYBODY` where none is needed."""
    name = connection.scope.get("waygrid.principal", ANYBODY)
    assert isinstance(name, str), "only `require` writes it"
    return name


async def _caller(platform: Platform, connection: HTTPConnection) -> Caller:
    kind, _, token = connection.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise Refusal(
            401,
            "no-key",
            "An API key is needed",
            "send Authorization: Bearer <key>; whoever runs the platform makes one with `waygrid key add`",
            headers={"WWW-Authenticate": _CHALLENGE},
        )
    caller = await platform.keys.whose(token.strip())
    if caller is None:
        raise Refusal(
            401,
            "unknown-key",
            "The API key is not known",
            "nobody here has that key; it may have been replaced or removed",
            headers={"WWW-Authenticate": _INVALID},
        )
    if caller.expires_at is not None and caller.expires_at <= platform.clock.now():
        raise Refusal(
            401,
            "expired-key",
            "The API key has expired",
            f"the key {caller.name!r} has expired at {write_instant(caller.expires_at)}; ask for another",
            headers={"WWW-Authenticate": _INVALID},
        )
    return caller
