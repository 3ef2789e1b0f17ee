"""Ends the process when it has nothing more to do and something keeps it all the same.

An async function that catches what cancels it, and goes on, can be ended in no other way; and who takes leave of a
server that does not answer need not wait for it. Nothing is lost by it: what counts is written down before, and the
rest is as after a crash.
"""

import logging
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeAlias

Leave: TypeAlias = Callable[[int], None]
"""From now on the process has a few seconds to end by itself; then it is ended with that exit code."""

FINISHED: Final = 0
CUT_SHORT: Final = 130
"""Exit codes, as the commands have them: asked to stop once, or twice."""

_SECONDS: Final = 3.0
_log = logging.getLogger(__name__)


@asynccontextmanager
async def last_resort() -> AsyncIterator[Leave]:
    """Around what may not end; nothing happens once it has."""
    timers: list[threading.Timer] = []

    def leave(code: int) -> None:
        timer = threading.Timer(_SECONDS, _end, [code])
        timer.daemon = True
        timers.append(timer)
        timer.start()

    try:
        yield leave
    finally:
        for timer in timers:
            timer.cancel()


def _end(code: int) -> None:
    """In a thread of its own: the loop may be held up, too."""
    _log.warning(
        "something goes on although it was canceled: a handler, or the farewell to a server that does not answer; the "
        "process ends without it"
    )
    sys.stdout.flush()
    os._exit(code)
