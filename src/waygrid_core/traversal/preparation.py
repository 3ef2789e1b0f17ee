"""What a task is given when it is dispatched: its input and its parameters, read from its templates.

Pure: the same node, state and arrival give the same, so that a wait and a retry agree; so does a later digest, with
`hindsight`.
"""

from collections.abc import Container, Mapping
from typing import Final, assert_never

from attrs import frozen

from waygrid_core.condition.evaluate import resolve
from waygrid_core.dag.dag import Dag
from waygrid_core.dag.node import AwaitWork, CallWork, EachWork, ExtensionWork, LoopWork, ServiceWork, TaskNode
from waygrid_core.extension.asked_kinds import first_memory_of, question_of
from waygrid_core.extension.calling import EXTENSION_ERROR, Broken
from waygrid_core.extension.extension import NodeKind
from waygrid_core.model.identifiers import NodeId
from waygrid_core.model.json_value import JsonValue, is_json_array
from waygrid_core.policy.join import Quorum
from waygrid_core.spec.conditions import write_condition
from waygrid_core.spec.extended import write_versioned
from waygrid_core.template.evaluate import Sight, evaluate, read_operand
from waygrid_core.template.template import Parameter, SecretReference
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.fold import Draft
from waygrid_core.traversal.sight import sight_at
from waygrid_core.traversal.state import TraversalState

_NO_PARAMETERS: Final[Mapping[str, Parameter]] = {}


@frozen
class Preparation:
    """What an attempt is given."""

    input: JsonValue
    parameters: Mapping[str, Parameter]


@frozen
class RoundPreparation(Preparation):
    """What an attempt is given that begins a round of a node of a user's kind, and what that remembers from then on."""

    memory: JsonValue


def prepare(
    dag: Dag, state: Draft | TraversalState, node: TaskNode, arrived: JsonValue, not_yet: Container[NodeId] = ()
) -> Preparation | ErrorDetail:
    """What `node` is given when `arrived` arrives at it, or the failure that its data amounts to.

    The outputs of nodes in `not_yet` are not seen; see `hindsight`.
    """
    if node.input is None and not node.parameters and isinstance(node.work, ServiceWork):
        return Preparation(arrived, _NO_PARAMETERS)  # most nodes: nothing to read
    sight = sight_at(dag, state, arrived, not_yet)
    if isinstance(node.work, ExtensionWork):
        return _first_round(node.work.kind, arrived if node.input is None else evaluate(node.input, sight))
    parameters = _parameters(node, sight)
    if isinstance(parameters, ErrorDetail):
        return parameters
    if node.input is not None:
        return Preparation(evaluate(node.input, sight), parameters)
    return Preparation(None if isinstance(node.work, EachWork) else arrived, parameters)


def prepare_round(kind: NodeKind, memory: JsonValue, given: JsonValue) -> Preparation | ErrorDetail:
    """What a round of a node of that kind is given, once it remembers `memory`."""
    question = question_of(kind, memory, given)
    if isinstance(question, Broken):
        return ErrorDetail(EXTENSION_ERROR, question.message)
    return RoundPreparation(given, question.parameters, memory)


def _first_round(kind: NodeKind, given: JsonValue) -> Preparation | ErrorDetail:
    memory = first_memory_of(kind, given)
    if isinstance(memory, Broken):
        return ErrorDetail(EXTENSION_ERROR, memory.message)
    return prepare_round(kind, memory.value, given)


def whole_number_from_one(value: object) -> int | None:
    """The whole number that `value` is (3.0 is one), if it is at least 1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1 or value < 1:
        return None
    return int(value)


def _parameters(node: TaskNode, sight: Sight) -> Mapping[str, Parameter] | ErrorDetail:
    match node.work:
        case ServiceWork():
            return {
                name: template if isinstance(template, SecretReference) else evaluate(template, sight)
                for name, template in node.parameters.items()
            }
        case AwaitWork(event=event, key=None):
            return {"event": event}
        case AwaitWork(event=event, key=operand):
            assert operand is not None
            key = read_operand(operand, sight)
            if not isinstance(key, str):
                return ErrorDetail("bad-value", "the key of an await must be a text")
            return {"event": event, "key": key}
        case CallWork():
            return _NO_PARAMETERS
        case EachWork() as each:
            return _each_parameters(each, sight)
        case LoopWork(until=until):
            return {"until": write_condition(resolve(until, sight), write_versioned)}
        case ExtensionWork():
            raise AssertionError("a node of a user's kind is prepared round by round")
        case _:
            assert_never(node.work)


def _each_parameters(each: EachWork, sight: Sight) -> Mapping[str, Parameter] | ErrorDetail:
    items = read_operand(each.over, sight)
    if not is_json_array(items):  # type: ignore[arg-type]
        return ErrorDetail("not-a-list", "`over` gave no list")
    assert isinstance(items, list | tuple)
    if len(items) > each.at_most:
        return ErrorDetail("too-many-items", f"`over` gave {len(items)} items; atMost is {each.at_most}")
    if not isinstance(each.strategy, Quorum) or isinstance(each.strategy.n, int):
        return {"over": items}
    needed = whole_number_from_one(read_operand(each.strategy.n, sight))
    if needed is None:
        return ErrorDetail("bad-value", "the quorum of an each must be a whole number from 1")
    return {"over": items, "n": needed}
