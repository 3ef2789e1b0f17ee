"""Guarantees name nodes as scenarios do, nodes of bodies too; a name that names nothing is a fault."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias, assert_never

from attrs import frozen

from waygrid_core.compile.draft import NOWHERE, Draft
from waygrid_core.dag.dag import CompiledDag, DagAnnotations
from waygrid_core.dag.named_nodes import PlacedNode
from waygrid_core.dag.naming import NO_ANNOTATIONS, names_of
from waygrid_core.dag.node import body_of
from waygrid_core.extension.asked_kinds import address_of
from waygrid_core.model.address import INBOX, WAYSTATION
from waygrid_core.model.identifiers import DagHash
from waygrid_core.spec.fields import shown
from waygrid_core.spec.guarantee import Always, AtMost, Moment, NeverAfter, NeverBefore, OneOf
from waygrid_core.spec.node import (
    AwaitNode,
    CallNode,
    DagBody,
    EachNode,
    ExtensionNode,
    ForkNode,
    JoinNode,
    LoopNode,
    Spec,
    StandardNode,
)
from waygrid_core.spec.place import Place
from waygrid_core.spec.problem import ProblemSink

ON_END: Final = "onEnd"

MayHold: TypeAlias = Callable[[str], bool]
"""Whether a name may stand in a part that could not be read."""


@frozen
class _Named:
    """The names of one Spec: those of its nodes, and under the name of each node with a body, what bodies those are."""

    own: frozenset[str]
    below: Mapping[str, list["_Part"]]


@frozen
class _NamedDag:
    """A DAG that a body names by its hash, or one of its own bodies, with what was said of its nodes."""

    compiled: CompiledDag
    dag_hash: DagHash
    annotations: DagAnnotations | None


_Part: TypeAlias = Draft | _NamedDag
_LONGEST_PARENT: Final = 64
"""A node with a body is called by its id or label, neither longer than this, or by the address of all bodies."""


class NodeNames:
    """The names in Specs and DAGs, each gathered once and only when a guarantee asks."""

    def __init__(self, dags: Mapping[DagHash, CompiledDag]) -> None:
        self._dags = dags
        self._known: dict[tuple[int, DagHash | None, int], _Named] = {}

    def has(self, draft: Draft, name: str) -> bool:
        """Whether some node is called that. A parent's name may have slashes itself, so every split is tried."""
        waiting: list[tuple[_Part, str]] = [(draft, name)]
        while waiting:
            part, rest = waiting.pop()
            named = self._named(part)
            if rest in named.own:
                return True
            at = rest.find("/", 0, _LONGEST_PARENT + 1)
            while at >= 0:
                waiting.extend((inner, rest[at + 1 :]) for inner in named.below.get(rest[:at], ()))
                at = rest.find("/", at + 1, _LONGEST_PARENT + 1)
        return False

    def has_own(self, draft: Draft, name: str) -> bool:
        """Whether a node of this Spec itself is called that."""
        return name in self._named(draft).own

    def _named(self, part: _Part) -> _Named:
        if isinstance(part, Draft):
            key: tuple[int, DagHash | None, int] = (id(part), None, 0)
            return self._known.get(key) or self._known.setdefault(key, self._of_draft(part))
        key = (id(part.compiled), part.dag_hash, id(part.annotations))
        return self._known.get(key) or self._known.setdefault(key, _of_dag(part))

    def _of_draft(self, draft: Draft) -> _Named:
        # A fork is never dispatched and has no status: it is none of those that guarantees, and scenarios, name.
        nodes = [vertex.node for vertex in draft.vertices if not isinstance(vertex.node, ForkNode)]
        own = {called for node in nodes if (called := name_of(node)) is not None}
        below: dict[str, list[_Part]] = {}
        for use in draft.bodies:
            parent = ON_END if use.vertex == NOWHERE else name_of(draft.vertices[use.vertex].node)
            compiled = self._dags.get(use.body.dag) if isinstance(use.body, DagBody) else None
            if parent is not None and use.draft is not None:
                below.setdefault(parent, []).append(use.draft)
            elif parent is not None and compiled is not None:
                below.setdefault(parent, []).append(_NamedDag(compiled, compiled.dag.hash, compiled.annotations))
        return _Named(frozenset(own), below)


def _of_dag(part: _NamedDag) -> _Named:
    compiled, said = part.compiled, part.annotations
    own: set[str] = set()
    below: dict[str, list[_Part]] = {}
    dag = compiled.dag if part.dag_hash == compiled.dag.hash else compiled.bodies.get(part.dag_hash)
    if dag is None:
        return _Named(frozenset(), below)
    for node_id, called in names_of(dag, said or NO_ANNOTATIONS).items():
        own.add(called)
        body = body_of(dag.nodes[node_id])
        if body is not None:
            annotation = None if said is None else said.nodes.get(node_id)
            inner = None if annotation is None else annotation.body
            below.setdefault(called, []).append(_NamedDag(compiled, body, inner))
    if dag.on_end is not None:
        below.setdefault(ON_END, []).append(_NamedDag(compiled, dag.on_end, None if said is None else said.on_end))
    return _Named(frozenset(own), below)


def check_guarantees(draft: Draft, names: NodeNames, may_hold: MayHold, problems: ProblemSink) -> None:
    """Report every name in the guarantees of this Spec that no node has: here, or, where that may be, in a body."""
    if not draft.spec.guarantees:
        return
    for named in _names_in(draft.spec, draft.place):
        name = named.name
        if may_hold(name.rpartition("/")[2]) or may_hold(name):
            continue
        if not names.has(draft, name):
            message = f"no node is called {shown(name)}; write its id, else its label, else its address without scheme"
            problems.add(named.place, "unknown-ref", message)
        elif named.is_of_own and not names.has_own(draft, name):
            message = f"{shown(name)} is a node of another Spec inside; write this guarantee there, without its prefix"
            problems.add(named.place, "unknown-ref", message)


@frozen
class _NamedHere:
    """A name in a guarantee. `is_of_own`: it must be that of a node of the Spec itself."""

    name: str
    place: Place
    is_of_own: bool


def _names_in(spec: Spec, place: Place) -> Iterator[_NamedHere]:
    for index, guarantee in enumerate(spec.guarantees):
        at: Place = ((place, "guarantees"), index)
        match guarantee:
            case NeverBefore(dispatch=dispatch, succeeded=succeeded):
                yield _NamedHere(dispatch, ((at, "never"), "dispatch"), False)
                yield _NamedHere(succeeded, (((at, "never"), "before"), "succeeded"), False)
            case AtMost(dispatch=dispatch):
                yield _NamedHere(dispatch, ((at, "atMost"), "dispatch"), False)
            case NeverAfter(dispatch=dispatch, after=after):
                yield from _after_in(dispatch, after, (at, "never"))
            case Always(dispatch=dispatch, after=maybe):
                yield from _after_in(dispatch, maybe, (at, "always"))
            case OneOf(dispatch=dispatches):
                for number, dispatch in enumerate(dispatches):
                    yield _NamedHere(dispatch, (((at, "oneOf"), "dispatch"), number), True)
            case _:
                assert_never(guarantee)


def _after_in(dispatch: str, after: Moment | None, place: Place) -> Iterator[_NamedHere]:
    yield _NamedHere(dispatch, (place, "dispatch"), True)
    if after is not None:
        yield _NamedHere(after.node, ((place, "after"), after.ended), True)


def name_of(node: PlacedNode) -> str | None:
    """What people call a node: its id, else its label, else its address without scheme."""
    if node.id is not None:
        return node.id
    if isinstance(node, JoinNode):
        return node.join_node_id
    if node.label is not None:
        return node.label
    match node:
        case StandardNode(address=address):
            return address.short
        case AwaitNode():
            return INBOX.short
        case CallNode() | EachNode() | LoopNode():
            return WAYSTATION.short
        case ExtensionNode(kind=kind):
            return address_of(kind).short
        case _:
            return None
