"""Drives a plant as an origin does: publishes requests, a window at a time, and hears who has ended."""

import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import anyio
from attrs import define, field

from benchmarks.payload import PAYLOAD
from waygrid_core.children.derive import plan_for
from waygrid_core.compile.pipeline import compile_document
from waygrid_core.dag.dag import CompiledDag
from waygrid_core.message.messages import TraversalRequested
from waygrid_core.model.address import WAYSTATION, ServiceAddress
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.model.ulid import ulid_from
from waygrid_core.traversal.state import TERMINAL
from waygrid_shell.hosting.post import seal
from waygrid_shell.ports.live_feed import Sighting
from waygrid_shell.processors.function import App
from waygrid_shell.runtime.embedded import embedded_plant
from waygrid_shell.runtime.wiring import Ports, sqlite_ports

_ORIGIN: Final = ServiceAddress("origin", "batch")
_PATIENCE_SECONDS: Final = 60.0


def app() -> App:
    """Handlers that do nothing."""
    made = App()

    @made.processor("step", concurrency=1_000)
    async def step(given: JsonValue) -> JsonValue:
        return given

    return made


@asynccontextmanager
async def plant_on(folder: Path) -> AsyncIterator[Ports]:
    """The embedded plant on a file in that folder, and its ports."""
    async with sqlite_ports(folder) as ports, embedded_plant(ports, app().served):
        yield ports


@define
class Result:
    """What came of it. `latencies` are seconds from handing a traversal in to hearing that it has ended."""

    seconds: float = 0.0
    latencies: list[float] = field(factory=list)
    traversals: list[TraversalId] = field(factory=list)


class Driver:
    """Drives traversals of one Spec."""

    def __init__(self, ports: Ports, document: Mapping[str, Any]) -> None:
        self._ports = ports
        self._compiled: CompiledDag = compile_document(document).unwrap()

    async def run(self, count: int, in_flight: int, tell: Callable[[int], None] = lambda _: None) -> Result:
        """Run so many, `in_flight` at a time; `tell` hears how many have ended."""
        await self._ports.dag_store.put(self._compiled)
        result, begun = Result(), dict[TraversalId, float]()
        left = count
        async with self._ports.live_feed.watch() as feed:
            started = time.perf_counter()
            while left or begun:
                if fresh := min(left, in_flight - len(begun)):
                    left -= fresh
                    await self._publish(fresh, begun)
                with anyio.fail_after(_PATIENCE_SECONDS):
                    told = await anext(feed)
                now = time.perf_counter()
                for each in told:
                    if isinstance(each, Sighting) and each.status in TERMINAL and each.traversal in begun:
                        result.latencies.append(now - begun.pop(each.traversal))
                        result.traversals.append(each.traversal)
                tell(count - left - len(begun))
            result.seconds = time.perf_counter() - started
        return result

    async def _publish(self, count: int, begun: dict[TraversalId, float]) -> None:
        now = self._ports.clock.now()
        milliseconds = int(now.timestamp() * 1000)
        traversals = [TraversalId(ulid_from(milliseconds, secrets.token_bytes(10))) for _ in range(count)]
        plan = plan_for(self._compiled.dag)
        begun.update(dict.fromkeys(traversals, time.perf_counter()))
        await self._ports.event_log.publish(
            [
                seal(
                    WAYSTATION,
                    TraversalRequested(traversal=each, plan=plan, payload=PAYLOAD, root=each),
                    f"request-{each}",
                    sender=_ORIGIN,
                    sent_at=now,
                )
                for each in traversals
            ]
        )
