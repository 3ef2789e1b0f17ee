"""Runs Specs on a plant in this process."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio

from waygrid_core.compile.pipeline import compile_document
from waygrid_core.dag.dag import CompiledDag
from waygrid_core.outcome import Failure
from waygrid_shell.origins.batch.events import GivenEvent
from waygrid_shell.origins.batch.payloads import Payload
from waygrid_shell.ports.journal import Summary
from waygrid_shell.processors.function import App
from waygrid_shell.runtime.batch_run import BatchRun, Ended, Job
from waygrid_shell.runtime.embedded import EmbeddedPlant, embedded_plant
from waygrid_shell.runtime.wiring import Ports
from waygrid_shell.settings.settings import OutboundSettings, Settings
from waygrid_shell.settings.values import NETWORKS

ON_LOOPBACK = Settings(outbound=OutboundSettings(allowed_networks=NETWORKS["loopback"]))
"""The receivers of tests are on this machine."""


def compiled(document: Mapping[str, Any]) -> CompiledDag:
    """A Spec that is right."""
    outcome = compile_document(document)
    assert not isinstance(outcome, Failure), outcome
    return outcome.unwrap()


def work(service: str, **fields: Any) -> dict[str, Any]:
    """A standard node."""
    return {"type": "standard", "address": f"waygrid://processor/{service}", **fields}


@asynccontextmanager
async def running_plant(ports: Ports, app: App) -> AsyncIterator[EmbeddedPlant]:
    """A plant that serves the app."""
    async with embedded_plant(ports, app.served, ON_LOOPBACK) as plant:
        yield plant


async def run_spec(
    ports: Ports,
    document: Mapping[str, Any],
    app: App | None = None,
    *,
    payloads: Sequence[Any] = ({},),
    events: Sequence[GivenEvent] = (),
    batch: str = "",
) -> list[Ended]:
    """What `waygrid run` would print, in the order of the payloads; each must have an end within a time."""
    ended, left = await run_and_leave(ports, document, app, payloads=payloads, events=events, batch=batch)
    assert left.tally.left == [], left.tally.left
    return ended


async def run_and_leave(
    ports: Ports,
    document: Mapping[str, Any],
    app: App | None = None,
    *,
    payloads: Sequence[Any] = ({},),
    events: Sequence[GivenEvent] = (),
    batch: str = "",
) -> tuple[list[Ended], BatchRun]:
    """The same, for a Spec some of whose traversals may be left."""
    dag = compiled(document)
    await ports.dag_store.put(dag)
    ended: list[Ended] = []
    given = [Payload(f"#{number:05}", payload) for number, payload in enumerate(payloads)]
    job = Job(compiled=dag, payloads=given, entry=0, batch=batch, events=events, concurrency=50)
    with anyio.fail_after(60):
        async with running_plant(ports, app or App()) as plant:
            batch_run = BatchRun(plant, job, ended.append)
            await batch_run.run()
    return sorted(ended, key=lambda each: each.place), batch_run


async def run_one(
    ports: Ports, document: Mapping[str, Any], app: App | None = None, payload: Any = None, **more: Any
) -> Summary:
    """The end of one traversal."""
    (ended,) = await run_spec(ports, document, app, payloads=[{} if payload is None else payload], **more)
    return ended.summary
