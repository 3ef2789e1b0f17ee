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
from waygrid_shell.telemetry.names import SWEPT

_SWEEP_EVERY: Final = timedelta(minutes=15)
_FORGET_EVERY: Final = timedelta(minutes=10)
_READ_GAUGES_EVERY: Final = timedelta(seconds=5)
_FORGOTTEN_AT_ONCE: Final = 500
"""Traversals: few enough that what runs meanwhile is not held up."""


def chores(ports: Ports, settings: DataSettings, metrics: Metrics, holder: str) -> Mapping[str, Run]:
    """What runs each chore for ever, in one process at a time; `holder` is this one. Raises what ports raise."""
    alone = {"sweeper": partial(_sweep, ports, metrics), "retention": partial(_forget, ports, settings)}
    return {
        **{name: partial(under_lease, ports.lease_table, name, holder, run) for name, run in alone.items()},
        "gauges": partial(_read_gauges, ports, metrics),
    }


def sweeper_of(ports: Ports) -> Sweeper:
    """The sweeper over these ports."""
    return Sweeper(event_log=ports.event_log, journal=ports.journal, dag_store=ports.dag_store, clock=ports.clock)


async def _sweep(ports: Ports, metrics: Metrics) -> None:
    """The first time at once: whatever a crash, a cure or an earlier version left behind goes on."""
    sweeper = sweeper_of(ports)
    while True:
        metrics.count(SWEPT, by=await sweeper.sweep())
        await anyio.sleep(_SWEEP_EVERY.total_seconds())


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
    if ports.upkeep is not None:
        await ports.upkeep.prepare(now)
    if settings.keep_ended is None:
        return
    ended_before = now - settings.keep_ended
    if ports.upkeep is not None:
        ended_before = await ports.upkeep.retire(ended_before)
    while await ports.journal.forget(ended_before, _FORGOTTEN_AT_ONCE) == _FORGOTTEN_AT_ONCE:
        await anyio.sleep(0)  # let others run
