"""Whether two trees of nodes say the same: for the copies of one join. Iterative, for a copy may be a chain."""

from typing import Final

from attrs import evolve

from waygrid_core.condition.expression import Always
from waygrid_core.dag.preimage import as_written, condition_preimage, parameters_preimage, template_preimage
from waygrid_core.model.canonical_json import canonical_json
from waygrid_core.model.json_value import JsonValue
from waygrid_core.spec.node import (
    AwaitNode,
    Body,
    CallNode,
    DagBody,
    EachNode,
    Ends,
    ExtensionNode,
    FailNode,
    ForkNode,
    Hole,
    JoinNode,
    LoopNode,
    Node,
    PassNode,
    Reference,
    Spec,
    StandardNode,
)

_NO_ENDS: Final = Ends()
_NO_BODY: Final = Spec(entry_points=())
_SOME: Final = Always()
_NO_NODE: Final = Hole()


def is_same_tree(left: Node, right: Node) -> bool:
    """Whether both say the same. What could not be read is taken to be the same as anything."""
    waiting: list[tuple[Node | Body | None, Node | Body | None]] = [(left, right)]
    while waiting:
        one, other = waiting.pop()
        if one is None or other is None:
            if one is not other:
                return False
            continue
        if isinstance(one, Hole) or isinstance(other, Hole):
            continue
        if type(one) is not type(other) or not _is_same_head(one, other):
            return False
        parts, others = _parts(one), _parts(other)
        if len(parts) != len(others):
            return False
        waiting.extend(zip(parts, others, strict=True))
    return True


def _parts(node: Node | Body) -> list[Node | Body | None]:
    """What stands directly under a node, in an order that equal heads share."""
    match node:
        case Spec():
            return [*node.entry_points, node.on_end]
        case ForkNode():
            return [*(node.branches[name] for name in sorted(node.branches)), node.join]
        case (
            StandardNode()
            | PassNode()
            | JoinNode()
            | AwaitNode()
            | CallNode()
            | EachNode()
            | LoopNode()
            | ExtensionNode()
        ):
            ends = node.ends
            parts: list[Node | Body | None] = [ends.on_success, ends.on_failure, ends.on_timeout, ends.always]
            if not isinstance(node, JoinNode):
                parts.extend(edge.to for edge in node.on_conditions)
            if isinstance(node, CallNode | EachNode | LoopNode):
                parts.append(node.body)
            return parts
        case FailNode() | Reference() | Hole() | DagBody():
            return []


def _is_same_head(one: Node | Body, other: Node | Body) -> bool:
    """Equality of what a node itself says. Data is compared as JSON: 1 is not true, and 1.0 is 1."""
    return _head(one) == _head(other) and canonical_json(_data(one)) == canonical_json(_data(other))


def _head(node: Node | Body) -> object:
    match node:
        case Spec():
            return evolve(node, entry_points=(), on_end=None)
        case ForkNode():
            return evolve(node, branches=dict.fromkeys(node.branches, _NO_NODE), join=None)
        case StandardNode():
            return evolve(node, ends=_NO_ENDS, on_conditions=(), input=None, parameters={})
        case PassNode():
            return evolve(node, ends=_NO_ENDS, on_conditions=(), output=None)
        case JoinNode():
            return evolve(node, ends=_NO_ENDS)
        case AwaitNode():
            return evolve(node, ends=_NO_ENDS, on_conditions=())
        case ExtensionNode():
            return evolve(node, ends=_NO_ENDS, on_conditions=(), input=None)
        case CallNode() | EachNode():
            return evolve(node, ends=_NO_ENDS, on_conditions=(), body=_NO_BODY, input=None)
        case LoopNode():
            return evolve(node, ends=_NO_ENDS, on_conditions=(), body=_NO_BODY, input=None, until=_SOME)
        case FailNode() | Reference() | Hole() | DagBody():
            return node


def _data(node: Node | Body) -> JsonValue:
    """The templates and conditions of a node."""
    if isinstance(node, Spec | DagBody | Reference | Hole | ForkNode | JoinNode | FailNode):
        return None
    data: list[JsonValue] = [condition_preimage(edge.condition, as_written) for edge in node.on_conditions]
    match node:
        case StandardNode():
            data.append(parameters_preimage(node.parameters, as_written))
            data.append(template_preimage(node.input, as_written))
        case PassNode():
            data.append(template_preimage(node.output, as_written))
        case CallNode() | EachNode() | ExtensionNode():
            data.append(template_preimage(node.input, as_written))
        case LoopNode():
            data.append(template_preimage(node.input, as_written))
            data.append(condition_preimage(node.until, as_written))
        case AwaitNode():
            pass
    return data
