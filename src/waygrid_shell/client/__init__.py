"""The client for Python: hands traversals in to a Waygrid server, waits for them, watches and steers them.

    from waygrid_shell.client import SyncWaygridClient, WaygridClient

    async with WaygridClient() as client:
        accepted = await client.submit("order.yaml", {"id": 7})
        ended = await client.wait(accepted.id)

`SyncWaygridClient` has the same methods, and blocks. What they give are the documents of `waygrid_shell.resources`;
what they raise is a `WaygridError`.

Reading order: `errors`, `patience` (what is tried again, and for how long), `connection` (one request and its answer),
`server_sent_events` and `live` (watching), `given_spec` and `requests` (what is sent), then the clients, `asynchronous`
and `blocking`.
"""

from waygrid_shell.client.asynchronous import WaygridClient
from waygrid_shell.client.blocking import SyncWaygridClient
from waygrid_shell.client.errors import (
    BadAnswer,
    Busy,
    NotAllowed,
    NotFound,
    ProblemAnswer,
    SpecRefused,
    StillRunning,
    TraversalFailed,
    Unreachable,
    WaygridError,
)
from waygrid_shell.client.given_spec import SpecText

__all__ = [
    "BadAnswer",
    "Busy",
    "NotAllowed",
    "NotFound",
    "ProblemAnswer",
    "SpecRefused",
    "SpecText",
    "StillRunning",
    "SyncWaygridClient",
    "TraversalFailed",
    "Unreachable",
    "WaygridClient",
    "WaygridError",
]
