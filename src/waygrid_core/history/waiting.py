"""What has to happen before a traversal goes on: its obligations, as people see them."""

from datetime import datetime
from typing import Final, Literal, TypeAlias, assert_never

from attrs import frozen

from waygrid_core.children.identity import dispatched_child_id, run_id
from waygrid_core.children.series import series_obligations
from waygrid_core.children.series_effects import StartRun
from waygrid_core.children.series_state import SeriesState
from waygrid_core.dag.node import AwaitWork, CallWork, EachWork, ExtensionWork, LoopWork, ServiceWork, TaskNode
from waygrid_core.history.standing import Standing
from waygrid_core.model.address import INBOX
from waygrid_core.model.identifiers import NodeId, TimerId, TraversalId
from waygrid_core.traversal.effects import DispatchNode, Schedule
from waygrid_core.traversal.obligations import obligations
from waygrid_core.traversal.signals import Resume, Retry, Timeout, TraversalTimeout
from waygrid_core.traversal.state import TraversalState
from waygrid_core.traversal.timers import timer_signal

WaitKind: TypeAlias = Literal["answer", "event", "child", "timer"]


@frozen(kw_only=True)
class Wait:
    """Something that it waits for: the answer of a service, an event from outside, a child's end, or a timer.

    `node` is whose wait it is, if it is a node's; `why` says of a timer what it is for: `delivery`, `retry`, `timeout`,
    `traversal-timeout`, `start`.
    """

    kind: WaitKind
    node: NodeId | None = None
    name: str | None = None
    attempt: int | None = None
    service: str | None = None
    event: str | None = None
    key: str | None = None
    child: TraversalId | None = None
    due: datetime | None = None
    why: str | None = None


def waits(standing: Standing, state: TraversalState | SeriesState) -> tuple[Wait, ...]:
    """All that it waits for; a paused traversal waits for the end of the pause as well."""
    if isinstance(state, SeriesState):
        return tuple(_of_series(state, obligation) for obligation in series_obligations(state))
    return tuple(_of_traversal(standing, state, obligation) for obligation in obligations(state))


def _of_series(state: SeriesState, obligation: StartRun | Schedule) -> Wait:
    match obligation:
        case StartRun(run=run):
            return Wait(kind="child", attempt=run, child=run_id(state.traversal, run))
        case Schedule(at=due):
            return Wait(kind="timer", due=due, why="start")
        case _:
            assert_never(obligation)


def _of_traversal(standing: Standing, state: TraversalState, obligation: DispatchNode | Schedule) -> Wait:
    match obligation:
        case DispatchNode():
            return _answer(standing, state, obligation)
        case Schedule(timer=timer, at=due):
            return _timer(standing, timer, due)
        case _:
            assert_never(obligation)


def _answer(standing: Standing, state: TraversalState, dispatch: DispatchNode) -> Wait:
    node_id, attempt = dispatch.node, dispatch.attempt
    name, node = standing.name(node_id), standing.node(node_id)
    if not isinstance(node, TaskNode):  # nobody has stored the DAG
        return Wait(kind="answer", node=node_id, name=name, attempt=attempt)
    match node.work:
        case ExtensionWork() if node.address == INBOX:
            event, key = dispatch.parameters.get("event"), dispatch.parameters.get("key", standing.root)
            return Wait(kind="event", node=node_id, name=name, attempt=attempt, event=str(event), key=str(key))
        case ExtensionWork():
            return Wait(kind="answer", node=node_id, name=name, attempt=attempt, service=str(node.address))
        case ServiceWork(address=address):
            return Wait(kind="answer", node=node_id, name=name, attempt=attempt, service=str(address))
        case AwaitWork(event=event):
            key = dispatch.parameters.get("key", standing.root)
            return Wait(kind="event", node=node_id, name=name, attempt=attempt, event=event, key=str(key))
        case CallWork() | EachWork() | LoopWork():
            child = dispatched_child_id(state.traversal, node_id, attempt)
            return Wait(kind="child", node=node_id, name=name, attempt=attempt, child=child)
        case _:
            assert_never(node.work)


_WHY: Final[dict[type[Resume | Retry | Timeout], str]] = {Resume: "delivery", Retry: "retry", Timeout: "timeout"}


def _timer(standing: Standing, timer: TimerId, due: datetime) -> Wait:
    signal = timer_signal(timer)
    if isinstance(signal, TraversalTimeout):
        return Wait(kind="timer", due=due, why="traversal-timeout")
    node, why = signal.node, _WHY[type(signal)]
    return Wait(kind="timer", node=node, name=standing.name(node), attempt=signal.attempt, due=due, why=why)
