"""When and how long, as a workload says it: arrivals and distributions, read strictly."""

from collections.abc import Mapping
from math import inf
from typing import Final

from waygrid_core.model.json_value import Missing
from waygrid_core.spec.fields import Fields, Shape, open_object, open_typed, shape, typed_shape
from waygrid_shell.simulation.workload.arrivals import Arrivals, Bursts, Step
from waygrid_shell.simulation.workload.durations import Constant, Duration, Exponential, LogNormal, Uniform
from waygrid_shell.simulation.workload.quantities import read_rate

ARRIVALS: Final[Mapping[str, Shape]] = {
    "Constant": typed_shape("rate"),
    "Poisson": typed_shape("rate"),
    "Ramp": typed_shape("from", "to", "over"),
    "Burst": typed_shape("size", "every", optional=("rate",)),
    "Schedule": typed_shape("steps"),
}
STEP: Final = shape("for", optional=("rate", "from", "to"))
DURATIONS: Final[Mapping[str, Shape]] = {
    "Constant": typed_shape("value"),
    "Uniform": typed_shape("from", "to"),
    "Exponential": typed_shape("mean"),
    "LogNormal": typed_shape("median", "p99"),
}

_WORST_SPREAD: Final = 10_000.0
"""A 99th percentile so many times the median is a mistake."""


def read_arrivals(outer: Fields) -> Arrivals | None:
    """The field `arrivals`; None where it is not there, or is wrong."""
    if not outer.has("arrivals"):
        return None
    document, place = outer.get("arrivals"), (outer.place, "arrivals")
    if isinstance(document, dict) and "type" not in document and "rate" in document:
        document = {"type": "Poisson", **document}
    opened = open_typed(document, place, outer.problems, ARRIVALS, "arrivals")
    if opened is None:
        return None
    kind, fields = opened
    match kind:
        case "Constant" | "Poisson":
            rate = read_rate(fields, "rate") or 0.0
            return Arrivals([Step(inf, rate, rate)], is_even=kind == "Constant")
        case "Ramp":
            return _ramp(fields)
        case "Burst":
            rate = read_rate(fields, "rate") or 0.0
            size, every = fields.whole_number("size", 1, 1_000_000), read_seconds(fields, "every")
            return Arrivals([Step(inf, rate, rate)], bursts=Bursts(size or 1, every or 1.0))
        case _:
            return Arrivals(_steps(fields))


def _ramp(fields: Fields) -> Arrivals:
    first, last = read_rate(fields, "from", may_be_none=True) or 0.0, read_rate(fields, "to", may_be_none=True) or 0.0
    return Arrivals([Step(read_seconds(fields, "over") or 1.0, first, last), Step(inf, last, last)])


def _steps(fields: Fields) -> list[Step]:
    steps = []
    items = fields.items("steps")
    if items is not None and not items:
        fields.refuse("steps", "out-of-range", "steps has at least one step")
    for index, item in enumerate(items or ()):
        step = open_object(item, ((fields.place, "steps"), index), fields.problems, STEP, "a step")
        if step is None:
            continue
        seconds = read_seconds(step, "for") or 1.0
        if step.has("rate") and (step.has("from") or step.has("to")):
            step.refuse("rate", "conflicting-fields", "a step has one rate, or goes from one to another, not both")
        elif not step.has("rate") and not (step.has("from") and step.has("to")):
            step.problems.add(step.place, "missing-field", "a step needs a rate, or from and to")
        rate = read_rate(step, "rate", may_be_none=True)
        first, last = read_rate(step, "from", may_be_none=True), read_rate(step, "to", may_be_none=True)
        steps.append(Step(seconds, rate or first or 0.0, rate or last or 0.0))
    return steps


def read_distribution(outer: Fields, name: str) -> Duration | None:
    """A distribution, of which a text is the constant one; None where it is not there, or is wrong."""
    document = outer.get(name)
    if isinstance(document, Missing):
        return None
    if isinstance(document, str):
        seconds = read_seconds(outer, name)
        return None if seconds is None else Constant(seconds)
    opened = open_typed(document, (outer.place, name), outer.problems, DURATIONS, f"{name} (a duration, or an object)")
    if opened is None:
        return None
    kind, fields = opened
    match kind:
        case "Constant":
            return Constant(read_seconds(fields, "value") or 1.0)
        case "Uniform":
            low, high = read_seconds(fields, "from") or 0.0, read_seconds(fields, "to") or inf
            if low > high:
                fields.refuse("to", "out-of-range", "to must be at least as long as from")
            return Uniform(low, high)
        case "Exponential":
            return Exponential(read_seconds(fields, "mean") or 1.0)
        case _:
            return _log_normal(fields)


def _log_normal(fields: Fields) -> LogNormal:
    median, p99 = read_seconds(fields, "median"), read_seconds(fields, "p99")
    if median is None or p99 is None:
        return LogNormal(1.0, 1.0)
    if p99 < median:
        fields.refuse("p99", "out-of-range", "p99 must be at least as long as median: 99 of 100 take no longer than it")
    elif p99 > _WORST_SPREAD * median:
        fields.refuse("p99", "out-of-range", f"p99 may be at most {_WORST_SPREAD:.0f} times as long as median")
    return LogNormal(median, p99)


def read_seconds(fields: Fields, name: str) -> float | None:
    """A duration, in seconds; None where it is not there, or is wrong."""
    duration = fields.duration(name)
    return None if duration is None else duration.total_seconds()
