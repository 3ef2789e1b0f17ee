"""Runs traversals on a crew in memory, with tracing and metrics as a test wants them."""

from collections.abc import Mapping, Sequence
from typing import Any

import anyio

from waygrid_core.children.derive import plan_for
from waygrid_core.compile.pipeline import compile_document
from waygrid_core.envelope.stamps import Trace
from waygrid_core.message.messages import TraversalRequested
from waygrid_core.model.address import WAYSTATION, ServiceAddress
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.ulid import ulid_from
from waygrid_shell.hosting.post import seal
from waygrid_shell.processors.function import App
from waygrid_shell.runtime.crew import Crew
from waygrid_shell.runtime.wiring import Ports, memory_ports
from waygrid_shell.telemetry.metrics import Metrics
from waygrid_shell.telemetry.tracing import NO_TRACING, Tracing

ORIGIN = ServiceAddress("origin", "http")


async def run_requests(
    document: Mapping[str, Any],
    app: App,
    traces: Sequence[Trace | None],
    *,
    tracing: Tracing = NO_TRACING,
    metrics: Metrics | None = None,
    ports: Ports | None = None,
    name: str | None = None,
) -> list[TraversalId]:
    """One traversal for each of `traces`, all run to their ends, children too."""
    ports = ports or memory_ports()
    compiled = compile_document(document).unwrap()
    await ports.dag_store.put(compiled)
    now = ports.clock.now()
    milliseconds = int(now.timestamp() * 1000)
    traversals = [TraversalId(ulid_from(milliseconds, number.to_bytes(10, "big"))) for number in range(len(traces))]
    crew = Crew(ports, app.served, metrics or Metrics(), tracing)
    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            for run in crew.services.values():
                tasks.start_soon(run)
            await ports.event_log.publish(
                [
                    seal(
                        WAYSTATION,
                        TraversalRequested(
                            traversal=traversal, plan=plan_for(compiled.dag), payload={}, root=traversal, name=name
                        ),
                        f"request-{traversal}",
                        sender=ORIGIN,
                        sent_at=now,
                        trace=given,
                    )
                    for traversal, given in zip(traversals, traces, strict=True)
                ]
            )
            while await ports.journal.unfinished() or await ports.event_log.backlog():
                await anyio.sleep(0.005)
            tasks.cancel_scope.cancel()
    return traversals
