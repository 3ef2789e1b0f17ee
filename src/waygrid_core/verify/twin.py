"""The twin of a DAG: the same graph, in which what depends on data is a choice.

A twin runs on the machine that runs the DAG. Its nodes, scopes, edges, strategies and timers are those of the DAG; but
a condition holds if the output is its number, a node of a user's kind is done or fails as whoever explores it says, and
wherever the DAG would read data that decides something (a quorum,
an instant, a list), the twin reads its payload, which whoever explores it fills. A retry policy is folded: a failure of
the twin is one for good, as a run that fails so often looks from outside. It has no guards: whatever a guard ends
early is the beginning of a run without it. If it has signals, they are one that has any node with an id succeed or
fail, as whoever explores it says.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, TypeAlias, assert_never

from attrs import evolve, frozen

from waygrid_core.condition.expression import JsonEquals
from waygrid_core.dag.dag import Dag
from waygrid_core.dag.node import (
    AwaitWork,
    DagNode,
    EachWork,
    ExtensionWork,
    FailNode,
    ForkNode,
    JoinNode,
    PassNode,
    Routes,
    ServiceWork,
    TaskNode,
)
from waygrid_core.extension.asked_kinds import most_rounds_of
from waygrid_core.model.address import ServiceAddress
from waygrid_core.model.identifiers import NodeId
from waygrid_core.model.instant import parse_instant
from waygrid_core.model.json_value import JsonValue
from waygrid_core.outcome import Failure
from waygrid_core.policy.delay import most_retries
from waygrid_core.policy.delivery import DeliveryStrategy, Immediate, ScheduleAfter, ScheduleAt
from waygrid_core.policy.join import Quorum
from waygrid_core.policy.repeat import NoRepeat
from waygrid_core.policy.retry import Linear, NoRetry, RetryPolicy
from waygrid_core.template.template import Constant, DataPointer, FromLeaf, LiteralLeaf, TextLeaf
from waygrid_core.traversal.preparation import whole_number_from_one
from waygrid_core.verify.saying import Saying
from waygrid_core.verify.witness import Routing, routing_of, routing_of_value

Question: TypeAlias = str
"""What a choice is about: a node and what of it."""

_SOMEBODY: Final = ServiceWork(ServiceAddress("processor", "anybody"))
_LATER: Final = "9999-01-01T00:00:00Z"
_EARLIER: Final = "0001-01-01T00:00:00Z"
_READABLE: Final = "readable"
_UNREADABLE: Final = 0
"""What stands for data of the wrong type, whatever is read."""


@frozen(kw_only=True)
class Twin:
    """`options` are the answers that each question may have, `routings` what the output of a node with conditions may
    do. `unfolded` are the nodes whose retries are gone through one by one.
    """

    dag: Dag
    options: Mapping[Question, tuple[JsonValue, ...]]
    routings: Mapping[NodeId, Routing]
    unfolded: frozenset[NodeId]

    def told_name(self, node: NodeId) -> str | None:
        """What signals call a node that they may end; None for one that none can name."""
        return self.dag.author_ids.get(node) if self.dag.signals else None


def twin_of(dag: Dag, unfold: Mapping[NodeId, int]) -> Twin:
    """The twin; a node in `unfold` keeps its retries, as far as they make no more than so many attempts."""
    return _Twinning(dag, unfold).twin()


class _Twinning:
    def __init__(self, dag: Dag, unfold: Mapping[NodeId, int]) -> None:
        self._dag = dag
        self._unfold = unfold
        self._options: dict[Question, tuple[JsonValue, ...]] = {}
        self._routings: dict[NodeId, Routing] = {}

    def twin(self) -> Twin:
        nodes = {node.id: self._node(node) for node in self._dag.nodes.values()}
        return Twin(
            dag=evolve(
                self._dag,
                nodes=nodes,
                on_end=None,
                repeat_policy=NoRepeat(),
                guards=(),
                signals=(Saying(),) if self._dag.signals else (),
            ),
            options=self._options,
            routings=self._routings,
            unfolded=frozenset(node for node in self._unfold if _retries(nodes[node])),
        )

    def _node(self, node: DagNode) -> DagNode:
        match node:
            case TaskNode():
                if node.routes.conditions:
                    self._routings[node.id] = routing_of([condition for condition, _ in node.routes.conditions])
                return evolve(
                    node,
                    work=self._work(node),
                    parameters={},
                    input=None,
                    retry_policy=_repeated(node, self._unfold.get(node.id, 1)),
                    delivery_strategy=self._delivery(node),
                    routes=_by_number(node.routes),
                )
            case PassNode():
                output = self._output(node) if node.routes.conditions else None
                routes = _by_number(node.routes)
                return evolve(node, output=output, delivery_strategy=self._delivery(node), routes=routes)
            case FailNode():
                return evolve(node, code=Constant("failed"), message=None)
            case JoinNode():
                return (
                    evolve(node, strategy=Quorum(self._quorum(node, node.strategy)))
                    if isinstance(node.strategy, Quorum)
                    else node
                )
            case ForkNode():
                return node
            case _:
                assert_never(node)

    def _ask(self, question: Question, answers: tuple[JsonValue, ...]) -> FromLeaf:
        self._options[question] = answers
        return FromLeaf((DataPointer("payload", (question,)),), None)

    def _output(self, node: PassNode) -> FromLeaf:
        conditions = [condition for condition, _ in node.routes.conditions]
        if isinstance(node.output, Constant | LiteralLeaf):
            routing = routing_of_value(conditions, node.output.value)
        else:
            routing = routing_of(conditions)
        self._routings[node.id] = routing
        return self._ask(f"{node.id}/output", routing.possible)

    def _work(self, node: TaskNode) -> ServiceWork | AwaitWork:
        """Work whose preparation fails where that of the node may: the key of an await is read as these are."""
        match node.work:
            case AwaitWork(key=FromLeaf()) | EachWork(over=FromLeaf()):
                answers: tuple[JsonValue, ...] = (_READABLE, _UNREADABLE)
            case AwaitWork(key=LiteralLeaf(value=value)):
                answers = (_READABLE,) if isinstance(value, str) else (_UNREADABLE,)
            case EachWork(over=LiteralLeaf(value=value), strategy=strategy):
                is_list = isinstance(value, list | tuple)
                answers = (_READABLE,) if is_list else (_UNREADABLE,)
                if is_list and isinstance(strategy, Quorum) and not isinstance(strategy.n, int):
                    answers = (_READABLE, _UNREADABLE)
            case EachWork():
                answers = (_UNREADABLE,)  # a text is no list
            case _:
                return _SOMEBODY
        return AwaitWork("anything", self._ask(f"{node.id}/data", answers))

    def _delivery(self, node: TaskNode | PassNode) -> DeliveryStrategy:
        match node.delivery_strategy:
            case Immediate() | ScheduleAfter(delay=timedelta()):
                return node.delivery_strategy
            case ScheduleAfter():
                answers: tuple[JsonValue, ...] = (_LATER, _UNREADABLE)
            case ScheduleAt(time=datetime()):
                answers = (_LATER, _EARLIER)
            case ScheduleAt(time=LiteralLeaf(value=value)):
                is_read = isinstance(value, str) and not isinstance(parse_instant(value), Failure)
                answers = (_LATER, _EARLIER) if is_read else (_UNREADABLE,)
            case ScheduleAt():
                answers = (_LATER, _EARLIER, _UNREADABLE)
            case _:
                assert_never(node.delivery_strategy)
        return ScheduleAt(self._ask(f"{node.id}/time", answers))

    def _quorum(self, node: JoinNode, strategy: Quorum) -> int | FromLeaf:
        fork = self._dag.nodes[node.fork]
        assert isinstance(fork, ForkNode), "what compiles ties a join to a fork"
        match strategy.n:
            case int(n):
                return n
            case LiteralLeaf(value=value):
                whole = whole_number_from_one(value)
                answers: tuple[JsonValue, ...] = (_UNREADABLE if whole is None else whole,)
            case TextLeaf():
                answers = (_UNREADABLE,)
            case FromLeaf():
                answers = (*range(1, len(fork.branches) + 1), _UNREADABLE)
            case _:
                assert_never(strategy.n)
        return self._ask(f"{node.id}/quorum", answers)


def _by_number(routes: Routes) -> Routes:
    return evolve(
        routes, conditions=tuple((JsonEquals((), Constant(at)), to) for at, (_, to) in enumerate(routes.conditions))
    )


def _repeated(node: TaskNode, most_attempts: int) -> RetryPolicy:
    """What makes a node's attempts more than one: its retries; and what is as good as one, that its kind asks again."""
    if isinstance(node.work, ExtensionWork) and most_attempts > 1 and most_rounds_of(node.work.kind) > 1:
        return Linear(timedelta(seconds=1), most_attempts - 1)
    return _folded(node.retry_policy, most_attempts)


def _folded(policy: RetryPolicy, most_attempts: int) -> RetryPolicy:
    if isinstance(policy, NoRetry) or most_attempts < 2:
        return NoRetry()
    return Linear(timedelta(seconds=1), min(most_retries(policy), most_attempts - 1))


def _retries(node: DagNode) -> bool:
    return isinstance(node, TaskNode) and not isinstance(node.retry_policy, NoRetry)
