"""Reads and writes retry policies, delivery strategies, join strategies and repeat policies."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import isfinite
from typing import Final, assert_never

from waygrid_core.extension.extension import JoinRule, RetryRule
from waygrid_core.extension.registry import NO_EXTENSIONS, Extensions
from waygrid_core.model.duration import write_duration
from waygrid_core.model.instant import write_instant
from waygrid_core.model.json_value import JsonValue
from waygrid_core.policy.delay import MAX_RETRIES
from waygrid_core.policy.delivery import DeliveryStrategy, Immediate, ScheduleAfter, ScheduleAt
from waygrid_core.policy.join import And, JoinStrategy, Or, Quorum
from waygrid_core.policy.repeat import Indefinitely, NoRepeat, RepeatPolicy, Times, Until
from waygrid_core.policy.retry import (
    BoundedExponential,
    DecorrelatedJitter,
    Exponential,
    Fibonacci,
    FullJitter,
    Linear,
    NoRetry,
    Polynomial,
    RetryCodes,
    RetryPolicy,
)
from waygrid_core.spec.extended import WriteExtension, open_extended, write_extension
from waygrid_core.spec.fields import Fields, Shape, kind_of, open_typed, typed_shape
from waygrid_core.spec.place import Place
from waygrid_core.spec.problem import ProblemSink
from waygrid_core.spec.templates import is_leaf, read_leaf, write_leaf

_CODES: Final = ("doNotRetry", "retryOn")

RETRY_SHAPES: Final[Mapping[str, Shape]] = {
    "None": typed_shape(optional=_CODES),
    "Linear": typed_shape("base", "maxRetries", optional=_CODES),
    "Exponential": typed_shape("base", "maxRetries", optional=_CODES),
    "BoundedExponential": typed_shape("base", "cap", "maxRetries", optional=_CODES),
    "Fibonacci": typed_shape("base", "maxRetries", optional=_CODES),
    "Polynomial": typed_shape("base", "power", "maxRetries", optional=_CODES),
    "FullJitter": typed_shape("base", "maxRetries", optional=("cap", *_CODES)),
    "DecorrelatedJitter": typed_shape("base", "maxRetries", optional=("cap", *_CODES)),
}
DELIVERY_SHAPES: Final[Mapping[str, Shape]] = {
    "Immediate": typed_shape(),
    "ScheduleAfter": typed_shape("delay"),
    "ScheduleAt": typed_shape("time"),
}
JOIN_SHAPES: Final[Mapping[str, Shape]] = {
    "And": typed_shape(optional=["of"]),
    "Or": typed_shape(),
    "Quorum": typed_shape("n"),
}
EACH_JOIN_SHAPES: Final[Mapping[str, Shape]] = {**JOIN_SHAPES, "And": typed_shape()}
"""An each's members have no names, so its And has no `of`."""
REPEAT_SHAPES: Final[Mapping[str, Shape]] = {
    "NoRepeat": typed_shape(),
    "Indefinitely": typed_shape("every"),
    "Times": typed_shape("every", "times"),
    "Until": typed_shape("every", "until"),
}

_ANY_DURATION: Final = timedelta(seconds=1)
"""Stands where a duration could not be read. Such a Spec has a problem and never runs."""


def read_retry_policy(
    document: JsonValue, place: Place, problems: ProblemSink, extensions: Extensions = NO_EXTENSIONS
) -> RetryPolicy:
    """A retry policy; `NoRetry` and a problem where it could not be read."""
    opened = open_extended(document, place, problems, RETRY_SHAPES, extensions.retries, "a retry policy")
    if opened is None:
        return NoRetry()
    if isinstance(opened, RetryRule):
        return opened
    kind, fields = opened
    base = fields.duration("base") or _ANY_DURATION
    cap = fields.duration("cap")
    retries = fields.whole_number("maxRetries", 1, MAX_RETRIES) or 1
    codes = _read_codes(fields)
    match kind:
        case "Linear":
            return Linear(base, retries, codes)
        case "Exponential":
            return Exponential(base, retries, codes)
        case "BoundedExponential":
            return BoundedExponential(base, cap or _ANY_DURATION, retries, codes)
        case "Fibonacci":
            return Fibonacci(base, retries, codes)
        case "Polynomial":
            return Polynomial(base, _read_power(fields), retries, codes)
        case "FullJitter":
            return FullJitter(base, retries, cap, codes)
        case "DecorrelatedJitter":
            return DecorrelatedJitter(base, retries, cap, codes)
        case _:
            return NoRetry()


def _read_codes(fields: Fields) -> RetryCodes:
    do_not_retry, retry_on = fields.texts("doNotRetry"), fields.texts("retryOn")
    if fields.has("doNotRetry") and fields.has("retryOn"):
        message = "doNotRetry and retryOn exclude each other; write the one that is shorter"
        fields.problems.add(fields.place, "conflicting-fields", message)
        return RetryCodes()
    return RetryCodes(do_not_retry, retry_on)


def _read_power(fields: Fields) -> float:
    if not fields.has("power"):
        return 1.0
    value = fields.document["power"]
    if isinstance(value, bool) or not isinstance(value, int | float):
        fields.refuse("power", "wrong-type", f"power must be a number, not {kind_of(value)}")
        return 1.0
    if value <= 0 or value > MAX_POWER or not isfinite(value):
        fields.refuse("power", "out-of-range", f"power must be a positive number, at most {MAX_POWER}")
        return 1.0
    return float(value)


MAX_POWER: Final = 1_000_000
"""Far above any use: delays saturate at 365 days. It keeps every power a float."""


def read_delivery_strategy(document: JsonValue, place: Place, problems: ProblemSink) -> DeliveryStrategy:
    """A delivery strategy; `Immediate` and a problem where it could not be read."""
    opened = open_typed(document, place, problems, DELIVERY_SHAPES, "a delivery strategy")
    if opened is None:
        return Immediate()
    kind, fields = opened
    name = {"ScheduleAfter": "delay", "ScheduleAt": "time"}.get(kind)
    if name is not None and is_leaf(fields.get(name)):
        leaf = read_leaf(fields.document[name], (place, name), problems)
        if leaf is None:
            return Immediate()
        return ScheduleAfter(leaf) if kind == "ScheduleAfter" else ScheduleAt(leaf)
    if kind == "ScheduleAfter":
        delay = fields.duration("delay")
        return Immediate() if delay is None else ScheduleAfter(delay)
    if kind == "ScheduleAt":
        time = fields.instant("time")
        return Immediate() if time is None else ScheduleAt(time)
    return Immediate()


def read_join_strategy(
    document: JsonValue,
    place: Place,
    problems: ProblemSink,
    shapes: Mapping[str, Shape] = JOIN_SHAPES,
    extensions: Extensions = NO_EXTENSIONS,
) -> JoinStrategy:
    """A join strategy; `And` and a problem where it could not be read. `shapes` may be `EACH_JOIN_SHAPES`."""
    opened = open_extended(document, place, problems, shapes, extensions.joins, "a join strategy")
    if opened is None:
        return And()
    if isinstance(opened, JoinRule):
        return opened
    kind, fields = opened
    if kind == "Or":
        return Or()
    if kind == "Quorum":
        if is_leaf(fields.get("n")):
            leaf = read_leaf(fields.document["n"], (place, "n"), problems)
            return And() if leaf is None else Quorum(leaf)
        n = fields.whole_number("n", 1, code="quorum-out-of-range")
        return And() if n is None else Quorum(n)
    if "of" not in shapes["And"].known:
        return And()
    of = fields.texts("of")
    if of is not None and not of and not fields.document["of"]:
        fields.refuse("of", "out-of-range", "of needs at least one branch; leave it out for all branches")
    return And(of or None)


def read_repeat_policy(document: JsonValue, place: Place, problems: ProblemSink) -> RepeatPolicy:
    """A repeat policy; `NoRepeat` and a problem where it could not be read."""
    opened = open_typed(document, place, problems, REPEAT_SHAPES, "a repeat policy")
    if opened is None:
        return NoRepeat()
    kind, fields = opened
    every = fields.duration("every")
    times = fields.whole_number("times", 1) if kind == "Times" else None
    until = fields.instant("until") if kind == "Until" else None
    if every is not None:
        if kind == "Indefinitely":
            return Indefinitely(every)
        if times is not None:
            return Times(every, times)
        if until is not None:
            return Until(every, until)
    return NoRepeat()


def write_retry_policy(policy: RetryPolicy, write: WriteExtension = write_extension) -> JsonValue:
    """The document of a retry policy. `write` is for one of an extension."""
    if isinstance(policy, NoRetry):
        return {"type": "None"}
    if isinstance(policy, RetryRule):
        return write(policy)
    written: dict[str, JsonValue] = {"type": type(policy).__name__, "base": write_duration(policy.base)}
    match policy:
        case BoundedExponential(cap=cap):
            written["cap"] = write_duration(cap)
        case Polynomial(power=power):
            written["power"] = int(power) if power.is_integer() else power
        case FullJitter(cap=bound) | DecorrelatedJitter(cap=bound):
            if bound is not None:
                written["cap"] = write_duration(bound)
        case Linear() | Exponential() | Fibonacci():
            pass
        case _:
            assert_never(policy)
    written["maxRetries"] = policy.max_retries
    if policy.codes.do_not_retry is not None:
        written["doNotRetry"] = list(policy.codes.do_not_retry)
    if policy.codes.retry_on is not None:
        written["retryOn"] = list(policy.codes.retry_on)
    return written


def write_delivery_strategy(strategy: DeliveryStrategy) -> JsonValue:
    """The document of a delivery strategy."""
    match strategy:
        case Immediate():
            return {"type": "Immediate"}
        case ScheduleAfter(delay=delay):
            written = write_duration(delay) if isinstance(delay, timedelta) else write_leaf(delay)
            return {"type": "ScheduleAfter", "delay": written}
        case ScheduleAt(time=time):
            return {
                "type": "ScheduleAt",
                "time": write_instant(time) if isinstance(time, datetime) else write_leaf(time),
            }
        case _:
            assert_never(strategy)


def write_join_strategy(strategy: JoinStrategy, write: WriteExtension = write_extension) -> JsonValue:
    """The document of a join strategy. `write` is for one of an extension."""
    match strategy:
        case And(of=of):
            return {"type": "And"} if of is None else {"type": "And", "of": list(of)}
        case Or():
            return {"type": "Or"}
        case Quorum(n=n):
            return {"type": "Quorum", "n": n if isinstance(n, int) else write_leaf(n)}
        case JoinRule():
            return write(strategy)
        case _:
            assert_never(strategy)


def write_repeat_policy(policy: RepeatPolicy) -> JsonValue:
    """The document of a repeat policy."""
    match policy:
        case NoRepeat():
            return {"type": "NoRepeat"}
        case Indefinitely(every=every):
            return {"type": "Indefinitely", "every": write_duration(every)}
        case Times(every=every, times=times):
            return {"type": "Times", "every": write_duration(every), "times": times}
        case Until(every=every, until=until):
            return {"type": "Until", "every": write_duration(every), "until": write_instant(until)}
        case _:
            assert_never(policy)
