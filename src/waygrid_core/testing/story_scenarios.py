"""A story as a scenario: what `waygrid test` runs in virtual time, so that what a test found once stays tested.

Answers come in their order, a millisecond apart; timers fire when they are due. What a scenario cannot say (a timer
that is late, an answer that nobody waits for, a number of a run) is left out, and said so.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, assert_never

from attrs import define, field, frozen

from waygrid_core.dag.dag import CompiledDag
from waygrid_core.dag.naming import names_of
from waygrid_core.model.duration import write_duration
from waygrid_core.model.identifiers import NodeId, TimerId
from waygrid_core.model.json_value import JsonValue, Missing
from waygrid_core.testing.stories import START, Step
from waygrid_core.traversal.effects import DispatchNode, Schedule
from waygrid_core.traversal.signals import (
    Begin,
    Cancel,
    CancelBranches,
    NodeFailure,
    NodeStart,
    NodeSuccess,
    Pause,
    Resume,
    Retry,
    Timeout,
    Told,
    TraversalTimeout,
    Unpause,
)

_PACE: Final = timedelta(milliseconds=1)
"""Between two answers: less than any wait that people write."""


@frozen
class Rehearsal:
    """The fields of a scenario without `name`, `spec`, `expect`; what was dispatched; and what could not be said."""

    fields: Mapping[str, JsonValue]
    dispatched: tuple[str, ...]
    unsaid: tuple[str, ...]


@define(eq=False)
class _Rehearsing:
    compiled: CompiledDag
    names: Mapping[NodeId, str]
    now: timedelta = timedelta()
    was: datetime = START
    has_begun: bool = False
    fields: dict[str, Any] = field(factory=dict)
    outcomes: dict[str, list[dict[str, Any]]] = field(factory=dict)
    signals: list[dict[str, Any]] = field(factory=list)
    dispatched: list[str] = field(factory=list)
    unsaid: dict[str, None] = field(factory=dict)
    open: dict[tuple[NodeId, int], tuple[dict[str, Any], timedelta]] = field(factory=dict)
    due: dict[TimerId, timedelta] = field(factory=dict)


def rehearse_story(compiled: CompiledDag, steps: Sequence[Step]) -> Rehearsal:
    """The scenario that goes as these steps went, as far as a scenario can say it."""
    rehearsing = _Rehearsing(compiled, names_of(compiled.dag, compiled.annotations))
    for step in steps:
        if step.decided is not None and step.decided.events:
            _happen(rehearsing, step)
            _follow(rehearsing, step)
        elif step.decided is None:
            rehearsing.unsaid["a signal that is refused"] = None
        else:
            rehearsing.unsaid["a signal that changes nothing"] = None
    fields = dict(rehearsing.fields)
    if rehearsing.outcomes:
        fields["outcomes"] = rehearsing.outcomes
    if rehearsing.signals:
        fields["signals"] = rehearsing.signals
    return Rehearsal(fields, tuple(rehearsing.dispatched), tuple(rehearsing.unsaid))


def _happen(rehearsing: _Rehearsing, step: Step) -> None:
    """The signal comes, at its time."""
    waited, rehearsing.was = max(step.now - rehearsing.was, timedelta()), step.now
    match step.signal:
        case Begin():
            _begin(rehearsing, step.signal)
        case NodeSuccess(node=node, attempt=attempt, output=output):
            rehearsing.now += max(waited, _PACE)
            _answer(rehearsing, (node, attempt), {"succeed": {} if isinstance(output, Missing) else output})
        case NodeFailure(node=node, attempt=attempt, error=error):
            rehearsing.now += max(waited, _PACE)
            _answer(rehearsing, (node, attempt), {"fail": error.message, "code": error.code})
        case Resume(timer=timer) | Retry(timer=timer) | Timeout(timer=timer) | TraversalTimeout(timer=timer):
            _fire(rehearsing, timer)
        case Cancel(reason=reason):
            _signal(rehearsing, waited, {"cancel": True if reason is None else reason})
        case CancelBranches(join_node_id=join, branches=branches):
            _signal(rehearsing, waited, {"cancelBranches": {"fork": join, "branches": list(branches)}})
        case Told(kind=kind, data=data):
            _signal(rehearsing, waited, {"tell": kind, "data": data})
        case Pause():
            _signal(rehearsing, waited, {"pause": True})
        case Unpause():
            _signal(rehearsing, waited, {"unpause": True})
        case NodeStart():
            rehearsing.unsaid["that somebody works on an attempt"] = None
        case _:
            assert_never(step.signal)


def _begin(rehearsing: _Rehearsing, begin: Begin) -> None:
    rehearsing.has_begun = True
    rehearsing.fields["payload"] = begin.payload
    if begin.entry:
        rehearsing.fields["entry"] = begin.entry
    if begin.run != 1:
        rehearsing.unsaid[f"that it is run {begin.run} of a series"] = None
    if begin.known:
        by_digest = {rehearsing.compiled.dag.digests[node]: name for node, name in rehearsing.names.items()}
        rehearsing.fields["known"] = {
            by_digest[digest]: output for (digest, _), output in begin.known.items() if digest in by_digest
        }


def _answer(rehearsing: _Rehearsing, attempt: tuple[NodeId, int], outcome: dict[str, Any]) -> None:
    if attempt not in rehearsing.open:
        rehearsing.unsaid["an answer that nobody waits for"] = None
        return
    entry, since = rehearsing.open.pop(attempt)
    entry.clear()
    entry |= outcome
    if rehearsing.now > since:
        entry["after"] = write_duration(rehearsing.now - since)


def _fire(rehearsing: _Rehearsing, timer: TimerId) -> None:
    due = rehearsing.due.pop(timer, rehearsing.now)
    if due < rehearsing.now:
        rehearsing.unsaid["a timer that is late"] = None
    rehearsing.now = max(due, rehearsing.now)


def _signal(rehearsing: _Rehearsing, waited: timedelta, signal: dict[str, Any]) -> None:
    if rehearsing.has_begun:
        rehearsing.now += max(waited, _PACE)
    rehearsing.signals.append({"at": write_duration(rehearsing.now) if rehearsing.now else "0s", **signal})


def _follow(rehearsing: _Rehearsing, step: Step) -> None:
    """What the machine asked for: attempts that somebody has to answer, timers that run."""
    for effect in () if step.decided is None else step.decided.effects:
        match effect:
            case DispatchNode(node=node, attempt=attempt):
                name = rehearsing.names.get(node, "")
                entry: dict[str, Any] = {"never": True}
                rehearsing.dispatched.append(name)
                rehearsing.outcomes.setdefault(name, []).append(entry)
                rehearsing.open[node, attempt] = (entry, rehearsing.now)
            case Schedule(timer=timer, at=at):
                rehearsing.due[timer] = rehearsing.now + max(at - step.now, timedelta())
            case _:
                pass
