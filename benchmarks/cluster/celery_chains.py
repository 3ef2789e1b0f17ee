"""Celery at the same work: chains of three tasks over Redis; its workers are `celery -A` and this module.

As a program (`python -m benchmarks.cluster.celery_chains`) it drives the workers: it is given as an argument, in JSON,
`payload`, `chains`, `singles`, and prints `{"began": ..., "ended": ..., "latencies": [...]}`: how long so many chains
took that were handed in at once, and how long single ones take, one after the other. `BENCHMARK_REDIS` is the server.

A task is acknowledged when it is done (`acks_late`), so that a worker that is killed loses none, and its result is
kept. Redis keeps both in memory alone: Celery is the lighter by that.
"""

import json
import os
import sys
import time
from typing import Any, Final

from celery import Celery, chain

_POLL_SECONDS: Final = 0.02

app = Celery("benchmark", broker=os.environ["BENCHMARK_REDIS"], backend=os.environ["BENCHMARK_REDIS"])
app.conf.update(
    task_acks_late=True,
    worker_prefetch_multiplier=32,  # tasks are short: so the workers need not wait for the next one
    task_serializer="json",
    result_serializer="json",
    accept_content=["json"],
    broker_connection_retry_on_startup=True,
)


@app.task(name="step")  # type: ignore[untyped-decorator, unused-ignore]
def step(given: Any) -> Any:
    """Does nothing."""
    return given


def _started(payload: Any) -> Any:
    return chain(step.s(payload), step.s(), step.s()).apply_async()


def _many(payload: Any, count: int) -> None:
    keys = [app.backend.get_key_for_task(_started(payload).id) for _ in range(count)]
    client = app.backend.client
    while client.exists(*keys) < count:
        time.sleep(_POLL_SECONDS)


def _one(payload: Any) -> float:
    began = time.perf_counter()
    _started(payload).get(timeout=30)
    return time.perf_counter() - began


def main() -> None:
    """See the module."""
    given = json.loads(sys.argv[1])
    payload = given["payload"]
    latencies = [_one(payload) for _ in range(5 + given["singles"])][5:]
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.time()
    _many(payload, given["chains"])
    print(json.dumps({"began": began, "ended": time.time(), "latencies": latencies}), flush=True)


if __name__ == "__main__":
    main()
