"""Counts what happens, for whoever scrapes. One object a plant: two plants in one process do not share counts."""

from collections.abc import Callable, Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

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
        self._histograms: dict[Metric, Histogram] = {}
        for metric in METRICS:
            match metric.kind:
                case "counter":
                    self._counters[metric] = Counter(metric.name, metric.says, metric.labels, registry=self._registry)
                case "gauge":
                    self._gauges[metric] = Gauge(metric.name, metric.says, metric.labels, registry=self._registry)
                case "histogram":
                    buckets = SECONDS if metric.name.endswith("_seconds") else _COUNTS
                    self._histograms[metric] = Histogram(
                        metric.name, metric.says, metric.labels, registry=self._registry, buckets=buckets
                    )

    def count(self, metric: Metric, *labels: str, by: float = 1) -> None:
        """Add to a counter. Once a batch, not once a signal: a call costs about a microsecond."""
        counter = self._counters[metric]
        (counter.labels(*labels) if labels else counter).inc(by)

    def set(self, metric: Metric, value: float, *labels: str) -> None:
        """Set a gauge."""
        gauge = self._gauges[metric]
        (gauge.labels(*labels) if labels else gauge).set(value)

    def observe(self, metric: Metric, values: Iterable[float], *labels: str) -> None:
        """Add to a histogram."""
        histogram = self._histograms[metric]
        child = histogram.labels(*labels) if labels else histogram
        for value in values:
            child.observe(value)

    def ask(self, metric: Metric, value: Callable[[], float], *labels: str) -> None:
        """Have a gauge read when somebody scrapes."""
        gauge = self._gauges[metric]
        (gauge.labels(*labels) if labels else gauge).set_function(value)

    def text(self) -> bytes:
        """All of them in the text format of Prometheus."""
        return generate_latest(self._registry)
