"""The story of a traversal: one sentence for each of its events.

What is in payloads and outputs stays out of the sentences; they say what happened, to which node, and why.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import TypeAlias, assert_never

from waygrid_core.children.plan import EachPlan
from waygrid_core.children.series_events import SeriesEvent
from waygrid_core.dag.caption import describe_strategy
from waygrid_core.dag.node import (
    AwaitWork,
    CallWork,
    EachWork,
    ExtensionWork,
    ForkNode,
    JoinNode,
    LoopWork,
    ServiceWork,
    TaskNode,
)
from waygrid_core.extension.extension import JoinRule
from waygrid_core.history.saying import and_message, in_brackets, said, say_attempt, say_known
from waygrid_core.history.series_story import series_sentence
from waygrid_core.history.spans import say_span
from waygrid_core.history.standing import Standing
from waygrid_core.model.address import INBOX
from waygrid_core.model.identifiers import NodeId
from waygrid_core.model.instant import write_instant
from waygrid_core.traversal.events import (
    BranchCanceled,
    BranchFailed,
    BranchOpened,
    BranchSucceeded,
    BranchTimedOut,
    Event,
    ForkOpened,
    GuardRemembered,
    NodeAsked,
    NodeCanceled,
    NodeDispatched,
    NodeFailed,
    NodeHeard,
    NodeScheduled,
    NodeStarted,
    NodeSucceeded,
    NodeTimedOut,
    RetryScheduled,
    SignalHeard,
    SignalHeld,
    TraversalBegun,
    TraversalCanceled,
    TraversalCompleted,
    TraversalFailed,
    TraversalPaused,
    TraversalTimedOut,
    TraversalUnpaused,
)
from waygrid_core.traversal.signals import (
    CancelBranches,
    HeldSignal,
    NodeFailure,
    NodeSuccess,
    Resume,
    Retry,
    Timeout,
    Told,
    TraversalTimeout,
)

AnyEvent: TypeAlias = Event | SeriesEvent


class Story:
    """Tells the events of one traversal or series in order: from its first one on, if it began with something known."""

    __slots__ = ("_asked", "_knows", "_standing")

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        self._knows = False
        self._asked: set[NodeId] = set()
        """The nodes that were dispatched: what succeeds without was taken over from elsewhere."""

    def tell(self, events: Iterable[AnyEvent], at: datetime) -> tuple[str, ...]:
        """One sentence for each of the events of one decision, which was made at `at`."""
        return tuple(self._sentence(event, at) for event in events)

    def pass_over(self, events: Iterable[AnyEvent]) -> None:
        """Note the events of a decision that need not be told."""
        for event in events:
            if isinstance(event, TraversalBegun):
                self._knows = bool(event.known)
            elif self._knows and isinstance(event, NodeDispatched):
                self._asked.add(event.node)

    def _sentence(self, event: AnyEvent, at: datetime) -> str:
        self.pass_over((event,))
        if isinstance(event, NodeSucceeded) and self._is_taken_over(event.node):
            return f"{self._standing.title(event.node)} was taken over from what is known already"
        return sentence(self._standing, event, at)

    def _is_taken_over(self, node_id: NodeId) -> bool:
        return self._knows and node_id not in self._asked and isinstance(self._standing.node(node_id), TaskNode)


def sentence(standing: Standing, event: AnyEvent, at: datetime) -> str:
    """What happened, in one plain sentence without a full stop. `at` is when."""
    if isinstance(event, _OfNode):
        return _of_node(standing, event, at)
    if isinstance(event, _OfTraversal):
        return _of_traversal(standing, event)
    if isinstance(event, _OfFork):
        return _of_fork(standing, event)
    return series_sentence(standing, event)


_OfTraversal: TypeAlias = (
    TraversalBegun
    | TraversalPaused
    | TraversalUnpaused
    | TraversalCompleted
    | TraversalFailed
    | TraversalCanceled
    | TraversalTimedOut
    | SignalHeld
    | SignalHeard
    | GuardRemembered
)


def _of_traversal(standing: Standing, event: _OfTraversal) -> str:
    subject = standing.subject
    match event:
        case TraversalBegun(entry=entry, known=known):
            entered = f" at entry point {entry}" if entry else ""
            taken = say_known(known)
            return f"{subject} began{entered}{taken}"
        case TraversalPaused():
            return f"{subject} was paused"
        case TraversalUnpaused():
            return f"{subject} was resumed"
        case TraversalCompleted():
            return f"{subject} completed"
        case TraversalFailed(error=error):
            return f"{subject} failed: {said(error)}"
        case TraversalCanceled(reason=reason):
            return f"{subject} was canceled{and_message(reason)}"
        case TraversalTimedOut(error=error):
            return f"{subject} timed out{and_message(error.message)}"
        case SignalHeld(signal=signal):
            return _of_held(standing, signal)
        case SignalHeard(kind=kind):
            return f"{subject} was told {kind}"
        case GuardRemembered(index=index):
            return f"{_guard(standing, index)} took note of it"
        case _:
            assert_never(event)


def _guard(standing: Standing, index: int) -> str:
    guards = () if standing.dag is None else standing.dag.guards
    return f"the guard {guards[index].name if index < len(guards) else index}"


_OfNode: TypeAlias = (
    NodeScheduled
    | NodeDispatched
    | NodeAsked
    | NodeHeard
    | NodeStarted
    | NodeSucceeded
    | RetryScheduled
    | NodeFailed
    | NodeTimedOut
    | NodeCanceled
)


def _of_node(standing: Standing, event: _OfNode, at: datetime) -> str:
    title = standing.title(event.node)
    match event:
        case NodeScheduled(due=due):
            return f"{title} waits until {write_instant(due)}"
        case NodeDispatched():
            return f"{title} {_dispatched(standing, event)}{say_attempt(event.attempt)}"
        case NodeAsked(attempt=attempt):
            return f"{title} {'began to ask' if attempt == 1 else 'asks again'}"
        case NodeHeard(attempt=attempt):
            return f"{title} was answered{say_attempt(attempt)}"
        case NodeStarted(attempt=attempt):
            return f"{title} is being worked on{say_attempt(attempt)}"
        case NodeSucceeded(attempt=attempt):
            return f"{title} succeeded{say_attempt(attempt)}"
        case RetryScheduled(attempt=attempt, error=error, timed_out=timed_out, due=due):
            how = "timed out" if timed_out else f"failed: {said(error)}"
            return f"{title} {how}{say_attempt(attempt)}; tried again in {say_span(due - at)}"
        case NodeFailed(attempt=attempt, error=error):
            return f"{title} failed: {said(error)}{say_attempt(attempt)}"
        case NodeTimedOut(attempt=attempt, error=error):
            return f"{title} timed out{and_message(error.message)}{say_attempt(attempt)}"
        case NodeCanceled():
            return f"{title} was canceled"
        case _:
            assert_never(event)


def _dispatched(standing: Standing, event: NodeDispatched) -> str:
    """What a dispatch means for such a node."""
    node = standing.node(event.node)
    if not isinstance(node, TaskNode):  # nobody has stored the DAG
        return "was dispatched"
    waited = event.parameters.get("event")
    match node.work:
        case ServiceWork():
            return "was dispatched"
        case AwaitWork(event=name):
            return f"began to wait for the event {name}"
        case CallWork():
            return "began its body"
        case EachWork():
            items = event.parameters.get("over")
            count = len(items) if isinstance(items, list | tuple) else 0
            return f"began its body for {count} {'item' if count == 1 else 'items'}"
        case LoopWork():
            return "began its rounds"
        case ExtensionWork():
            return f"began to wait for the event {waited}" if node.address == INBOX else "was dispatched"
        case _:
            assert_never(node.work)


_OfFork: TypeAlias = ForkOpened | BranchOpened | BranchSucceeded | BranchFailed | BranchTimedOut | BranchCanceled


def _of_fork(standing: Standing, event: _OfFork) -> str:
    if isinstance(event, ForkOpened):
        return _opened(standing, event)
    branch = _branch(standing, event.fork, event.branch)
    match event:
        case BranchOpened():
            return f"{branch} began"
        case BranchSucceeded():
            return f"{branch} succeeded"
        case BranchFailed(error=error):
            return f"{branch} failed: {said(error)}"
        case BranchTimedOut(error=error):
            return f"{branch} timed out{and_message(error.message)}"
        case BranchCanceled():
            return f"{branch} was canceled"
        case _:
            assert_never(event)


def _branch(standing: Standing, fork: NodeId, name: str) -> str:
    """A fork and its join are one thing to people: they call both by the name of the join."""
    if isinstance(standing.plan, EachPlan):
        return f"item {int(name)} of {standing.place}"
    node = standing.node(fork)
    return f"branch {name} of {standing.title(node.join if isinstance(node, ForkNode) else fork)}"


def _opened(standing: Standing, event: ForkOpened) -> str:
    total = len(event.branches)
    one, many = ("item", "items") if isinstance(standing.plan, EachPlan) else ("branch", "branches")
    must = in_brackets(_decided_by(standing, event)) if total else ""
    return f"{standing.title(event.join)} has {total} {one if total == 1 else many}{must}"


def _decided_by(standing: Standing, event: ForkOpened) -> str:
    join = standing.node(event.join)
    if isinstance(join, JoinNode) and isinstance(join.strategy, JoinRule):
        return f"decided by {describe_strategy(join.strategy)}"
    needed = "all" if event.needed == len(event.branches) else str(event.needed)
    among = f" of {', '.join(event.counted)}" if event.counted is not None else ""
    return f"{needed}{among} must succeed"


def _of_held(standing: Standing, signal: HeldSignal) -> str:
    subject = standing.subject
    match signal:
        case NodeSuccess(node=node):
            return f"{standing.title(node)} answered, which is held while {subject} is paused"
        case NodeFailure(node=node, error=error):
            return f"{standing.title(node)} answered {said(error)}, which is held while {subject} is paused"
        case Resume(node=node):
            return f"{standing.title(node)} is due, which is held while {subject} is paused"
        case Retry(node=node):
            return f"{standing.title(node)} is due to be tried again, which is held while {subject} is paused"
        case Timeout(node=node):
            return f"the time of {standing.title(node)} is up, which is held while {subject} is paused"
        case TraversalTimeout():
            return f"the time of {subject} is up, which is held while it is paused"
        case CancelBranches(join_node_id=join_node_id, branches=branches):
            named = f"the cancel of {', '.join(branches)} of {standing.prefix}{join_node_id}"
            return f"{named} is held while {subject} is paused"
        case Told(kind=kind):
            return f"{kind}, told to {subject}, is held while it is paused"
        case _:
            assert_never(signal)
