"""Small Specs in which an extension stands where one of its kind may stand."""

from typing import Any, Final

from hypothesis import reject
from hypothesis import strategies as st

from waygrid_core.extension.extension import (
    ConditionRule,
    Extension,
    Guard,
    JoinRule,
    NodeKind,
    RetryRule,
    SignalKind,
)
from waygrid_core.spec.extended import write_extension
from waygrid_core.testing.data import Document
from waygrid_core.testing.extension_values import NAMES
from waygrid_core.testing.questions import counts_that_fit

_OR: Final = {"type": "Or"}
_ONCE_MORE: Final = {"type": "Linear", "base": "1s", "maxRetries": 1}


def documents_with(extension: Extension) -> st.SearchStrategy[Document]:
    """Specs with the extension in them, the smallest first."""
    written = write_extension(extension)
    match extension:
        case ConditionRule():
            return st.sampled_from((_branching(written), _branching({"type": "Not", "cond": written}), _loop(written)))
        case JoinRule():
            return _joined(extension, written)
        case RetryRule():
            retried = _task("ask", retryPolicy=written)
            handled = _handled("ask", retryPolicy=written)
            return st.sampled_from((_spec(retried), _spec(handled), _fork({"a": retried, "b": _task("b")}, _OR)))
        case NodeKind():
            plain = {**written, "id": "it"}
            ends = {"timeout": "1m", "onSuccess": _task("yes"), "onFailure": _task("no")}
            handled = {**plain, "retryPolicy": _ONCE_MORE, **ends}
            return st.sampled_from((_spec(plain), _spec(handled), _fork({"a": plain, "b": _task("b")}, _OR)))
        case SignalKind():
            fork = _fork({"first": _task("first"), "second": _task("second")}, {"type": "And"})
            chain = _spec(_task("first", onSuccess=_task("second")))
            return st.sampled_from(({**chain, "signals": [written]}, {**fork, "signals": [written]}))
        case Guard():
            retried = _task("first", retryPolicy=_ONCE_MORE, timeout="1m")
            fork = _fork({"first": retried, "second": _task("second")}, _OR)
            chain = _spec(_task("first", onSuccess=_task("second")))
            return st.sampled_from(({**chain, "guards": [written]}, {**fork, "guards": [written, written]}))
        case _:
            raise AssertionError(f"{extension!r} is of no kind")


def _task(name: str, **fields: Any) -> Document:
    return {"type": "standard", "id": name, "address": "waygrid://processor/a", **fields}


def _handled(name: str, **fields: Any) -> Document:
    return _task(name, timeout="5s", onSuccess=_task("yes"), onFailure=_task("no"), **fields)


def _spec(node: Document) -> Document:
    return {"entryPoints": [node]}


def _branching(condition: Document) -> Document:
    return _spec(_task("ask", onConditions=[{"condition": condition, "to": _task("yes")}], onSuccess=_task("no")))


def _loop(condition: Document) -> Document:
    return _spec({"type": "loop", "id": "poll", "body": _task("ask"), "until": condition, "atMost": 3})


def _fork(branches: Document, strategy: Document, **fields: Any) -> Document:
    join = {"type": "join", "joinNodeId": "ready", "strategy": strategy, **fields}
    return _spec({"type": "fork", "joinNodeId": "ready", "branches": branches, "join": join})


@st.composite
def _joined(draw: st.DrawFn, rule: JoinRule, written: Document) -> Document:
    fitting = counts_that_fit(rule)
    if not fitting:
        reject()
    branches = {name: _task(name) for name in NAMES[: draw(st.sampled_from(fitting))]}
    ends: Document = draw(
        st.sampled_from(({}, {"onSuccess": _task("yes"), "onFailure": _task("no")}, {"timeout": "1m"}))
    )
    document = _fork(branches, written, **ends)
    if draw(st.booleans()):
        document["entryPoints"][0]["concurrency"] = draw(st.integers(1, len(branches)))
    return document
