"""Retry, delivery, repeat and join policies as an author writes them."""

from collections.abc import Sequence
from typing import Any, Final

from hypothesis import strategies as st

from waygrid_core.testing.data import Document, from_leaves

SOON: Final = "2026-01-01T00:00:10Z"
"""An instant shortly after stories begin; `PAST` lies before, `LATER` well after."""
PAST: Final = "2025-12-31T23:00:00-01:00"
LATER: Final = "2026-01-02T00:00:00.5+02:00"

durations = st.sampled_from(("1ms", "1s", "1.5s", "2s", "1m", "1h"))
error_codes = st.sampled_from(("failed", "timeout", "upstream", "http-500", "http-404", "no-route", "bad-value"))
_code_patterns = st.sampled_from(("failed", "timeout", "upstream", "http-*", "http-*", "http-404", "*", "no-route"))


@st.composite
def retry_policies(draw: st.DrawFn) -> Document:
    """Every policy, few retries, with either list of codes or none."""
    kind = draw(
        st.sampled_from(
            ("Linear", "Exponential", "BoundedExponential", "Fibonacci", "Polynomial", "FullJitter",
             "DecorrelatedJitter", "None")
        )
    )  # fmt: skip
    if kind == "None":
        return {"type": "None"}
    policy: Document = {"type": kind, "base": draw(durations), "maxRetries": draw(st.integers(1, 3))}
    if kind == "BoundedExponential" or (kind.endswith("Jitter") and draw(st.booleans())):
        policy["cap"] = draw(st.sampled_from(("1h", "2h")))
    if kind == "Polynomial":
        policy["power"] = draw(st.sampled_from((1, 2, 1.5)))
    codes = draw(st.sampled_from(("neither", "neither", "doNotRetry", "retryOn")))
    if codes != "neither":
        policy[codes] = draw(st.lists(_code_patterns, min_size=1, max_size=2, unique=True))
    return policy


@st.composite
def delivery_strategies(draw: st.DrawFn, pointers: Sequence[str]) -> Document:
    """Delays and instants, plain and from data; what data gives is, rarely, no duration at all."""
    kind = draw(
        st.sampled_from(("plain", "plain", "wait", "text", "anything", "ScheduleAt", "ScheduleAt", "Immediate"))
    )
    match kind:
        case "plain":
            return {"type": "ScheduleAfter", "delay": draw(durations)}
        case "wait":
            wait = [*(pointer for pointer in pointers if pointer.endswith("/wait")), "/payload/wait"]
            return {"type": "ScheduleAfter", "delay": {"$from": draw(st.sampled_from(wait)), "$default": "5s"}}
        case "text":
            return {"type": "ScheduleAfter", "delay": {"$text": "{/traversal/run}m"}}
        case "anything":
            return {"type": "ScheduleAfter", "delay": draw(from_leaves(pointers))}
        case "ScheduleAt":
            time: Any = st.sampled_from((PAST, SOON, LATER, {"$literal": SOON}, {"$from": "/payload/wait"}))
            return {"type": "ScheduleAt", "time": draw(time)}
        case _:
            return {"type": "Immediate"}


@st.composite
def repeat_policies(draw: st.DrawFn) -> Document:
    """Every repeat policy."""
    every = draw(durations)
    return draw(
        st.sampled_from(
            (
                {"type": "Times", "every": every, "times": draw(st.integers(1, 3))},
                {"type": "Until", "every": every, "until": SOON},
                {"type": "Indefinitely", "every": every},
                {"type": "NoRepeat"},
            )
        )
    )


@st.composite
def join_strategies(draw: st.DrawFn, branches: Sequence[str], pointers: Sequence[str]) -> Document:
    """Every strategy over these branches; a quorum from data may give anything."""
    kind = draw(st.sampled_from(("And", "Or", "Quorum", "of", "data")))
    if kind == "of":
        return {"type": "And", "of": draw(st.lists(st.sampled_from(branches), min_size=1, unique=True))}
    if kind == "Quorum":
        return {"type": "Quorum", "n": draw(st.integers(1, len(branches)))}
    if kind == "data":
        counts = [pointer for pointer in pointers if pointer.endswith("/n") or pointer == "/traversal/run"]
        default = draw(st.sampled_from((1, 2, len(branches), 1.0, 2.0, 1, 2, 1, 2, 0, "1")))
        return {"type": "Quorum", "n": {"$from": draw(st.sampled_from(counts)), "$default": default}}
    return {"type": kind}
