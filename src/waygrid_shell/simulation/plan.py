"""What a run is like: how many processes of which kind, over what kind of servers, and how much is asked of them."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from random import Random
from typing import Final

from attrs import frozen

from waygrid_shell.runtime.services_chosen import (
    API,
    CHORES,
    EVERY_SERVICE,
    INBOX,
    KAFKA_ORIGIN,
    SCHEDULER,
    WAYSTATION,
    WORKER,
    ServicesChosen,
)
from waygrid_shell.simulation.load import Outside
from waygrid_shell.simulation.network import Latency
from waygrid_shell.simulation.process import Role

_MOST_SKEW_SECONDS: Final = 0.45
"""From the clock of the servers. Processes assume that clocks differ by a second at most."""

_SPLIT: Final = {
    "waystation-1": frozenset({WAYSTATION}),
    "waystation-2": frozenset({WAYSTATION}),
    "worker-1": frozenset({WORKER}),
    "front-1": frozenset({API, SCHEDULER, INBOX, CHORES, KAFKA_ORIGIN}),
    "front-2": frozenset({API, SCHEDULER, INBOX, KAFKA_ORIGIN}),
}


@frozen(kw_only=True)
class Plan:
    """See the module."""

    processes: int
    """So many that run everything; 0: several, each with services of its own."""
    partitions: int
    is_one_commit: bool
    """One process over one database, as `waygrid dev`."""
    concurrency: int
    """Of each worker."""
    latency_seconds: float
    """The mean of one way from a process to a server."""
    session_seconds: float
    sweep_after_seconds: float
    """How long a traversal stands still before somebody looks for what it waits for. Nothing is lost by itself, so
    sweeping must find nothing; and where it is late, it would cure what must not be."""
    traversals: int
    faults: int
    seconds: float
    """In which they are handed in, and faults happen."""

    def __str__(self) -> str:
        """For people."""
        if self.is_one_commit:
            shape = "one process over one database"
        else:
            many = f"{self.processes} processes" if self.processes else f"{len(_SPLIT)} processes of different services"
            shape = f"{many}, {self.partitions} partitions a topic, sessions of {self.session_seconds:.1f} s"
        return (
            f"{shape}; {self.concurrency} places a worker, {self.latency_seconds * 1000:.1f} ms a way; "
            f"{self.traversals} traversals and {self.faults} faults in {self.seconds:.1f} s"
        )


def plan_of(chance: Random) -> Plan:
    """One that is drawn."""
    is_one_commit = chance.random() < 0.2
    return Plan(
        processes=1 if is_one_commit else chance.choice((0, 2, 2, 3)),
        partitions=1 if is_one_commit else chance.choice((1, 2, 3)) + 1,
        is_one_commit=is_one_commit,
        concurrency=chance.choice((1, 2, 8)),
        latency_seconds=chance.choice((0.0005, 0.003, 0.02)),
        session_seconds=0.0 if is_one_commit else chance.uniform(0.5, 3.0),
        traversals=chance.randint(2, 10),
        faults=chance.randint(1, 9),
        sweep_after_seconds=chance.choice((1.0, 300.0, 300.0, 300.0)),
        seconds=chance.uniform(2.0, 6.0),
    )


def roles_of(plan: Plan, outside: Outside, chance: Random) -> Sequence[Role]:
    """The processes of a plan, each with its clock."""
    handlers = outside.handlers(plan.concurrency)

    def role(name: str, chosen: ServicesChosen) -> Role:
        skew = timedelta(seconds=chance.uniform(-_MOST_SKEW_SECONDS, _MOST_SKEW_SECONDS))
        return Role(name=name, chosen=chosen, handlers=handlers, writes_records=True, skew=skew)

    if plan.processes == 0:
        return [role(name, ServicesChosen(services)) for name, services in _SPLIT.items()]
    return [role(f"process-{number}", EVERY_SERVICE) for number in range(1, plan.processes + 1)]


def latency(mean_seconds: float) -> Latency:
    """One that is never nothing, and sometimes long."""
    return partial(_drawn, mean_seconds)


def _drawn(mean_seconds: float, chance: Random) -> float:
    return mean_seconds * (0.2 + chance.expovariate(1.25))
