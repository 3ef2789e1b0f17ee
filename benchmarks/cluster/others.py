"""What others do with the same work on the same servers: DBOS on PostgreSQL, Celery on Redis."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, Final

from attrs import frozen

from benchmarks.cluster.processor_time import ProcessorTime
from benchmarks.cluster.programs import Ran, run_programs
from benchmarks.cluster.servers import BenchmarkServers
from benchmarks.payload import PAYLOAD

CHAIN_STEPS: Final = 3
_END_SECONDS: Final = 30


@frozen(kw_only=True)
class OtherRun:
    """How one of them did: steps a second, latencies of chains in seconds, what was used for how many steps."""

    name: str
    rate: float
    latencies: list[float]
    used: ProcessorTime
    steps: int


def has(library: str) -> bool:
    """Whether it is installed: `uv pip install --group bench`."""
    return find_spec(library) is not None


def dbos(servers: BenchmarkServers, *, chains: int, form: str, processes: int, in_flight: int) -> OtherRun:
    """Chains in so many processes on a database of their own, so many in flight in each."""
    with servers.postgres.database() as url:
        common: dict[str, Any] = {"url": url, "payload": PAYLOAD, "form": form, "in_flight": in_flight}
        given = [{**common, "chains": chains // processes, "executor": str(number)} for number in range(processes)]
        ran = run_programs("benchmarks.cluster.dbos_chains", given, name="DBOS", beside=servers.pids)
    return _other(f"DBOS, {form}, {processes} x {in_flight} in flight", ran)


def celery(servers: BenchmarkServers, *, chains: int, singles: int, children: int) -> OtherRun:
    """Chains handed in at once to one worker with so many child processes."""
    environment = {"BENCHMARK_REDIS": servers.redis.url.removesuffix("/0") + "/1"}
    with _celery_worker(environment, children) as worker:
        given = [{"payload": PAYLOAD, "chains": chains, "singles": singles}]
        beside = {**servers.pids, "Celery": [worker.pid]}
        ran = run_programs(
            "benchmarks.cluster.celery_chains", given, name="driver", beside=beside, environment=environment
        )
    return _other(f"Celery, {children} processes", ran, chains)


def _other(name: str, ran: Ran, chains: int | None = None) -> OtherRun:
    latencies = [seconds for each in ran.results for seconds in each["latencies"]]
    steps = CHAIN_STEPS * (len(latencies) if chains is None else chains)
    return OtherRun(name=name, rate=steps / ran.seconds, latencies=latencies, used=ran.used, steps=steps)


@contextmanager
def _celery_worker(environment: dict[str, str], children: int) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "celery", "-A", "benchmarks.cluster.celery_chains", "worker", "-l", "ERROR"]
    command += ["-c", str(children), "-n", f"benchmark-{secrets.token_hex(3)}@%h"]
    command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(_END_SECONDS)
