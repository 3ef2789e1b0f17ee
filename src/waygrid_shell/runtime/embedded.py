"""The embedded plant: every service in this process, over one set of ports."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import anyio
from attrs import frozen

from waygrid_core.dag.dag import CompiledDag, Dag
from waygrid_core.dag.node import CallWork, EachWork, LoopWork, ServiceWork, TaskNode
from waygrid_core.inbox.mailbox import MailboxName, Waiter
from waygrid_core.model.address import INBOX, SCHEDULER, WAYSTATION, ServiceAddress
from waygrid_core.model.identifiers import DagHash
from waygrid_core.model.topic import topic_name
from waygrid_core.template.template import SecretReference
from waygrid_shell.destinations.blackhole import blackhole
from waygrid_shell.destinations.webhook import WebhookDestination
from waygrid_shell.hosting.handler import Served
from waygrid_shell.hosting.http_client import CONNECTIONS, open_session
from waygrid_shell.hosting.worker import Worker
from waygrid_shell.origins.batch.intake import Intake
from waygrid_shell.processors.http import HttpProcessor
from waygrid_shell.runtime.wiring import Ports
from waygrid_shell.services.inbox.service import Inbox
from waygrid_shell.services.scheduler.service import Scheduler
from waygrid_shell.services.waystation.roster import body_of
from waygrid_shell.services.waystation.service import Waystation
from waygrid_shell.services.waystation.sweeper import Sweeper

HTTP: Final = ServiceAddress("processor", "http")
WEBHOOK: Final = ServiceAddress("destination", "webhook")
BLACKHOLE: Final = ServiceAddress("destination", "blackhole")
BUILT_IN: Final = frozenset({HTTP, WEBHOOK, BLACKHOLE})
"""What every plant serves, unless the user's app serves the address itself."""

ANSWERS_KEPT: Final = timedelta(days=7)
"""How long a worker remembers what it answered; a request that comes again later is worked on again."""

_FORGET_EVERY: Final = timedelta(hours=1)

_SYSTEM: Final = tuple(topic_name(address) for address in (WAYSTATION, SCHEDULER, INBOX))


@frozen
class Standstill:
    """Nothing more will happen by itself. `awaits` is what could still be answered by events."""

    awaits: tuple[tuple[MailboxName, Waiter], ...]


@frozen(kw_only=True)
class EmbeddedPlant:
    """A plant that runs."""

    ports: Ports
    intake: Intake
    workers: Mapping[ServiceAddress, Worker]
    sweeper: Sweeper

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
        served = {*_SYSTEM, *(topic_name(address) for address in self.workers)}
        return bool(backlog.keys() & served) or await self.ports.timer_book.count() > 0


@asynccontextmanager
async def embedded_plant(ports: Ports, served: Mapping[ServiceAddress, Served]) -> AsyncIterator[EmbeddedPlant]:
    """The plant, running as long as the context lasts; `served` are the user's handlers.

    Whatever a service cannot go on after (`StorageFull`, say) ends the context with an exception group that holds it.
    """
    async with open_session() as session, anyio.create_task_group() as tasks:
        handlers = {**_built_in(HttpProcessor(session), WebhookDestination(session, ports.clock)), **served}
        workers = {
            address: Worker(
                address,
                handler,
                event_log=ports.event_log,
                seen_ledger=ports.seen_ledger,
                secret_vault=ports.secret_vault,
                clock=ports.clock,
            )
            for address, handler in handlers.items()
        }
        waystation = Waystation(
            event_log=ports.event_log,
            journal=ports.journal,
            dag_store=ports.dag_store,
            live_feed=ports.live_feed,
            clock=ports.clock,
        )
        scheduler = Scheduler(event_log=ports.event_log, timer_book=ports.timer_book, clock=ports.clock)
        inbox = Inbox(event_log=ports.event_log, event_book=ports.event_book, clock=ports.clock)
        for run in (waystation.run, scheduler.run, inbox.run, *(worker.run for worker in workers.values())):
            tasks.start_soon(run)
        tasks.start_soon(_forget_old_answers, ports)
        sweeper = Sweeper(
            event_log=ports.event_log, journal=ports.journal, dag_store=ports.dag_store, clock=ports.clock
        )
        intake = Intake(event_log=ports.event_log, claim_book=ports.claim_book, clock=ports.clock)
        yield EmbeddedPlant(ports=ports, intake=intake, workers=workers, sweeper=sweeper)
        tasks.cancel_scope.cancel()


async def _forget_old_answers(ports: Ports) -> None:
    while True:
        await ports.seen_ledger.forget(ports.clock.now() - ANSWERS_KEPT)
        await anyio.sleep(_FORGET_EVERY.total_seconds())


def _built_in(http: HttpProcessor, webhook: WebhookDestination) -> dict[ServiceAddress, Served]:
    return {
        HTTP: Served(handler=http, concurrency=CONNECTIONS),
        WEBHOOK: Served(handler=webhook, concurrency=CONNECTIONS),
        BLACKHOLE: Served(handler=blackhole),
    }


def addresses_of(dags: Iterable[Dag]) -> frozenset[ServiceAddress]:
    """The services that these DAGs dispatch to."""
    return frozenset(
        node.work.address
        for dag in dags
        for node in dag.nodes.values()
        if isinstance(node, TaskNode) and isinstance(node.work, ServiceWork)
    )


def secrets_of(dags: Iterable[Dag]) -> tuple[SecretReference, ...]:
    """The secrets that these DAGs refer to, in no order, each once."""
    return tuple(
        dict.fromkeys(
            parameter
            for dag in dags
            for node in dag.nodes.values()
            if isinstance(node, TaskNode)
            for parameter in node.parameters.values()
            if isinstance(parameter, SecretReference)
        )
    )


def all_dags(compiled: CompiledDag) -> tuple[Dag, ...]:
    """A DAG and its bodies."""
    return (compiled.dag, *compiled.bodies.values())


async def unfinished_dags(ports: Ports) -> tuple[Dag, ...]:
    """The DAGs that unfinished traversals run, and all that those run, as far as somebody has stored them."""
    found: dict[DagHash, Dag] = {}
    plans = (summary.origin.plan for summary in await ports.journal.unfinished())
    pending = list({body_of(plan) for plan in plans if plan is not None})
    while pending:
        dag_hash = pending.pop()
        dag = None if dag_hash in found else await ports.dag_store.get(dag_hash)
        if dag is None:
            continue
        found[dag_hash] = dag
        if dag.on_end is not None:
            pending.append(dag.on_end)
        works = (node.work for node in dag.nodes.values() if isinstance(node, TaskNode))
        pending.extend(work.body for work in works if isinstance(work, CallWork | EachWork | LoopWork))
    return tuple(found.values())
