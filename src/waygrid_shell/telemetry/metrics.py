"""Counts what happens, for whoever scrapes. One object a plant: two plants in one process do not share counts."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final

from attrs import define
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

from waygrid_shell.telemetry.names import METRICS, Metric

SECONDS: Final = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Bounds of the buckets of histograms of seconds: from an idle step to a slow model."""

_COUNTS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)


class Metrics:
    """All metrics of `names`, at zero."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._counters: dict[Metric, Counter] = {}
        self._gauges: dict[Metric, Gauge] = {}
        self._histograms: dict[Metric, _Histogram] = {}
        for metric in METRICS:
            match metric.kind:
                case "counter":
                    self._counters[metric] = Counter(metric.name, metric.says, metric.labels, registry=self._registry)
                case "gauge":
                    self._gauges[metric] = Gauge(metric.name, metric.says, metric.labels, registry=self._registry)
                case "histogram":
                    buckets = SECONDS if metric.name.endswith("_seconds") else _COUNTS
                    self._histograms[metric] = histogram = _Histogram(metric, buckets)
                    self._registry.register(histogram)

    def count(self, metric: Metric, *labels: str, by: float = 1) -> None:
        """Add to a counter. Once a batch, not once a signal: a call costs about a microsecond."""
        counter = self._counters[metric]
        (counter.labels(*labels) if labels else counter).inc(by)

    def set(self, metric: Metric, value: float, *labels: str) -> None:
        """Set a gauge."""
        gauge = self._gauges[metric]
        (gauge.labels(*labels) if labels else gauge).set(value)

    def observe(self, metric: Metric, values: Iterable[float], *labels: str) -> None:
        """Add to a histogram: half a microsecond a value, and as much a call."""
        self._histograms[metric].observe(values, labels)

    def ask(self, metric: Metric, value: Callable[[], float], *labels: str) -> None:
        """Have a gauge read when somebody scrapes."""
        gauge = self._gauges[metric]
        (gauge.labels(*labels) if labels else gauge).set_function(value)

    def text(self) -> bytes:
        """All of them in the text format of Prometheus."""
        return generate_latest(self._registry)


@define
class _Series:
    """One histogram with its labels: how many values fell between two bounds, and their sum."""

    counts: list[int]
    sum: float = 0.0


class _Histogram(Collector):
    """As `prometheus_client.Histogram`, which takes three microseconds a value: it counts in every bucket."""

    def __init__(self, metric: Metric, bounds: Sequence[float]) -> None:
        self._metric = metric
        self._bounds = bounds
        self._series: dict[tuple[str, ...], _Series] = {}
        if not metric.labels:
            self._series[()] = self._new()

    def _new(self) -> _Series:
        return _Series([0] * (len(self._bounds) + 1))

    def observe(self, values: Iterable[float], labels: tuple[str, ...]) -> None:
        series = self._series.get(labels)
        if series is None:
            series = self._series[labels] = self._new()
        for value in values:
            series.counts[bisect_left(self._bounds, value)] += 1
            series.sum += value

    def collect(self) -> Iterator[HistogramMetricFamily]:
        family = HistogramMetricFamily(self._metric.name, self._metric.says, labels=self._metric.labels)
        names = [*(str(float(bound)) for bound in self._bounds), "+Inf"]
        for labels, series in list(self._series.items()):
            family.add_metric(labels, list(zip(names, accumulate(series.counts), strict=True)), series.sum)
        yield family
