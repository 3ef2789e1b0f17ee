"""What is known of the inside of a body: what the child of another traversal's call or each has done.

A retry that begins at the failed step must reach into bodies, or a call whose last step failed would be done again as a
whole. So what a child did is handed to the child that stands at the same place of the new traversal and is given the
same. It travels in the known of its parent, as an entry under a key that is no node's, whose value is the child's own
known as JSON. So a node in a body is only ever served by what was done in that very body: two calls of one body on one
input are two pieces of work. And a body may have been corrected meanwhile: what is the same in it is taken over.

Loops have none: their rounds may be given the same again and again, and each round is work of its own.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from attrs import frozen

from waygrid_core.children.identity import dispatched_child_id
from waygrid_core.children.plan import EachPlan, SinglePlan, TraversalPlan
from waygrid_core.dag.dag import Dag
from waygrid_core.dag.node import CallWork, EachWork, TaskNode
from waygrid_core.model.identifiers import InputDigest, NodeDigest, TraversalId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.policy.join import JoinStrategy, Quorum
from waygrid_core.template.template import Parameter
from waygrid_core.traversal.effects import DispatchNode
from waygrid_core.traversal.known import input_digest
from waygrid_core.traversal.preparation import Preparation
from waygrid_core.traversal.signals import Known, KnownKey
from waygrid_core.traversal.state import Joining, Succeeded, TraversalState, Waiting

_INSIDE: Final = "inside/"
"""Begins the key of what is known of a body; digests of nodes are hex digits."""


@frozen
class Body:
    """A child that a traversal began, with the place at which it stands there."""

    place: str
    node: TaskNode
    child: TraversalId
    has_succeeded: bool


def bodies_begun(dag: Dag, plan: TraversalPlan, state: TraversalState) -> Iterator[Body]:
    """The last child of each call and each of a traversal that ran `dag` by `plan`; some may never have begun."""
    for node_id, run in state.nodes.items():
        node = dag.nodes[node_id]
        if not isinstance(node, TaskNode) or not isinstance(node.work, CallWork | EachWork):
            continue
        if not isinstance(run, Waiting | Joining) and run.attempt > 0:
            child = dispatched_child_id(state.traversal, node_id, run.attempt)
            yield Body(_place(dag, plan, node), node, child, isinstance(run, Succeeded))


def known_of_body(body: Body, plan: TraversalPlan, payload: JsonValue, done: Known) -> Known:
    """What a parent is to know of a body that ran by `plan` on `payload`, and of which `done` was done."""
    given = _given(body.node, plan, payload)
    if not done or given is None:
        return {}
    return {_key(body.place, given): [[node, inner, done[node, inner]] for node, inner in sorted(done, key=_order)]}


def known_in_body(dag: Dag, plan: TraversalPlan, known: Known, dispatch: DispatchNode) -> Known:
    """What the child of a dispatch is to know, of what its parent, which runs `dag` by `plan`, knows."""
    node = dag.nodes[dispatch.node]
    if not known or not isinstance(node, TaskNode) or not isinstance(node.work, CallWork | EachWork):
        return {}
    given = input_digest(Preparation(dispatch.input, dispatch.parameters))
    return _read(known.get(_key(_place(dag, plan, node), given)))


def is_of_body(key: KnownKey) -> bool:
    """Whether it is the key of what is known of a body, and not of a node."""
    return key[0].startswith(_INSIDE)


def _key(place: str, given: InputDigest) -> KnownKey:
    return NodeDigest(_INSIDE + place), given


def _place(dag: Dag, plan: TraversalPlan, node: TaskNode) -> str:
    """What a call keeps when its body is corrected: its NodeId; of a member of an each its index."""
    return dag.scopes[node.scope].branch if isinstance(plan, EachPlan) else node.id


def _given(node: TaskNode, plan: TraversalPlan, payload: JsonValue) -> InputDigest | None:
    """The digest of what the node was dispatched with, from what its child was given."""
    match plan:
        case SinglePlan():
            return input_digest(Preparation(payload, {}))
        case EachPlan(strategy=strategy):
            assert isinstance(payload, Mapping), "an each is given an object"
            parameters: dict[str, Parameter] = {"over": payload["items"]}
            if isinstance(node.work, EachWork) and _is_from_data(node.work.strategy):
                assert isinstance(strategy, Quorum), "a plan has the strategy of its each"
                assert isinstance(strategy.n, int), "it was read when the each was dispatched"
                parameters["n"] = strategy.n
            return input_digest(Preparation(payload.get("input"), parameters))
        case _:
            return None


def _is_from_data(strategy: JoinStrategy) -> bool:
    return isinstance(strategy, Quorum) and not isinstance(strategy.n, int)


def _read(document: JsonValue) -> Known:
    """The known that an entry holds; nothing where there is none, or where it is not such a document."""
    known: dict[KnownKey, JsonValue] = {}
    for entry in document if isinstance(document, list | tuple) else ():
        match entry:
            case [str(node), None | str() as given, output]:
                known[NodeDigest(node), None if given is None else InputDigest(given)] = output
            case _:
                return {}
    return known


def _order(key: KnownKey) -> tuple[str, str]:
    node, given = key
    return node, given or ""
