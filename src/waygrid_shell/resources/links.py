"""Where things are: paths of the HTTP API."""

from collections.abc import Mapping
from urllib.parse import quote

TRAVERSALS = "/v1/traversals"


def path_of(traversal: str) -> str:
    """Where a traversal is."""
    return f"{TRAVERSALS}/{quote(traversal, safe='')}"


def links_of(traversal: str) -> Mapping[str, str]:
    """What can be done with a traversal, and where."""
    here = path_of(traversal)
    return {"self": here} | {
        name: f"{here}/{name}" for name in ("history", "live", "cancel", "pause", "resume", "signals", "retry")
    }
