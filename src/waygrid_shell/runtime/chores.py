"""What a plant does beside its services, every now and then: sweeps, and forgets what is old.

They run as services do, under supervision: a chore that a full disk stopped is tried again.
"""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Final

import anyio

from waygrid_shell.runtime.supervisor import Run
from waygrid_shell.runtime.under_lease import under_lease
from waygrid_shell.runtime.wiring import Ports
from waygrid_shell.services.gauges import Gauges
from waygrid_shell.services.waystation.sweeper import Sweeper
from waygrid_shell.settings.settings import DataSettings
from waygrid_shell.telemetry.metrics import Metrics
from waygrid_shell.telemetry.names import OVERDUE, SWEPT

_SHARE_OF_SWEEPING: Final = 0.2
"""Of the time while a sweep goes on, so much is for it, and the rest for what runs beside it."""

_FORGET_EVERY: Final = timedelta(minutes=10)
_READ_GAUGES_EVERY: Final = timedelta(seconds=5)
_FORGOTTEN_AT_ONCE: Final = 500
"""Traversals: few enough that what runs meanwhile is not held up."""


def chores(ports: Ports, settings: DataSettings, metrics: Metrics, holder: str) -> Mapping[str, Run]:
    """What runs each chore for ever, in one process at a time; `holder` is this one. Raises what ports raise."""
    alone = {
        "sweeper": partial(_sweep, ports, settings.sweep_after, metrics),
        "retention": partial(_forget, ports, settings),
    }
    return {
        **{name: partial(under_lease, ports.lease_table, name, holder, run) for name, run in alone.items()},
        "gauges": partial(_read_gauges, ports, metrics),
    }


def sweeper_of(ports: Ports) -> Sweeper:
    """The sweeper over these ports."""
    return Sweeper(
        event_log=ports.event_log,
        journal=ports.journal,
        dag_store=ports.dag_store,
        timer_book=ports.timer_book,
        event_book=ports.event_book,
        clock=ports.clock,
    )


async def _sweep(ports: Ports, quiet: timedelta, metrics: Metrics) -> None:
    """Where one process has all to itself, the first time at once, and all that is there: whatever a crash, a cure or
    an earlier version left behind goes on. Among many processes nothing begins when one does."""
    sweeper = sweeper_of(ports)
    since = quiet if ports.outbox is None else timedelta(0)
    while True:
        began = anyio.current_time()
        async for swept in sweeper.parts(since):
            metrics.count(SWEPT, by=swept.missing)
            metrics.count(OVERDUE, by=swept.overdue)
            await anyio.sleep((anyio.current_time() - began) * (1 / _SHARE_OF_SWEEPING - 1))
            began = anyio.current_time()
        since = quiet
        await anyio.sleep(max(1.0, quiet.total_seconds()))


async def _read_gauges(ports: Ports, metrics: Metrics) -> None:
    gauges = Gauges(metrics, event_log=ports.event_log, journal=ports.journal, timer_book=ports.timer_book)
    while True:
        await gauges.read()
        await anyio.sleep(_READ_GAUGES_EVERY.total_seconds())


async def _forget(ports: Ports, settings: DataSettings) -> None:
    while True:
        await forget_old(ports, settings)
        await anyio.sleep(_FORGET_EVERY.total_seconds())


async def forget_old(ports: Ports, settings: DataSettings) -> None:
    """Forget what the settings do not keep any longer."""
    now = ports.clock.now()
    await ports.seen_ledger.forget(now - settings.keep_answers)
    await ports.channel_log.forget(before=now - settings.keep_channel_messages, keep=settings.max_channel_messages)
    if settings.keep_audit is not None:
        await ports.audit_log.forget(now - settings.keep_audit)
    if ports.upkeep is not None:
        await ports.upkeep.prepare(now)
    if settings.keep_ended is None:
        return
    ended_before = now - settings.keep_ended
    if ports.upkeep is not None:
        ended_before = await ports.upkeep.retire(ended_before)
    while await ports.journal.forget(ended_before, _FORGOTTEN_AT_ONCE) == _FORGOTTEN_AT_ONCE:
        await anyio.sleep(0)  # let others run
