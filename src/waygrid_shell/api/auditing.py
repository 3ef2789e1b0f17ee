"""Keeps who asked for what to be changed, and whether it was granted.

Entries are written beside the answers, many at once: no request waits for its own, and none is refused because it
cannot be kept. A crash may lose those of the last moment. While the log cannot be written, entries wait here, as many
as there is room for; what is lost then is counted (`waygrid_audit_lost_total`), and the log of the process says so.
"""

import logging
from collections.abc import Sequence
from typing import Final

import anyio
from starlette.requests import HTTPConnection

from waygrid_shell.ports.audit_log import AuditEntry, AuditLog
from waygrid_shell.ports.clock import Clock
from waygrid_shell.ports.failure import PortFailure
from waygrid_shell.telemetry.metrics import Metrics
from waygrid_shell.telemetry.names import AUDIT_LOST

GRANTED: Final = "granted"

_SUBJECTS: Final = "waygrid.subjects"
_ACTION: Final = "waygrid.action"
_MAX_SUBJECT: Final = 256
_MAX_WAITING: Final = 50_000
_WRITTEN_AT_ONCE: Final = 2_000
_REST_SECONDS: Final = 1.0
"""After a failure, until it is tried again."""

_LAST_SECONDS: Final = 2.0
"""How long what waits may take to be written once the platform stops."""

_log = logging.getLogger(__name__)


def about(connection: HTTPConnection, *subjects: str) -> None:
    """What the request is done to: an entry for each."""
    connection.scope[_SUBJECTS] = subjects


def acting(connection: HTTPConnection, action: str) -> None:
    """What the request asks for: the name of an operation that changes something."""
    connection.scope[_ACTION] = action


class Auditor:
    """Writes entries while it runs. `is_on` False: nothing is kept."""

    def __init__(self, audit_log: AuditLog, clock: Clock, metrics: Metrics, *, is_on: bool) -> None:
        self._audit_log = audit_log
        self._clock = clock
        self._metrics = metrics
        self._is_on = is_on
        self._waiting: list[AuditEntry] = []
        self._has_some = anyio.Event()

    def granted(self, connection: HTTPConnection, *subjects: str) -> None:
        """It is done, though the answer may take its time: note it now, and not again once it is answered."""
        about(connection, *subjects)
        self.note(connection, GRANTED)

    def note(self, connection: HTTPConnection, outcome: str) -> None:
        """What the request asked for was granted, or refused with that code; once, and nothing if it changes nothing.

        Never waits and never fails.
        """
        action = connection.scope.pop(_ACTION, None)
        if action is None or not self._is_on:
            return
        now = self._clock.now()
        client = connection.client
        self._waiting += [
            AuditEntry(
                at=now,
                principal=connection.scope.get("waygrid.principal", ""),
                action=action,
                subject=subject[:_MAX_SUBJECT],
                outcome=outcome,
                address="" if client is None else client.host,
            )
            for subject in _subjects_of(connection)
        ]
        self._drop(len(self._waiting) - _MAX_WAITING)
        self._has_some.set()

    async def run(self) -> None:
        """Write until canceled; then what waits, if it can be written soon."""
        try:
            while True:
                await self._has_some.wait()
                self._has_some = anyio.Event()
                while self._waiting:
                    if not await self._write():
                        await anyio.sleep(_REST_SECONDS)
        finally:
            with anyio.move_on_after(_LAST_SECONDS, shield=True):
                while self._waiting and await self._write():
                    pass
            self._drop(len(self._waiting))

    async def _write(self) -> bool:
        """Write the oldest of what waits; whether that could be done."""
        entries = self._waiting[:_WRITTEN_AT_ONCE]
        try:
            await self._audit_log.append(entries)
        except PortFailure as error:
            _log.error("the audit cannot be written, and %d entries of it wait: %s", len(self._waiting), error)
            return False
        written = {id(entry) for entry in entries}
        self._waiting = [entry for entry in self._waiting if id(entry) not in written]  # some may have been dropped
        return True

    def _drop(self, count: int) -> None:
        """The oldest: what is asked for now matters most to who looks for the cause."""
        if count > 0:
            del self._waiting[:count]
            self._metrics.count(AUDIT_LOST, by=count)
            _log.error("%d entries of the audit are lost: they could not be written", count)


def _subjects_of(connection: HTTPConnection) -> Sequence[str]:
    """Those that the operation told, or what its path names, or none."""
    told: Sequence[str] | None = connection.scope.get(_SUBJECTS)
    if told is not None:
        return told
    named = connection.scope.get("path_params", {})
    return (str(named.get("id") or named.get("name") or ""),)
