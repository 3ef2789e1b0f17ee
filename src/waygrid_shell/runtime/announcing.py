"""A process tells that it is there, over and over, until it stops."""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Final, NoReturn

import anyio

from waygrid_shell.ports.failure import PortFailure
from waygrid_shell.ports.presence import Presence, ProcessInfo

EVERY: Final = timedelta(seconds=3)
LASTS: Final = timedelta(seconds=10)
"""How long a process that was killed is still shown."""

_FAREWELL_SECONDS: Final = 1.0

_log = logging.getLogger(__name__)


async def announce(presence: Presence, info: Callable[[], ProcessInfo]) -> NoReturn:
    """Announce what `info` tells, until canceled; then withdraw it.

    Presence is for people: where it cannot be told, that is said once in the log, and tried again.
    """
    has_said = False
    try:
        while True:
            try:
                await presence.announce(info(), LASTS)
            except PortFailure as failure:
                if not has_said:
                    _log.warning("this process is not shown among those that run: %s", failure)
                has_said = True
            else:
                has_said = False
            await anyio.sleep(EVERY.total_seconds())
    finally:
        with anyio.move_on_after(_FAREWELL_SECONDS, shield=True), suppress(PortFailure):
            await presence.withdraw(info().id)
