"""From what was counted to figures."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from attrs import frozen

from waygrid_core.model.address import ServiceAddress
from waygrid_shell.simulation.workload.description import ServiceLoad
from waygrid_shell.simulation.workload.figures import (
    BacklogFigures,
    FailureFigures,
    Moment,
    ServiceFigures,
    TraversalFigures,
)
from waygrid_shell.simulation.workload.measures import is_growing, latency_of
from waygrid_shell.simulation.workload.meters import Meter
from waygrid_shell.simulation.workload.witness import Witness

_PARTS: Final = 20
"""In so many parts of the time what was asked for is looked at for its peak."""


@frozen(kw_only=True)
class Snapshot:
    """How things stood at one instant: when the last traversal had been handed in."""

    at: float
    ended: int
    backlog: int
    backlog_area: float
    busy_areas: Mapping[ServiceAddress, float]
    waiting: Mapping[ServiceAddress, int]
    asked: Mapping[ServiceAddress, int]


def snapshot_of(witness: Witness, meters: Mapping[ServiceAddress, Meter], now: float) -> Snapshot:
    """How they stand now."""
    return Snapshot(
        at=now,
        ended=witness.statuses.total(),
        backlog=witness.under_way.count,
        backlog_area=witness.under_way.area_at(now),
        busy_areas={address: meter.busy.area_at(now) for address, meter in meters.items()},
        waiting={address: meter.waiting.count for address, meter in meters.items()},
        asked={address: meter.asked for address, meter in meters.items()},
    )


def traversals_of(witness: Witness, specs: Sequence[str]) -> TraversalFigures:
    """Of these Specs together."""
    statuses: Counter[str] = Counter()
    errors: Counter[str] = Counter()
    for (spec, status), count in witness.statuses.items():
        statuses[status] += count if spec in specs else 0
    for (spec, code), count in witness.errors.items():
        errors[code] += count if spec in specs else 0
    return TraversalFigures(
        handed_in=sum(witness.handed_in[spec] for spec in specs),
        statuses=_sorted(statuses),
        errors=_sorted(errors),
        latency=latency_of(seconds for spec in specs for seconds in witness.latencies.get(spec, ())),
    )


def backlog_of(witness: Witness, snapshot: Snapshot, moments: Sequence[Moment]) -> BacklogFigures:
    """Until the last traversal was handed in; the most of it is that of the whole run."""
    levels = [float(moment.backlog) for moment in moments if moment.at < snapshot.at]
    return BacklogFigures(
        mean=snapshot.backlog_area / snapshot.at,
        most=witness.under_way.most,
        at_end=snapshot.backlog,
        is_growing=is_growing(levels),
    )


def services_of(
    loads: Mapping[ServiceAddress, ServiceLoad], meters: Mapping[ServiceAddress, Meter], snapshot: Snapshot
) -> Sequence[ServiceFigures]:
    """The busiest first."""
    found = [_service(address, load, meters[address], snapshot) for address, load in loads.items()]
    return sorted(found, key=lambda each: (-each.utilisation, each.service))


def _service(address: ServiceAddress, load: ServiceLoad, meter: Meter, snapshot: Snapshot) -> ServiceFigures:
    held = meter.busy.area / meter.taken if meter.taken else 0.0
    return ServiceFigures(
        service=address.short,
        workers=load.workers,
        concurrency=load.concurrency,
        attempts=meter.asked,
        failures=_sorted(meter.failures),
        never_answered=meter.silent,
        utilisation=snapshot.busy_areas[address] / (snapshot.at * load.places),
        busiest=meter.busy.most,
        wait=latency_of(meter.waits),
        latency=latency_of(meter.latencies),
        waiting_most=meter.waiting.most,
        waiting_at_end=snapshot.waiting[address],
        asked_places=snapshot.asked[address] * held / snapshot.at,
        asked_places_most=_most_in_a_row(meter, snapshot.at) * held,
    )


def _most_in_a_row(meter: Meter, seconds: float) -> float:
    """How many attempts a second were asked for in the busiest twentieth of the time."""
    buckets = max(1, math.ceil(seconds / meter.bucket_seconds))
    together = max(1, buckets // _PARTS)
    counts = [meter.asked_over_time[index] for index in range(buckets)]
    most = max(sum(counts[begin : begin + together]) for begin in range(buckets - together + 1))
    return most / (together * meter.bucket_seconds)


def failures_of(witness: Witness) -> Sequence[FailureFigures]:
    """The most frequent first."""
    found: dict[tuple[str, str, str], list[int]] = {}
    for key, count in witness.failures.items():
        counts = found.setdefault((key.place.spec, key.place.node, key.code), [0, 0])
        counts[key.is_final] += count
    ranked = sorted(found.items(), key=lambda each: (-sum(each[1]), each[0]))
    return [
        FailureFigures(spec=spec, node=node, code=code, retried=retried, final=final)
        for (spec, node, code), (retried, final) in ranked
    ]


def moments_of(witness: Witness, width: float) -> Sequence[Moment]:
    """The parts of the time; each is so many seconds long."""
    return [
        Moment(
            at=index * width,
            handed_in=bucket.arrived / width,
            ended=bucket.ended / width,
            backlog=bucket.backlog,
            waiting=bucket.waiting,
            latency=latency_of(bucket.latencies),
        )
        for index, bucket in enumerate(witness.buckets)
    ]


def _sorted(counts: Mapping[str, int]) -> Mapping[str, int]:
    """The most frequent first; none that are none."""
    ranked: Iterable[tuple[str, int]] = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return {name: count for name, count in ranked if count}
