"""From the dispatch of a call, each or loop to the traversal that does its work."""

from typing import Final, assert_never

from attrs import frozen

from waygrid_core.children.identity import dispatched_child_id
from waygrid_core.children.plan import EachPlan, LoopPlan, SinglePlan, TraversalPlan
from waygrid_core.condition.evaluate import NEVER
from waygrid_core.condition.expression import Condition
from waygrid_core.condition.rules import rules_in
from waygrid_core.dag.node import AwaitWork, CallWork, EachWork, ExtensionWork, LoopWork, ServiceWork, TaskNode
from waygrid_core.extension.extension import JoinRule
from waygrid_core.extension.registry import Extensions
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.policy.join import And, JoinStrategy, Or, Quorum
from waygrid_core.spec.conditions import read_condition
from waygrid_core.spec.problem import ProblemSink
from waygrid_core.template.template import SecretReference
from waygrid_core.traversal.effects import DispatchNode

FIRST_ENTRY: Final = 0
"""A body begins at its first entry point."""


@frozen
class ChildStart:
    """The traversal that is to begin for a dispatch: its id, how it runs, and what it is given.

    It begins at `FIRST_ENTRY`. The same dispatch always gives the same start.
    """

    traversal: TraversalId
    plan: TraversalPlan
    payload: JsonValue


def child_of(node: TaskNode, parent: TraversalId, dispatch: DispatchNode) -> ChildStart | None:
    """The child that `dispatch` of `node` asks for; None for what a service or the inbox answers."""
    if isinstance(node.work, ServiceWork | AwaitWork | ExtensionWork):
        return None
    child = dispatched_child_id(parent, dispatch.node, dispatch.attempt)
    match node.work:
        case CallWork(body=body):
            return ChildStart(child, SinglePlan(body), dispatch.input)
        case EachWork() as each:
            items = dispatch.parameters["over"]
            assert isinstance(items, list | tuple), "an each is dispatched with its list"
            plan = EachPlan(each.body, len(items), _strategy(each.strategy, dispatch), each.concurrency)
            # Members get an input only if the author wrote one, be it null.
            payload = {"items": items} if node.input is None else {"items": items, "input": dispatch.input}
            return ChildStart(child, plan, payload)
        case LoopWork() as loop:
            until = dispatch.parameters["until"]
            assert not isinstance(until, SecretReference), "a loop is dispatched with its condition"
            return ChildStart(
                child, LoopPlan(loop.body, _condition(until, loop.until), loop.at_most, loop.every), dispatch.input
            )
        case _:
            assert_never(node.work)


def _condition(until: JsonValue, written: Condition) -> Condition:
    """The condition of this dispatch; of what was `written` it has the extensions, and its leaves are constants."""
    problems = ProblemSink()
    extensions = Extensions.of(*(type(rule) for rule in rules_in(written)))
    condition = read_condition(until, "", problems, extensions=extensions)
    # Data that was put into the condition at dispatch can nest deeper than a document may: it equals nothing then.
    return NEVER if problems.problems else condition


def _strategy(strategy: JoinStrategy, dispatch: DispatchNode) -> JoinStrategy:
    """The strategy with its quorum as a number: as written, or as it was read from data for this dispatch."""
    match strategy:
        case And() | Or() | Quorum(n=int()) | JoinRule():
            return strategy
        case Quorum():
            needed = dispatch.parameters["n"]
            assert isinstance(needed, int), "an each with a quorum from data is dispatched with its number"
            return Quorum(needed)
        case _:
            assert_never(strategy)
