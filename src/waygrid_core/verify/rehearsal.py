"""A run as a scenario: outcomes and data that lead a real run the same way in virtual time.

An order of answers is said by how long each takes; a timer fires when it is due. A failure for good has a code that is
never retried. What a run chose freely of data is looked for: an output that meets the conditions, a payload with what a
leaf reads. It is a proposal: whoever writes it down runs it first, and sees whether it goes that way.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from attrs import define, field

from waygrid_core.dag.node import AwaitWork, DagNode, EachWork, ExtensionWork, JoinNode, PassNode, TaskNode
from waygrid_core.extension.extension import RetryRule
from waygrid_core.model.duration import write_duration
from waygrid_core.model.identifiers import NodeId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.policy.delay import next_delay
from waygrid_core.policy.delivery import ScheduleAfter, ScheduleAt
from waygrid_core.policy.join import Quorum
from waygrid_core.policy.retry import NoRetry, RetryPolicy
from waygrid_core.template.template import FromLeaf
from waygrid_core.traversal.error import FAILED
from waygrid_core.traversal.events import (
    Event,
    ForkOpened,
    NodeDispatched,
    NodeScheduled,
    RetryScheduled,
)
from waygrid_core.traversal.signals import (
    Begin,
    NodeFailure,
    NodeSuccess,
    Resume,
    Retry,
    Timeout,
    TraversalTimeout,
)
from waygrid_core.verify.explore import SUBJECT, Step
from waygrid_core.verify.levels import Level
from waygrid_core.verify.twin import Question
from waygrid_core.verify.witness import Routing, routing_of

_PACE: Final = timedelta(milliseconds=1)
"""Between two answers: less than any wait that people write."""

_A_WAIT: Final = timedelta(hours=1)
"""What a delay from data is."""

_NOT_RETRIED: Final = "bad-value"
_ANOTHER: Final = "another"
"""A code that nobody names."""


@define(eq=False)
class _Rehearsal:
    """A scenario in the making. `outcomes` has a list a name, an entry an attempt; `open` which entry is whose."""

    level: Level
    now: timedelta = timedelta()
    payload: dict[str, Any] = field(factory=dict)
    entry: int = 0
    outcomes: dict[str, list[dict[str, Any]]] = field(factory=dict)
    open: dict[NodeId, tuple[dict[str, Any], timedelta]] = field(factory=dict)
    due: dict[NodeId | None, timedelta] = field(factory=dict)
    """When the timer of a node fires; None: the traversal's."""


def rehearse(level: Level, run: Sequence[Step]) -> Mapping[str, JsonValue]:
    """The fields `payload`, `entry` and `outcomes` of the scenario; whoever has the Spec adds the others."""
    rehearsal = _Rehearsal(level)
    names = level.names()
    for step in run:
        _happen(rehearsal, step)
        for question, answer in step.choices:
            _choose(rehearsal, question, answer)
        for event in step.events:
            _follow(rehearsal, event, names)
    document: dict[str, JsonValue] = {}
    if rehearsal.payload:
        document["payload"] = rehearsal.payload
    if rehearsal.entry:
        document["entry"] = rehearsal.entry
    document["outcomes"] = {name: list(entries) for name, entries in rehearsal.outcomes.items()}
    return document


def _happen(rehearsal: _Rehearsal, step: Step) -> None:
    """The signal of the step comes, at its time."""
    match step.signal:
        case Begin(entry=entry):
            rehearsal.entry = entry
            if rehearsal.level.dag.timeout is not None:
                rehearsal.due[None] = rehearsal.level.dag.timeout
        case NodeSuccess(node=node, output=output):
            rehearsal.now += _PACE
            routing = _routing(rehearsal.level.dag.nodes[node])
            known = isinstance(output, int) and output in routing.witness
            how = "done" if _is_of_users_kind(rehearsal.level.dag.nodes[node]) else "succeed"
            _answer(rehearsal, node, {how: routing.witness[output] if known else {}})  # type: ignore[index]
        case NodeFailure(node=node, attempt=attempt):
            rehearsal.now += _PACE
            task = rehearsal.level.dag.nodes[node]
            is_retried = any(isinstance(event, RetryScheduled) for event in step.events)
            code = _code(task.retry_policy, attempt, is_retried) if isinstance(task, TaskNode) else FAILED
            _answer(rehearsal, node, {"fail": "it fails", **({} if code == FAILED else {"code": code})})
        case Resume(node=node) | Retry(node=node) | Timeout(node=node):
            rehearsal.now = max(rehearsal.now, rehearsal.due.pop(node, rehearsal.now))
        case TraversalTimeout():
            rehearsal.now = max(rehearsal.now, rehearsal.due.pop(None, rehearsal.now))
        case _:
            return


def _code(policy: RetryPolicy, attempt: int, is_retried: bool) -> str:
    """A code with which an attempt fails and is made again; or is not, at whichever attempt."""
    if isinstance(policy, NoRetry):
        return FAILED
    if not is_retried:
        return _NOT_RETRIED
    named = () if isinstance(policy, RetryRule) else policy.codes.retry_on or ()
    tried = (FAILED, *(code.removesuffix("*") or _ANOTHER for code in named), _ANOTHER)
    return next((code for code in tried if next_delay(policy, attempt, code, SUBJECT, NodeId("")) is not None), FAILED)


def _is_of_users_kind(node: DagNode) -> bool:
    """Whether answers are not all: what its kind makes of them decides."""
    return isinstance(node, TaskNode) and isinstance(node.work, ExtensionWork)


def _answer(rehearsal: _Rehearsal, node: NodeId, outcome: dict[str, Any]) -> None:
    entry, since = rehearsal.open.pop(node, ({}, rehearsal.now))
    entry.clear()
    entry |= outcome
    if rehearsal.now > since:
        entry["after"] = write_duration(rehearsal.now - since)


def _follow(rehearsal: _Rehearsal, event: Event, names: Mapping[NodeId, str]) -> None:
    """What the machine did: attempts that somebody has to answer, timers that run."""
    dag, now = rehearsal.level.dag, rehearsal.now
    match event:
        case NodeDispatched(node=node):
            task = dag.nodes[node]
            assert isinstance(task, TaskNode), "only tasks are dispatched"
            entry: dict[str, Any] = {"never": True}
            rehearsal.outcomes.setdefault(names.get(node, ""), []).append(entry)
            rehearsal.open[node] = (entry, now)
            if task.timeout is not None:
                rehearsal.due[node] = now + task.timeout
        case NodeScheduled(node=node):
            waiting = dag.nodes[node]
            assert isinstance(waiting, TaskNode | PassNode), "only these wait"
            delay = getattr(waiting.delivery_strategy, "delay", None)
            rehearsal.due[node] = now + (delay if isinstance(delay, timedelta) else _A_WAIT)
        case RetryScheduled(node=node, attempt=attempt, error=error):
            task = dag.nodes[node]
            assert isinstance(task, TaskNode), "only tasks are retried"
            delay = next_delay(task.retry_policy, attempt, error.code, SUBJECT, node)
            rehearsal.due[node] = now + (delay or timedelta())
        case ForkOpened(join=join_id):
            join = dag.nodes[join_id]
            assert isinstance(join, JoinNode), "a fork has a join"
            if join.timeout is not None:
                rehearsal.due[join_id] = now + join.timeout
        case _:
            return


def _choose(rehearsal: _Rehearsal, question: Question, answer: JsonValue) -> None:
    """Have the payload say what the run chose, if that is where it is read."""
    node_id, _, what = question.partition("/")
    node = rehearsal.level.dag.nodes[NodeId(node_id)]
    match what, node:
        case "output", PassNode(output=None):
            witness = _routing(node).witness.get(answer) if isinstance(answer, int) else None
            if isinstance(witness, dict) and rehearsal.now == timedelta():
                rehearsal.payload |= witness
        case "output", PassNode(output=FromLeaf() as leaf):
            witness = _routing(node).witness.get(answer) if isinstance(answer, int) else None
            _put(rehearsal.payload, leaf, witness)
        case "quorum", JoinNode(strategy=Quorum(n=FromLeaf() as leaf)):
            _put(rehearsal.payload, leaf, answer or "none")
        case "time", TaskNode(delivery_strategy=ScheduleAfter(delay=FromLeaf() as leaf)) | PassNode(
            delivery_strategy=ScheduleAfter(delay=FromLeaf() as leaf)
        ):
            _put(rehearsal.payload, leaf, write_duration(_A_WAIT) if answer else 0)
        case "time", TaskNode(delivery_strategy=ScheduleAt(time=FromLeaf() as leaf)) | PassNode(
            delivery_strategy=ScheduleAt(time=FromLeaf() as leaf)
        ):
            _put(rehearsal.payload, leaf, answer)
        case "data", TaskNode(work=AwaitWork(key=FromLeaf() as leaf)):
            _put(rehearsal.payload, leaf, "key" if answer else 0)
        case "data", TaskNode(work=EachWork(over=FromLeaf() as leaf)):
            _put(rehearsal.payload, leaf, [] if answer else 0)
        case _:
            return


def _put(payload: dict[str, Any], leaf: FromLeaf, value: JsonValue) -> None:
    """Have the first pointer of the leaf that looks into the payload find the value."""
    for pointer in leaf.pointers:
        if pointer.root in ("payload", "input") and pointer.tokens:
            at = payload
            for token in pointer.tokens[:-1]:
                inner = at.setdefault(token, {})
                if not isinstance(inner, dict):
                    return
                at = inner
            at[pointer.tokens[-1]] = value
            return


def _routing(node: DagNode) -> Routing:
    if not isinstance(node, TaskNode | PassNode):
        return Routing((), {})
    return routing_of([condition for condition, _ in node.routes.conditions])
