"""Drivers that log each failed attempt, several a second while a server is away: told once, then counted."""

import logging
import time
from typing import Final

_log = logging.getLogger(__name__)

_TOLD_EVERY_SECONDS: Final = 60.0


def quiet(driver: str, server: str, *, trouble_from: int) -> None:
    """Let that logger's lines go through ours: those of the level `trouble_from` or above as trouble with the server.

    One of them is told a minute, with how many others there were; all are there at level debug. Done twice, it is done
    once.
    """
    logger = logging.getLogger(driver)
    if not any(isinstance(handler, _Quieted) for handler in logger.handlers):
        logger.handlers[:] = [_Quieted(server, trouble_from)]
        logger.propagate = False
        logger.setLevel(logging.INFO if _log.isEnabledFor(logging.DEBUG) else trouble_from)  # a pool logs each loan


class _Quieted(logging.Handler):
    def __init__(self, server: str, trouble_from: int) -> None:
        super().__init__(logging.DEBUG)
        self._server = server
        self._trouble_from = trouble_from
        self._told_at = float("-inf")
        self._untold = 0

    def emit(self, record: logging.LogRecord) -> None:
        _log.debug("%s: %s", record.name, record.getMessage())
        if record.levelno < self._trouble_from:
            return
        self._untold += 1
        now = time.monotonic()
        if now - self._told_at >= _TOLD_EVERY_SECONDS:
            count, self._untold, self._told_at = self._untold, 0, now
            more = f" ({count - 1} more such lines since the last one)" if count > 1 else ""
            line = " ".join(record.getMessage().split())
            _log.warning("trouble with %s: %s%s", self._server, line, more)
