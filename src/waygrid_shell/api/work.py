"""Work for workers elsewhere: one WebSocket a worker process.

A worker says which addresses it serves, is given attempts, and answers them; `hosting.desk` shares out what is to be
done, `resources.work` has the frames. A worker can say nothing else: an answer counts only if it is one, and for an
attempt that this connection was given.
"""

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from waygrid_shell.api.access import require
from waygrid_shell.api.auditing import GRANTED, acting
from waygrid_shell.api.platform import Platform
from waygrid_shell.api.problems import Refusal
from waygrid_shell.api.work_connection import WorkConnection
from waygrid_shell.hosting.desk import Desks
from waygrid_shell.resources.work import WORK_PATH


def sockets(platform: Platform) -> tuple[WebSocketRoute, ...]:
    """Where workers come to."""
    desks = Desks(
        event_log=platform.event_log,
        seen_ledger=platform.seen_ledger,
        clock=platform.clock,
        metrics=platform.metrics,
    )

    async def serve(websocket: WebSocket) -> None:
        acting(websocket, "work")
        try:
            await require(platform, websocket, "work")
        except Refusal as refusal:
            platform.auditor.note(websocket, refusal.problem.code)
            raise
        platform.auditor.note(websocket, GRANTED)
        await websocket.accept()
        await WorkConnection(websocket, desks, platform).serve()

    return (WebSocketRoute(WORK_PATH, serve, name="work"),)
