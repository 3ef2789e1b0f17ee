"""Runs what only one process should do at a time: under a lease, which is renewed while it is done.

Whoever has it keeps it until it stops; the others ask again, every now and then. When it cannot be renewed, what runs
under it is stopped before it has run out, by the clock of this process. So two do it at once only where one of them was
paused: what they write is guarded where it is written.
"""

import logging
from contextlib import suppress
from datetime import timedelta
from typing import Final, NoReturn

import anyio

from waygrid_shell.ports.failure import PortFailure
from waygrid_shell.ports.lease_table import Lease, LeaseTable
from waygrid_shell.runtime.supervisor import Run

LASTS: Final = timedelta(seconds=30)
"""How long nobody does it after a process was killed that did."""

_SHARE: Final = 6
"""Into so many parts its time is divided: it is renewed after each, and given up before the last."""
_FAREWELL_SECONDS: Final = 1.0

_log = logging.getLogger(__name__)


async def under_lease(table: LeaseTable, name: str, holder: str, run: Run, lasts: timedelta = LASTS) -> NoReturn:
    """Run it, whenever this process, `holder`, has the lease. Raises what `run` raises, and then gives the lease back.

    A table that fails is no failure of what is to run: that is said once in the log, and the lease asked for again.
    """
    has_said = False
    while True:
        asked_at = anyio.current_time()
        try:
            lease = await table.acquire(name, holder, lasts)
        except PortFailure as failure:
            if not has_said:
                _log.warning("it is not known who does the %s, so this process does not: %s", name, failure)
            has_said, lease = True, None
        else:
            has_said = False
        if lease is not None:
            try:
                await _run_with(table, lease, asked_at, run, lasts)
            finally:
                with anyio.move_on_after(_FAREWELL_SECONDS, shield=True), suppress(PortFailure):
                    await table.release(lease)
        await anyio.sleep((lasts / _SHARE).total_seconds())


async def _run_with(table: LeaseTable, lease: Lease, asked_at: float, run: Run, lasts: timedelta) -> None:
    """Run until the lease is lost."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        await _renew_while_ours(table, lease, asked_at, lasts)
        _log.info("the lease of the %s is lost, so this process stops doing it", lease.name)
        tasks.cancel_scope.cancel()


async def _renew_while_ours(table: LeaseTable, lease: Lease, asked_at: float, lasts: timedelta) -> None:
    """Return once it is somebody else's, or will soon be."""
    is_ours = (lasts - lasts / _SHARE).total_seconds()
    with anyio.CancelScope(deadline=asked_at + is_ours) as scope:  # a table may be slow to answer, or never answer
        while True:
            await anyio.sleep((lasts / _SHARE).total_seconds())
            asked_at = anyio.current_time()
            with suppress(PortFailure):  # as long as the lease lasts, it is ours
                if not await table.renew(lease, lasts):
                    return
                scope.deadline = asked_at + is_ours
