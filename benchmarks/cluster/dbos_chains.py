"""DBOS at the same work: workflows of three durable steps. A program: `python -m benchmarks.cluster.dbos_chains`.

It is given as an argument, in JSON: `url` (of a database that it may share with others of its kind), `payload`, `form`
("sync" or "async"), `chains`, `in_flight`, `executor`. When it is ready it prints a line, waits for one on its standard
input, runs the chains and prints `{"began": ..., "ended": ..., "latencies": [...]}`, in seconds.
"""

import asyncio
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from dbos import DBOS, DBOSConfig


@DBOS.step()
def step(given: Any) -> Any:
    """Does nothing."""
    return given


@DBOS.workflow()
def chain(given: Any) -> Any:
    """Three steps."""
    return step(step(step(given)))


@DBOS.step()
async def async_step(given: Any) -> Any:
    """Does nothing."""
    return given


@DBOS.workflow()
async def async_chain(given: Any) -> Any:
    """Three steps."""
    return await async_step(await async_step(await async_step(given)))


def _in_threads(payload: Any, count: int, in_flight: int) -> list[float]:
    def one(_: int) -> float:
        began = time.perf_counter()
        chain(payload)
        return time.perf_counter() - began

    with ThreadPoolExecutor(in_flight) as pool:
        return list(pool.map(one, range(count)))


async def _in_tasks(payload: Any, count: int, in_flight: int) -> list[float]:
    latencies: list[float] = []
    left = iter(range(count))

    async def some() -> None:
        for _ in left:
            began = time.perf_counter()
            await async_chain(payload)
            latencies.append(time.perf_counter() - began)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(in_flight):
            tasks.create_task(some())
    return latencies


def main() -> None:
    """See the module."""
    given = json.loads(sys.argv[1])
    in_flight = int(given["in_flight"])
    config: DBOSConfig = {
        "name": "benchmark",
        "system_database_url": given["url"],
        "sys_db_pool_size": min(in_flight + 2, 40),
        "max_executor_threads": max(in_flight, 8),
        "log_level": "ERROR",
        "executor_id": given["executor"],
        "application_version": "1",
    }
    DBOS(config=config)
    DBOS.launch()

    def run(count: int, at_once: int) -> list[float]:
        if given["form"] == "async":
            return asyncio.run(_in_tasks(given["payload"], count, at_once))
        return _in_threads(given["payload"], count, at_once)

    run(min(given["chains"], 2 * in_flight), in_flight)  # warm
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.time()
    latencies = run(given["chains"], in_flight)
    print(json.dumps({"began": began, "ended": time.time(), "latencies": latencies}), flush=True)
    DBOS.destroy()


if __name__ == "__main__":
    main()
