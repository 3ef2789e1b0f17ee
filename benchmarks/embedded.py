"""How much the embedded plant does in a second: `python benchmarks/embedded.py`.

A chain of three steps, each a function that returns at once, run for many payloads, in memory and on a SQLite file
(every commit synced to the disk). A step is a node that was dispatched, done and answered.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path
from typing import Any

import anyio

from waygrid_core.compile.pipeline import compile_document
from waygrid_core.dag.dag import CompiledDag
from waygrid_core.model.json_value import JsonValue
from waygrid_shell.origins.batch.payloads import Payload
from waygrid_shell.processors.function import App
from waygrid_shell.runtime.batch_run import BatchRun, Ended, Job
from waygrid_shell.runtime.embedded import embedded_plant
from waygrid_shell.runtime.wiring import Ports, memory_ports, sqlite_ports

STEPS = 3


def chain() -> CompiledDag:
    """The Spec."""
    node: dict[str, Any] = {}
    for number in reversed(range(STEPS)):
        step = {"type": "standard", "id": f"s{number}", "address": "waygrid://processor/step"}
        node = {**step, "onSuccess": node} if node else step
    return compile_document({"entryPoints": [node]}).unwrap()


def app() -> App:
    """The work: none."""
    made = App()

    @made.processor("step", concurrency=1_000)
    async def step(given: JsonValue) -> JsonValue:
        return given

    return made


async def measure(
    opened: AbstractAsyncContextManager[Ports], payloads: Sequence[Payload], concurrency: int
) -> tuple[float, float]:
    """Seconds for all payloads, and the median seconds from a traversal's begin to its end."""
    ended: list[Ended] = []
    async with opened as ports:
        compiled = chain()
        await ports.dag_store.put(compiled)
        job = Job(compiled=compiled, payloads=payloads, entry=0, batch="", events=(), concurrency=concurrency)
        async with embedded_plant(ports, app().served) as plant:
            began = time.perf_counter()
            await BatchRun(plant, job, ended.append).run()
            seconds = time.perf_counter() - began
    assert len(ended) == len(payloads)
    took = sorted(
        (each.summary.ended_at - each.summary.begun_at).total_seconds() for each in ended if each.summary.ended_at
    )
    return seconds, took[len(took) // 2]


async def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--payloads", type=int, default=2_000)
    count = parser.parse_args().payloads
    print(f"{'ports':<8} {'under way':>9} {'payloads':>9} {'seconds':>8} {'steps/s':>8} {'median ms':>10}")
    for name in ("memory", "sqlite"):
        for concurrency in (1, 32, 256, 1_000):
            payloads = [
                Payload(f"#{number}", {"n": number}) for number in range(count if concurrency > 1 else count // 10)
            ]
            with tempfile.TemporaryDirectory() as folder:
                opened = nullcontext(memory_ports()) if name == "memory" else sqlite_ports(Path(folder))
                seconds, median = await measure(opened, payloads, concurrency)
            steps = len(payloads) * STEPS / seconds
            print(f"{name:<8} {concurrency:>9} {len(payloads):>9} {seconds:>8.2f} {steps:>8.0f} {median * 1000:>10.1f}")


if __name__ == "__main__":
    anyio.run(main)
