"""What `waygrid simulate` says to people."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from attrs import frozen

from waygrid_core.model.json_value import JsonValue
from waygrid_shell.cli.look import table
from waygrid_shell.cli.run_report import counted
from waygrid_shell.simulation.workload.advice import advice_of
from waygrid_shell.simulation.workload.figures import Figures, ServiceFigures, TraversalFigures
from waygrid_shell.simulation.workload.measures import Latency
from waygrid_shell.simulation.workload.spans import span_text

_ROWS: Final = 12
"""Of what is shown over time."""
_SHOWN_FAILURES: Final = 15
_PERCENTILES: Final = ("P50", "P90", "P99", "MAX")


@frozen
class Took:
    """How long it took, in seconds of real time."""

    seconds: float
    traversals: int
    attempts: int

    @property
    def document(self) -> JsonValue:
        """As JSON; rates are a second's."""
        return {
            "seconds": round(self.seconds, 3),
            "traversalsPerSecond": round(self._rate(self.traversals), 1),
            "attemptsPerSecond": round(self._rate(self.attempts), 1),
        }

    @property
    def text(self) -> str:
        """For people."""
        rates = f"{self._rate(self.traversals):.0f} traversals and {self._rate(self.attempts):.0f} attempts a second"
        return f"in {span_text(self.seconds)} of real time: {rates}"

    def _rate(self, count: int) -> float:
        return count / self.seconds if self.seconds else 0.0


def as_text(figures: Figures, took: Took) -> str:
    """All of it."""
    return "\n".join(_lines(figures, took))


def _lines(figures: Figures, took: Took) -> Iterator[str]:
    yield _first(figures)
    yield _ends(figures)
    yield ""
    yield _traversals(figures)
    yield ""
    yield _services(figures.services)
    if figures.failures:
        yield ""
        yield from _failures(figures)
    yield ""
    yield _over_time(figures)
    if figures.happened:
        yield ""
        yield "What happened to it (seconds since the beginning)"
        yield from figures.happened
    yield ""
    yield _backlog(figures)
    yield advice_of(figures)
    yield ""
    yield f"Simulated {span_text(figures.seconds + figures.drained_seconds)} (seed {figures.seed}) {took.text}."


def _first(figures: Figures) -> str:
    rate = figures.traversals.handed_in / figures.seconds
    return (
        f"{counted(figures.traversals.handed_in, 'traversal')} handed in over {span_text(figures.seconds)}"
        f" ({rate:.3g} a second), {figures.throughput:.3g} ended a second; "
        f"the last one {span_text(figures.drained_seconds)} later"
    )


def _ends(figures: Figures) -> str:
    traversals = figures.traversals
    parts = [f"{count} {status.lower()}" for status, count in traversals.statuses.items()]
    if figures.under_way:
        parts.append(f"{figures.under_way} still under way")
    left = traversals.handed_in - sum(traversals.statuses.values()) - figures.under_way
    if left > 0:
        parts.append(f"{left} stuck")
    said = ", ".join(parts) or "none ended"
    errors = _counts(traversals.errors)
    more = [f"errors: {errors}" if errors else "", f"{figures.retries} retries" if figures.retries else ""]
    if figures.refused:
        more.append(f"{counted(figures.refused, 'request')} not taken in at once")
    return "; ".join([said, *(each for each in more if each)])


def _traversals(figures: Figures) -> str:
    rows = [_traversal_row("all", figures.traversals)]
    if len(figures.specs) > 1:
        rows += [_traversal_row(name, each) for name, each in figures.specs.items()]
    return table(("TRAVERSALS", "HANDED IN", "ENDED", "MEAN", *_PERCENTILES), rows)


def _traversal_row(name: str, each: TraversalFigures) -> Sequence[str]:
    ended = str(sum(each.statuses.values()))
    return (name, str(each.handed_in), ended, span_text(each.latency.mean), *_percentiles(each.latency))


def _services(services: Sequence[ServiceFigures]) -> str:
    head = ("SERVICE", "PLACES", "BUSY", "ATTEMPTS", "FAILED", "TAKES P50", "P99", "WAITS P50", "P99", "MAX", "QUEUE")
    rows = [
        (
            each.service,
            f"{each.workers} x {each.concurrency}",
            f"{100 * each.utilisation:.0f}%",
            str(each.attempts),
            str(sum(each.failures.values()) + each.never_answered),
            span_text(each.latency.p50),
            span_text(each.latency.p99),
            span_text(each.wait.p50),
            span_text(each.wait.p99),
            span_text(each.wait.most),
            f"{each.waiting_most} at most, {each.waiting_at_end} at the end",
        )
        for each in services
    ]
    return table(head, rows)


def _failures(figures: Figures) -> Iterator[str]:
    rows = [
        (f"{each.node} of {each.spec}", each.code, str(each.retried), str(each.final))
        for each in figures.failures[:_SHOWN_FAILURES]
    ]
    yield table(("FAILURES AT", "CODE", "TRIED AGAIN", "FOR GOOD"), rows)
    if len(figures.failures) > _SHOWN_FAILURES:
        yield f"and {len(figures.failures) - _SHOWN_FAILURES} more (--format json has all)"


def _over_time(figures: Figures) -> str:
    """A dozen parts of the time."""
    moments = figures.moments
    together = max(1, -(-len(moments) // _ROWS))
    rows = []
    for begin in range(0, len(moments), together):
        part = moments[begin : begin + together]
        latest = part[-1]
        # Percentiles of several parts together are not those of the parts: the highest of these is said.
        p50, p99 = (max(getattr(each.latency, share) for each in part) for share in ("p50", "p99"))
        rows.append(
            (
                span_text(part[0].at),
                f"{sum(each.handed_in for each in part) / len(part):.3g}/s",
                f"{sum(each.ended for each in part) / len(part):.3g}/s",
                str(latest.backlog),
                str(latest.waiting),
                span_text(p50),
                span_text(p99),
            )
        )
    return table(("FROM", "HANDED IN", "ENDED", "UNDER WAY", "WAITING", "P50 UP TO", "P99 UP TO"), rows)


def _backlog(figures: Figures) -> str:
    backlog = figures.backlog
    trend = "and growing" if backlog.is_growing else "and not growing"
    return (
        f"Under way: {backlog.mean:.3g} on average, {backlog.most} at most, "
        f"{backlog.at_end} when the last one had been handed in, {trend}."
    )


def _percentiles(latency: Latency) -> Sequence[str]:
    return tuple(span_text(each) for each in (latency.p50, latency.p90, latency.p99, latency.most))


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())
