"""Documents of Specs for tests of the parser: right in every field, though their graphs may make no sense; and what can
go wrong with one at one place.
"""

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

# A Spec is large data by design, and slow to draw beside what it tests; neither says that a strategy is wrong.
SLOW_TO_DRAW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
FEW = settings(max_examples=60, deadline=None, suppress_health_check=SLOW_TO_DRAW)
MANY = settings(max_examples=300, deadline=None, suppress_health_check=SLOW_TO_DRAW)

IDS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,6}", fullmatch=True)
TEXTS = st.text(max_size=8)
DURATIONS = st.builds("{}{}".format, st.integers(1, 3650), st.sampled_from(["ms", "s", "m", "h", "d"]))
INSTANTS = st.sampled_from(["2026-01-31T08:00:00Z", "2026-12-01T00:00:00.5+01:00"])
NUMBERS = st.integers(-(10**6), 10**6) | st.floats(allow_nan=False, allow_infinity=False, width=32)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
KEYS = TEXTS.filter(lambda key: not key.startswith("$"))
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS | st.just("$from"), inner, max_size=3),
    max_leaves=5,
)
PLAIN = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=5
)
DATA_POINTERS = st.sampled_from(
    ["/payload", "/payload/a~1b/0", "/input/~0", "/traversal/run", "/nodes/a/output", "/nodes/b-1/output/x"]
)
LEAVES = st.one_of(
    st.fixed_dictionaries({"$from": DATA_POINTERS | st.lists(DATA_POINTERS, min_size=1, max_size=2)}),
    st.fixed_dictionaries({"$from": DATA_POINTERS, "$default": JSON}),
    st.fixed_dictionaries({"$text": st.sampled_from(["", "plain", "Order {/payload/id}!", "{{{/input}}}", "a}}b"])}),
    st.fixed_dictionaries({"$literal": JSON}),
)
TEMPLATES = st.recursive(
    SCALARS | LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=5
)
SECRETS = st.fixed_dictionaries({"path": TEXTS}, optional={"field": TEXTS, "version": st.integers(1, 9)}).map(
    lambda secret: {"$secret": secret}
)
POINTERS = st.sampled_from(["", "/", "/a", "/a~1b/~0", "/0"])
COMPARISONS = st.sampled_from(["lt", "le", "gt", "ge", "ne", "contains", "in"])


def typed(kind: str, required: dict[str, Any], optional: dict[str, Any] | None = None) -> st.SearchStrategy[Any]:
    """An object of a type."""
    return st.fixed_dictionaries({"type": st.just(kind), **required}, optional=optional or {})


CONDITIONS: st.SearchStrategy[Any] = st.recursive(
    typed("Always", {})
    | typed("JsonExists", {"pointer": POINTERS})
    | typed("JsonEquals", {"pointer": POINTERS, "value": PLAIN | LEAVES})
    | typed("JsonCompare", {"pointer": POINTERS, "op": COMPARISONS, "value": PLAIN | LEAVES}),
    lambda inner: (
        typed("Not", {"cond": inner})
        | typed("And", {"all": st.lists(inner, min_size=1, max_size=2)})
        | typed("Or", {"any": st.lists(inner, min_size=1, max_size=2)})
    ),
    max_leaves=3,
)
_RETRIES = {"base": DURATIONS, "maxRetries": st.integers(1, 100)}
_CODES = st.lists(st.sampled_from(["timeout", "http-*", "x"]), max_size=2)


def _with_codes(kind: str, required: dict[str, Any], optional: dict[str, Any] | None = None) -> Any:
    return st.one_of(
        typed(kind, required, {**(optional or {}), "doNotRetry": _CODES}),
        typed(kind, required, {**(optional or {}), "retryOn": _CODES}),
    )


RETRY_POLICIES = st.one_of(
    typed("None", {}),
    _with_codes("Linear", _RETRIES),
    _with_codes("Exponential", _RETRIES),
    _with_codes("BoundedExponential", _RETRIES | {"cap": DURATIONS}),
    _with_codes("Fibonacci", _RETRIES),
    _with_codes("Polynomial", _RETRIES | {"power": st.sampled_from([1, 2, 0.5, 3.0])}),
    _with_codes("FullJitter", _RETRIES, {"cap": DURATIONS}),
    _with_codes("DecorrelatedJitter", _RETRIES, {"cap": DURATIONS}),
)
DELIVERIES = st.one_of(
    typed("Immediate", {}),
    typed("ScheduleAfter", {"delay": DURATIONS | LEAVES}),
    typed("ScheduleAt", {"time": INSTANTS | LEAVES}),
)
JOIN_STRATEGIES = st.one_of(
    typed("And", {}, {"of": st.lists(IDS, min_size=1, max_size=2)}),
    typed("Or", {}),
    typed("Quorum", {"n": st.integers(1, 3) | LEAVES}),
)
EACH_STRATEGIES = typed("And", {}) | typed("Or", {}) | typed("Quorum", {"n": st.integers(1, 3) | LEAVES})
REPEAT_POLICIES = st.one_of(
    typed("NoRepeat", {}),
    typed("Indefinitely", {"every": DURATIONS}),
    typed("Times", {"every": DURATIONS, "times": st.integers(1, 5)}),
    typed("Until", {"every": DURATIONS, "until": INSTANTS}),
)
_MOMENTS = st.one_of(*(st.fixed_dictionaries({ended: TEXTS}) for ended in ("succeeded", "failed")))
GUARANTEES = st.one_of(
    st.fixed_dictionaries({"dispatch": TEXTS, "after": _MOMENTS}).map(lambda never: {"never": never}),
    st.fixed_dictionaries({"dispatch": TEXTS}, optional={"after": _MOMENTS}).map(lambda always: {"always": always}),
    st.lists(TEXTS, min_size=2, max_size=3, unique=True).map(lambda names: {"oneOf": {"dispatch": names}}),
    st.fixed_dictionaries({"dispatch": TEXTS, "before": st.fixed_dictionaries({"succeeded": TEXTS})}).map(
        lambda never: {"never": never}
    ),
    st.fixed_dictionaries({"dispatch": TEXTS, "times": st.integers(0, 3)}).map(lambda most: {"atMost": most}),
)
_TEXT_OR_LEAF = TEXTS | LEAVES
_ALL = {"id": IDS, "label": st.text(max_size=64), "description": TEXTS}
_ADDRESSES = st.sampled_from(["waygrid://processor/openai", "waygrid://destination/web-hook2", "waygrid://system/x"])


def _bounded(node: dict[str, Any]) -> dict[str, Any]:
    """An `onTimeout` needs a timeout, and no condition follows `Always`."""
    if "onTimeout" in node:
        node.setdefault("timeout", "5s")
    edges = node.get("onConditions", [])
    for index, edge in enumerate(edges):
        if edge["condition"] == {"type": "Always"}:
            node["onConditions"] = edges[: index + 1]
            break
    return node


def _grow(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    edges = st.lists(st.fixed_dictionaries({"condition": CONDITIONS, "to": inner}), max_size=2)
    ends = {"onSuccess": inner, "onFailure": inner, "onTimeout": inner, "always": inner}
    attempted = {"input": TEMPLATES, "retryPolicy": RETRY_POLICIES, "deliveryStrategy": DELIVERIES}
    call = {**_ALL, **ends, **attempted, "timeout": DURATIONS, "onConditions": edges}
    parameters = st.dictionaries(KEYS, TEMPLATES | SECRETS, max_size=2)
    join = typed("join", {"joinNodeId": IDS, "strategy": JOIN_STRATEGIES}, {**_ALL, **ends, "timeout": DURATIONS})
    short = typed("join", {"joinNodeId": IDS})
    body = inner | _specs(inner, typed("NoRepeat", {})) | st.fixed_dictionaries({"dag": st.just("0" * 64)})
    each = {"strategy": EACH_STRATEGIES, "concurrency": st.integers(1, 3), "atMost": st.integers(1, 10_000)}
    waits = {key: edge for key, edge in ends.items() if key != "onFailure"}
    return st.one_of(
        typed("standard", {"address": _ADDRESSES}, {**call, "parameters": parameters}),
        typed("pass", {}, {**_ALL, "output": TEMPLATES, "deliveryStrategy": DELIVERIES, "onConditions": edges}),
        typed(
            "fork",
            {"joinNodeId": IDS, "branches": st.dictionaries(IDS, inner, min_size=2, max_size=3)},
            {**_ALL, "concurrency": st.integers(1, 3), "join": join.map(_bounded) | short},
        ),
        join,
        typed("await", {"event": TEXTS}, {**_ALL, **waits, "key": _TEXT_OR_LEAF, "timeout": DURATIONS}),
        typed("call", {"body": body}, call),
        typed("each", {"body": body, "over": LEAVES}, {**call, **each}),
        typed("loop", {"body": body, "until": CONDITIONS, "atMost": st.integers(1, 9)}, {**call, "every": DURATIONS}),
    ).map(_bounded)


def _specs(nodes: st.SearchStrategy[Any], repeats: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {"entryPoints": st.lists(nodes, min_size=1, max_size=2)},
        optional={
            "name": TEXTS,
            "description": TEXTS,
            "repeatPolicy": repeats,
            "timeout": DURATIONS,
            "onEnd": nodes,
            "guarantees": st.lists(GUARANTEES, max_size=2),
        },
    )


_TIPS = st.one_of(
    typed("pass", {}, {"output": TEMPLATES}),
    typed("fail", {"code": _TEXT_OR_LEAF}, {**_ALL, "message": _TEXT_OR_LEAF}),
    st.fixed_dictionaries({"ref": IDS}),
    typed("standard", {"address": _ADDRESSES}, {"retryPolicy": RETRY_POLICIES}),
    typed("join", {"joinNodeId": IDS}),
)
NODES: st.SearchStrategy[Any] = st.recursive(_TIPS, _grow, max_leaves=6)
SPECS: st.SearchStrategy[Any] = _specs(NODES, REPEAT_POLICIES)
"""Documents without a problem that the parser can see."""

_ODD = st.sampled_from(
    [None, True, 0, -1, 1, 1.5, 10**30, 101, 10_001, "", "x", "Bad Id", "5 sec", "0s", "9999d", "/x", "{", "$from",
     "~", "2026-13-01T00:00:00Z", "waygrid://nowhere/x", [], {}, ["a"], {"type": "pass"}, {"ref": "a"}, "a" * 65,
     {"$from": "/payload"}, {"$secret": {"path": "p"}}, {"$odd": 1}, {"type": "Always"}, {"type": "And"},
     {"type": "NoRepeat"}]
)  # fmt: skip
_NAMES = st.sampled_from(
    ["id", "label", "ref", "type", "timeout", "onTimeout", "onFailure", "$from", "$default", "dag", "body", "of", "n",
     "join", "entryPoints", "doNotRetry", "retryOn", "repeatPolicy", "odd", "strategy", "concurrency", "onConditions"]
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn, documents: st.SearchStrategy[Any] = SPECS) -> Any:
    """A document with one change at one place, which may or may not make it wrong."""
    document = draw(documents)
    places: list[tuple[Any, Any]] = []
    containers = [document]
    while containers:
        container = containers.pop()
        steps = container.items() if isinstance(container, dict) else enumerate(container)
        for step, value in steps:
            places.append((container, step))
            if isinstance(value, dict | list):
                containers.append(value)
    container, step = draw(st.sampled_from(places))
    change = draw(st.sampled_from(["replace", "remove", "add", "rename", "wrap"]))
    if change == "remove":
        del container[step]
    elif change == "wrap":
        container[step] = [container[step]]
    elif change == "add" and isinstance(container, dict):
        container[draw(_NAMES)] = draw(_ODD)
    elif change == "rename" and isinstance(container, dict):
        container[draw(_NAMES)] = container.pop(step)
    else:
        container[step] = draw(_ODD | JSON)
    return document
