"""`python -m benchmarks.cluster [--json FILE] [--quick] [--partitions]`.

Starts Kafka, PostgreSQL and Redis for itself, measures what they do alone and what DBOS and Celery do (where they are
installed), and then the cluster. README.md in the folder above says what each figure means. It takes some minutes.
"""

import argparse
import json
import logging
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Final

from attrs import asdict

from benchmarks.cluster.figure import Figure
from benchmarks.cluster.run import Sizes, figures
from benchmarks.cluster.servers import benchmark_servers

FULL: Final = Sizes(
    records=200_000,
    rows=5_000,
    other_chains=1_000,
    chains=8_000,
    in_flight=1_000,
    processes=(1, 2, 4),
    singles=300,
    timers=200,
    load_seconds=4,
    idle_seconds=10,
    sessions=(timedelta(seconds=10), timedelta(seconds=3)),
)

QUICK: Final = Sizes(
    records=20_000,
    rows=500,
    other_chains=100,
    chains=2_000,
    in_flight=500,
    processes=(1, 2),
    singles=50,
    timers=20,
    load_seconds=1,
    idle_seconds=2,
    sessions=(timedelta(seconds=3),),
)

_NAMES: Final = ("Waygrid", "Kafka", "PostgreSQL", "Redis", "DBOS", "Celery", "loops", "psycopg", "driver")


def _heading() -> str:
    return f"{'figure':74} {'value':>9}  {'unit':13} {'ratio':>6}  {'target':6}  {'load':>4}  ms of processor a step"


def _written(figure: Figure) -> str:
    value = f"{figure.value:,.0f}" if figure.value >= 100 else f"{figure.value:.2f}"
    ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
    used = [f"{name} {figure.processor[name]:.3f}" for name in _NAMES if name in figure.processor]
    total = f"{sum(figure.processor.values()):.3f}: {', '.join(used)}" if used else ""
    line = f"{figure.name:74} {value:>9}  {figure.unit:13} {ratio:>6}  {figure.target:6}  {figure.load:4.1f}  {total}"
    return line.rstrip()


def main() -> None:
    """Prints each figure as soon as it is known."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cluster", description=__doc__)
    parser.add_argument("--json", type=Path, default=None, metavar="FILE", help="write the figures there too")
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--partitions", action="store_true", help="with 1, 4 and 16 partitions too")
    given = parser.parse_args()
    sizes = QUICK if given.quick else FULL
    if given.partitions:
        sizes = Sizes(**{**asdict(sizes, recurse=False), "partitions": (1, 4, 16)})
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it tells of every try to reach what is starting
    measured: list[Figure] = []
    with benchmark_servers() as servers:
        print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, PostgreSQL {servers.postgres.version}")
        print(_heading())
        for figure in figures(servers, sizes):
            measured.append(figure)
            print(_written(figure), flush=True)
            if given.json is not None:
                given.json.write_text(json.dumps([asdict(each) for each in measured], indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
