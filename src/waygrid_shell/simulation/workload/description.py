"""What a workload says, with what is so where it says nothing."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from attrs import Factory, frozen

from waygrid_core.model.address import ServiceAddress
from waygrid_shell.hosting.handler import DEFAULT_CONCURRENCY
from waygrid_shell.simulation.workload.arrivals import Arrivals
from waygrid_shell.simulation.workload.drawing import Fixed, Template
from waygrid_shell.simulation.workload.durations import Constant, Duration, LogNormal

DEFAULT_SECONDS: Final = 600.0
"""How long traversals are handed in."""
DEFAULT_LATENCY: Final[Duration] = LogNormal(0.1, 0.5)
DEFAULT_EVENT_DELAY: Final[Duration] = Constant(60.0)
DEFAULT_FAULTS: Final = 30.0 / 3600.0
"""Faults a second, where some are wanted and nobody says how many."""
MOST_PROCESSES: Final = 64

NOTHING: Final[Template] = Fixed({})
"""An empty object, each time."""


@frozen(kw_only=True)
class SpecLoad:
    """How a Spec is asked for. `arrivals` None: it has its `share` of those of all."""

    arrivals: Arrivals | None = None
    share: float = 1.0
    payload: Template = NOTHING


@frozen(kw_only=True)
class ServiceLoad:
    """What a service is like: so many processes serve it, each so many attempts at once."""

    latency: Duration = DEFAULT_LATENCY
    failures: Mapping[str, float] = Factory(dict)
    """The share of attempts that fail with each code."""
    never_answers: float = 0.0
    """The share of attempts that never end, unless somebody cancels them."""
    workers: int = 1
    concurrency: int = DEFAULT_CONCURRENCY
    deadline: timedelta | None = None
    output: Template = NOTHING

    @property
    def places(self) -> int:
        """How many attempts it makes at once."""
        return self.workers * self.concurrency


@frozen(kw_only=True)
class EventLoad:
    """What becomes of an await: `share` of them are answered so long after they begin to wait, with such data."""

    after: Duration = DEFAULT_EVENT_DELAY
    share: float = 1.0
    data: Template = NOTHING


@frozen(kw_only=True)
class PlatformLoad:
    """What Waygrid itself runs on. `request_seconds`: there and back, to the log, the database and the cache."""

    processes: int = 1
    partitions: int = 8
    request_seconds: float = 0.002


@frozen(kw_only=True)
class Workload:
    """See the module. `specs`, `services` and `events` have one for each that the Specs use; `unsaid` are those of
    which the workload said nothing, in words.
    """

    specs: Mapping[str, SpecLoad]
    services: Mapping[ServiceAddress, ServiceLoad]
    events: Mapping[str, EventLoad]
    arrivals: Arrivals | None = None
    seconds: float = DEFAULT_SECONDS
    drain_seconds: float
    platform: PlatformLoad = PlatformLoad()
    faults: float = 0.0
    """So many a second, of all kinds."""
    unsaid: tuple[str, ...] = ()
