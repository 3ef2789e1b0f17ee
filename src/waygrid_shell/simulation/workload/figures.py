"""What a run came to, in figures."""

from collections.abc import Mapping, Sequence

from attrs import frozen

from waygrid_shell.simulation.workload.measures import Latency


@frozen(kw_only=True)
class TraversalFigures:
    """Of one Spec, or of all. `latency` is from when a traversal was handed in to its end."""

    handed_in: int
    statuses: Mapping[str, int]
    """How many ended with each status."""
    errors: Mapping[str, int]
    """How many ended with the code of an error."""
    latency: Latency


@frozen(kw_only=True)
class BacklogFigures:
    """Traversals under way: handed in, and not ended. `at_end` is when the last one was handed in."""

    mean: float
    most: int
    at_end: int
    is_growing: bool
    """Whether it rose to that end."""


@frozen(kw_only=True)
class ServiceFigures:
    """Of one service. `wait` is from the dispatch of an attempt to its beginning, `latency` from that to its answer."""

    service: str
    workers: int
    concurrency: int
    attempts: int
    failures: Mapping[str, int]
    never_answered: int
    utilisation: float
    """The share of its places that was taken, on average, while traversals were handed in."""
    busiest: int
    """Most places that were taken at once."""
    wait: Latency
    latency: Latency
    waiting_most: int
    waiting_at_end: int
    asked_places: float
    """How many places what was asked of it would have kept busy, had it begun at once: on average."""
    asked_places_most: float
    """The same in the busiest twentieth of the time in a row."""

    @property
    def places(self) -> int:
        """How many attempts it can make at once."""
        return self.workers * self.concurrency


@frozen(kw_only=True)
class FailureFigures:
    """Attempts at a node that failed with a code: those that were made again, and those after which the node failed."""

    spec: str
    node: str
    code: str
    retried: int
    final: int


@frozen(kw_only=True)
class Moment:
    """One part of the time, which begins at `at` seconds. Rates are a second's."""

    at: float
    handed_in: float
    ended: float
    backlog: int
    """At its end."""
    waiting: int
    """Attempts that nobody had begun, at its end."""
    latency: Latency
    """Of the traversals that ended in it."""


@frozen(kw_only=True)
class Figures:
    """All of them. Times are in seconds of the run's own time."""

    seed: int
    seconds: float
    """How long traversals were handed in."""
    drained_seconds: float
    """How long it took after that until the last one ended, or nothing more was done."""
    traversals: TraversalFigures
    specs: Mapping[str, TraversalFigures]
    throughput: float
    """Traversals that ended, a second, while others were handed in."""
    attempts: int
    retries: int
    refused: int
    """How often a request was not taken in at once, and was made again."""
    backlog: BacklogFigures
    services: Sequence[ServiceFigures]
    """The busiest first."""
    failures: Sequence[FailureFigures]
    """The most frequent first."""
    moments: Sequence[Moment]
    moment_seconds: float
    under_way: int
    """Traversals that had not ended when nobody waited any longer, and would have gone on."""
    happened: Sequence[str] = ()
    """The faults, in order."""
    wrong: Sequence[str] = ()
    """What must not be, in sentences."""
