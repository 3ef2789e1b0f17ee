"""Figures as JSON. Times are in seconds, rates a second's, shares from 0 to 1."""

from waygrid_core.model.json_value import JsonValue
from waygrid_shell.simulation.workload.advice import advice_of
from waygrid_shell.simulation.workload.figures import (
    FailureFigures,
    Figures,
    Moment,
    ServiceFigures,
    TraversalFigures,
)
from waygrid_shell.simulation.workload.measures import Latency

_DIGITS = 6


def document_of(figures: Figures) -> dict[str, JsonValue]:
    """All of them, the same for the same run."""
    backlog = figures.backlog
    return {
        "seed": figures.seed,
        "simulated": {"seconds": _n(figures.seconds), "drainedSeconds": _n(figures.drained_seconds)},
        "traversals": _traversals(figures.traversals),
        "specs": {name: _traversals(each) for name, each in figures.specs.items()},
        "throughput": _n(figures.throughput),
        "attempts": figures.attempts,
        "retries": figures.retries,
        "refused": figures.refused,
        "underWay": figures.under_way,
        "backlog": {
            "mean": _n(backlog.mean),
            "most": backlog.most,
            "atEnd": backlog.at_end,
            "isGrowing": backlog.is_growing,
        },
        "services": [_service(each) for each in figures.services],
        "failures": [_failure(each) for each in figures.failures],
        "momentSeconds": _n(figures.moment_seconds),
        "moments": [_moment(each) for each in figures.moments],
        "advice": advice_of(figures),
        "happened": list(figures.happened),
        "wrong": list(figures.wrong),
    }


def _traversals(each: TraversalFigures) -> JsonValue:
    return {
        "handedIn": each.handed_in,
        "statuses": dict(each.statuses),
        "errors": dict(each.errors),
        "latency": _latency(each.latency),
    }


def _service(each: ServiceFigures) -> JsonValue:
    return {
        "service": each.service,
        "workers": each.workers,
        "concurrency": each.concurrency,
        "attempts": each.attempts,
        "failures": dict(each.failures),
        "neverAnswered": each.never_answered,
        "utilisation": _n(each.utilisation),
        "busiest": each.busiest,
        "askedPlaces": {"mean": _n(each.asked_places), "most": _n(each.asked_places_most)},
        "wait": _latency(each.wait),
        "latency": _latency(each.latency),
        "waiting": {"most": each.waiting_most, "atEnd": each.waiting_at_end},
    }


def _failure(each: FailureFigures) -> JsonValue:
    return {"spec": each.spec, "node": each.node, "code": each.code, "retried": each.retried, "final": each.final}


def _moment(each: Moment) -> JsonValue:
    return {
        "at": _n(each.at),
        "handedIn": _n(each.handed_in),
        "ended": _n(each.ended),
        "backlog": each.backlog,
        "waiting": each.waiting,
        "latency": _latency(each.latency),
    }


def _latency(each: Latency) -> JsonValue:
    return {
        "count": each.count,
        "mean": _n(each.mean),
        "p50": _n(each.p50),
        "p90": _n(each.p90),
        "p99": _n(each.p99),
        "max": _n(each.most),
    }


def _n(number: float) -> float:
    return round(number, _DIGITS)
