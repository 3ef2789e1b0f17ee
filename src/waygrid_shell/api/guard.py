"""Keeps web pages away from a platform that needs no key.

A browser lets any page send requests to a loopback address. Without keys that is all it takes, so we ask who sends:
the `Host` must be an address or localhost (a name that was rebound to loopback is neither), and what changes something
must not come from a page of somebody else's. With keys none of this is needed: no browser sends a key by itself.
"""

from functools import lru_cache
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from waygrid_shell.api.problems import Refusal
from waygrid_shell.settings.settings import ServerSettings

_HARMLESS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def guard(settings: ServerSettings, connection: HTTPConnection) -> None:
    """Let the connection pass, or raise `Refusal` (403). For a platform that needs no key."""
    host = connection.headers.get("host", "")
    if not _is_local(host):
        raise Refusal(
            403,
            "foreign-host",
            "The host is not ours",
            f"without API keys a request must be for an address or localhost, not for {host[:100]!r}; "
            "set keys to use a name",
        )
    origin = connection.headers.get("origin")
    if origin is None or origin in settings.allowed_origins or connection.scope.get("method") in _HARMLESS:
        return
    if urlsplit(origin).netloc != host:
        raise Refusal(
            403,
            "foreign-origin",
            "The page is not ours",
            f"pages of {origin[:100]!r} may not do this; server.allowed_origins of the settings says which may",
        )


@lru_cache(maxsize=256)
def _is_local(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        if name == "localhost" or name.endswith(".localhost"):
            return True
        ip_address(name)
    except ValueError:
        return False
    return True
