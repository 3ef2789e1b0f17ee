"""Who may do what: API keys, as their settings have them."""

import hashlib
import hmac
from typing import Final

from starlette.requests import HTTPConnection

from waygrid_shell.api.guard import guard
from waygrid_shell.api.platform import Platform
from waygrid_shell.api.problems import Refusal
from waygrid_shell.settings.settings import ApiKey, Scope

ANYBODY: Final = ""
"""The principal where no keys are set."""

_CHALLENGE: Final = 'Bearer realm="waygrid"'


def require(platform: Platform, connection: HTTPConnection, scope: Scope) -> None:
    """Let the connection pass if its key has the scope; `admin` has all. Without keys in the settings everybody may.

    Raises `Refusal`: 401 without a key that we know, 403 with one that may not, or for a web page that is not ours.
    Who it is, `principal` tells then.
    """
    connection.scope["waygrid.principal"] = ANYBODY
    guard(platform.settings, connection)
    keys = platform.settings.keys
    if not keys:
        return
    key = _key_of(connection, keys)
    connection.scope["waygrid.principal"] = key.name
    if scope not in key.scopes and "admin" not in key.scopes:
        raise Refusal(
            403,
            "forbidden",
            "The key may not do this",
            f"the key {key.name!r} has not the scope {scope!r}; it has {', '.join(sorted(key.scopes)) or 'none'}",
            headers={"WWW-Authenticate": f'{_CHALLENGE}, error="insufficient_scope", scope="{scope}"'},
        )


def principal(connection: HTTPConnection) -> str:
    """The name of the key that the connection came with; `ANYBODY` where none is needed."""
    name = connection.scope.get("waygrid.principal", ANYBODY)
    assert isinstance(name, str), "only `require` writes it"
    return name


def _key_of(connection: HTTPConnection, keys: tuple[ApiKey, ...]) -> ApiKey:
    kind, _, token = connection.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise Refusal(
            401,
            "no-key",
            "An API key is needed",
            "send Authorization: Bearer <key>; `waygrid key new` makes one",
            headers={"WWW-Authenticate": _CHALLENGE},
        )
    digest = hashlib.sha256(token.strip().encode("utf-8", "surrogateescape")).hexdigest()
    found = None
    for key in keys:  # all of them, so that the time taken tells nothing
        if hmac.compare_digest(key.digest.lower().encode(), digest.encode()):
            found = key
    if found is None:
        raise Refusal(
            401,
            "unknown-key",
            "The API key is not known",
            "the key is not among those of the settings; it may have been replaced",
            headers={"WWW-Authenticate": f'{_CHALLENGE}, error="invalid_token"'},
        )
    return found
