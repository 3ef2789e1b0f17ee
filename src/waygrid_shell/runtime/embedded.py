"""The embedded plant: every service in this process, over one set of ports."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import anyio
from attrs import frozen

from waygrid_core.inbox.mailbox import MailboxName, Waiter
from waygrid_core.model.address import INBOX, SCHEDULER, WAYSTATION, ServiceAddress
from waygrid_core.model.topic import topic_name
from waygrid_shell.hosting.handler import Served
from waygrid_shell.origins.batch.intake import Intake
from waygrid_shell.runtime.built_in import built_in
from waygrid_shell.runtime.chores import sweeper_of
from waygrid_shell.runtime.crew import Crew
from waygrid_shell.runtime.wiring import Ports
from waygrid_shell.services.waystation.sweeper import Sweeper
from waygrid_shell.settings.settings import Settings
from waygrid_shell.telemetry.metrics import Metrics

_FORGET_EVERY: Final = timedelta(hours=1)

_SYSTEM: Final = tuple(topic_name(address) for address in (WAYSTATION, SCHEDULER, INBOX))


@frozen
class Standstill:
    """Nothing more will happen by itself. `awaits` is what could still be answered by events."""

    awaits: tuple[tuple[MailboxName, Waiter], ...]


@frozen(kw_only=True)
class EmbeddedPlant:
    """A plant that runs. `served` are the addresses that somebody here works for."""

    ports: Ports
    intake: Intake
    sweeper: Sweeper
    served: frozenset[ServiceAddress]

    async def standstill(self) -> Standstill | None:
        """Whether nothing is on its way, under work or set for later; None if something is.

        What waits for an address that nobody serves here is not on its way.
        """
        for _ in range(2):  # what was on its way at the first look is seen at the second
            if await self._is_moving():
                return None
        return Standstill(tuple(await self.ports.event_book.waiting()))

    async def _is_moving(self) -> bool:
        backlog = await self.ports.event_log.backlog()
        served = {*_SYSTEM, *map(topic_name, self.served)}
        return bool(backlog.keys() & served) or await self.ports.timer_book.count() > 0


@asynccontextmanager
async def embedded_plant(
    ports: Ports, served: Mapping[ServiceAddress, Served], settings: Settings | None = None
) -> AsyncIterator[EmbeddedPlant]:
    """The plant, running as long as the context lasts; `served` are the user's handlers.

    Whatever a service cannot go on after (`StorageFull`, say) ends the context with an exception group that holds it.
    """
    settings = settings or Settings()
    async with built_in(ports, settings) as handlers, anyio.create_task_group() as tasks:
        crew = Crew(ports, {**handlers, **served}, Metrics())
        for run in crew.services.values():
            tasks.start_soon(run)
        tasks.start_soon(_forget_old_answers, ports, settings.data.keep_answers)
        intake = Intake(event_log=ports.event_log, claim_book=ports.claim_book, clock=ports.clock)
        yield EmbeddedPlant(ports=ports, intake=intake, sweeper=sweeper_of(ports), served=crew.addresses)
        tasks.cancel_scope.cancel()


async def _forget_old_answers(ports: Ports, kept: timedelta) -> None:
    while True:
        await ports.seen_ledger.forget(ports.clock.now() - kept)
        await anyio.sleep(_FORGET_EVERY.total_seconds())
