"""Reads the flat JSON of a DAG, strictly: all problems at once, the same as for a Spec.

The nodes are read as those of a Spec: each becomes an entry point of a Spec that has nothing else in it, its edges as
references that lead nowhere. So `check_spec` says what is wrong with its fields, and which edges its type may have.
"""

from collections.abc import Mapping
from re import compile as compile_pattern
from typing import Final

from attrs import define, evolve

from waygrid_core.dag.construct import construct_node
from waygrid_core.dag.dag import Dag
from waygrid_core.dag.edge import ALWAYS, BRANCH, CONDITION, FAILURE, JOIN, SUCCESS, TIMEOUT, Guard
from waygrid_core.dag.graph import Graph, GraphEdge, GraphNode
from waygrid_core.dag.node import DagNode
from waygrid_core.dag.seal import seal
from waygrid_core.dag.validity import Structure
from waygrid_core.extension.registry import Extensions
from waygrid_core.model.identifiers import ROOT_SCOPE, DagHash, NodeId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.spec.check import check_spec
from waygrid_core.spec.fields import Fields, Shape, kind_of, open_object, shape
from waygrid_core.spec.limits import Limits
from waygrid_core.spec.node import BodyNode, DagBody, Hole, Reference, Spec
from waygrid_core.spec.place import Place, pointer_of
from waygrid_core.spec.problem import ProblemCode, ProblemSink

_FRAME: Final = ("repeatPolicy", "timeout", "onEnd", "guards", "signals")
"""What a DAG has as its Spec has it."""

BODY_SHAPE: Final = shape("entryPoints", "nodes", "edges", optional=["hash", "salt", *_FRAME])
WHOLE_SHAPE: Final = Shape(BODY_SHAPE.required, BODY_SHAPE.known | {"bodies", "annotations"})
_EDGE_SHAPE: Final = shape("from", "to", "guard", optional=["condition"])
_NODE_ID: Final = compile_pattern(r"[a-z0-9][a-z0-9-]{0,63}")
_CONDITION_GUARD: Final = compile_pattern(r"condition:(0|[1-9][0-9]{0,6})")
_MEMBERS: Final = {SUCCESS: "onSuccess", FAILURE: "onFailure", TIMEOUT: "onTimeout", ALWAYS: "always"}
_NOT_IN_NODES: Final = frozenset({*_MEMBERS.values(), "onConditions", "branches", "join", "label", "description"})
_NOWHERE: Final[JsonValue] = {"ref": "x"}
_UNKNOWN_END: Final = -1


@define(eq=False)
class _WrittenEdge:
    source: int
    target: int
    guard: Guard
    condition: JsonValue
    place: Place


class GraphReading:
    """One DAG while it is read."""

    def __init__(self, fields: Fields, limits: Limits, problems: ProblemSink, extensions: Extensions) -> None:
        self.fields = fields
        self.limits = limits
        self.problems = problems
        self.extensions = extensions
        self.numbers: dict[str, int] = {}
        self.places: list[Place] = []
        self.documents: list[dict[str, JsonValue]] = []

    def read(self) -> Graph:
        """The graph, as far as it could be read; check it only if there are no problems with its fields."""
        self._read_nodes()
        edges = self._read_edges()
        entries = self._read_entries()
        frame = self._check(edges)
        nodes: list[GraphNode] = []
        for number, node_id in enumerate(self.numbers):
            read = frame.entry_points[number] if number < len(frame.entry_points) else Hole()
            node = None if isinstance(read, Hole | Reference) else evolve(read, place=self.places[number])
            if isinstance(node, BodyNode) and not isinstance(node.body, DagBody):
                message = 'in a DAG a body is named by its hash, {"dag": hash}, and stands among the bodies'
                self.problems.add((self.places[number], "body"), "wrong-type", message)
            nodes.append(GraphNode(NodeId(node_id), node, self.places[number]))
        if frame.on_end is not None and not isinstance(frame.on_end, DagBody):
            message = 'in a DAG the onEnd is named by its hash, {"dag": hash}, and stands among the bodies'
            self.fields.refuse("onEnd", "wrong-type", message)
        for edge in edges:
            nodes[edge.source].edges.append(GraphEdge(edge.guard, edge.target, edge.place))
        salt = self.fields.text("salt") or ""
        return Graph(nodes, entries, frame, salt, self.fields.place)

    def _read_nodes(self) -> None:
        place: Place = (self.fields.place, "nodes")
        for index, item in enumerate(self.fields.items("nodes") or ()):
            at: Place = (place, index)
            if not isinstance(item, dict):
                self.problems.add(at, "wrong-type", f"a node must be an object, not {kind_of(item)}")
                continue
            node_id = item.get("id")
            if not isinstance(node_id, str):
                if "id" in item:
                    self.problems.add((at, "id"), "wrong-type", f"id must be text, not {kind_of(node_id)}")
                else:
                    self.problems.add(at, "missing-field", "a node needs the field 'id'")
                continue
            if _NODE_ID.fullmatch(node_id) is None:
                message = f"{node_id[:80]!r} is no id of a node; write 1 to 64 of a-z, 0-9 and inner hyphens"
                self.problems.add((at, "id"), "bad-id", message)
                continue
            if node_id in self.numbers:
                self.problems.add((at, "id"), "duplicate-id", f"another node has the id {node_id!r}")
                continue
            for name in _NOT_IN_NODES & item.keys():
                message = f"{name!r} is no field of a node in a DAG; edges and annotations have lists of their own"
                self.problems.add((at, name), "unknown-field", message)
            document = {name: value for name, value in item.items() if name not in _NOT_IN_NODES | {"id", "name"}}
            if "name" in item:
                document["id"] = item["name"]
            self.numbers[node_id] = len(self.documents)
            self.documents.append(document)
            self.places.append(at)

    def _read_edges(self) -> list[_WrittenEdge]:
        place: Place = (self.fields.place, "edges")
        edges: list[_WrittenEdge] = []
        for index, item in enumerate(self.fields.items("edges") or ()):
            at: Place = (place, index)
            fields = open_object(item, at, self.problems, _EDGE_SHAPE, "an edge")
            if fields is None:
                continue
            source, target = self._end(fields, "from"), self._end(fields, "to")
            guard = fields.text("guard")
            if source is None or guard is None:
                continue
            if not self._is_guard(guard):
                known = "success, failure, timeout, always, condition:<i>, branch:<name> or join"
                fields.refuse("guard", "unknown-type", f"{guard[:80]!r} is no guard; write {known}")
                continue
            is_conditional = guard.startswith(CONDITION)
            if is_conditional and not fields.has("condition"):
                self.problems.add(at, "missing-field", "an edge with the guard condition:<i> needs its condition")
                continue
            if not is_conditional and fields.has("condition"):
                fields.refuse("condition", "unknown-field", f"an edge with the guard {guard} has no condition")
                continue
            end = _UNKNOWN_END if target is None else target  # a fork, say, has this branch, wherever it leads
            edges.append(_WrittenEdge(source, end, guard, fields.document.get("condition"), at))
        return self._in_order(edges)

    def _end(self, fields: Fields, name: str) -> int | None:
        node_id = fields.text(name)
        if node_id is None:
            return None
        if node_id not in self.numbers:
            fields.refuse(name, "dangling-edge", f"no node of this DAG has the id {node_id[:80]!r}")
        return self.numbers.get(node_id)

    @staticmethod
    def _is_guard(guard: str) -> bool:
        if guard in _MEMBERS or guard == JOIN or _CONDITION_GUARD.fullmatch(guard) is not None:
            return True
        return guard.startswith(BRANCH) and len(guard) > len(BRANCH)

    def _in_order(self, edges: list[_WrittenEdge]) -> list[_WrittenEdge]:
        """By guard as a token considers them, each guard once a node, conditions without a gap."""
        first: dict[tuple[int, Guard], _WrittenEdge] = {}
        for edge in edges:
            key = (edge.source, edge.guard)
            if key in first:
                code: ProblemCode = "several-always" if edge.guard == ALWAYS else "conflicting-fields"
                self.problems.add(edge.place, code, f"a node has at most one edge {edge.guard[:80]}")
            else:
                first[key] = edge
        kept = sorted(first.values(), key=lambda edge: (edge.source, _rank(edge.guard)))
        expected: dict[int, int] = {}
        for edge in kept:
            if edge.guard.startswith(CONDITION):
                index = expected.setdefault(edge.source, 0)
                expected[edge.source] = int(edge.guard.removeprefix(CONDITION)) + 1
                if expected[edge.source] != index + 1:
                    message = f"the conditions of a node count from 0 without a gap; this one would be {index}"
                    self.problems.add((edge.place, "guard"), "out-of-range", message)
        return kept

    def _read_entries(self) -> list[int]:
        items = self.fields.items("entryPoints")
        place: Place = (self.fields.place, "entryPoints")
        entries: list[int] = []
        for index, item in enumerate(items or ()):
            if not isinstance(item, str):
                message = f"an entry point is the id of a node, not {kind_of(item)}"
                self.problems.add((place, index), "wrong-type", message)
            elif item not in self.numbers:
                self.problems.add((place, index), "dangling-edge", f"no node of this DAG has the id {item[:80]!r}")
            else:
                entries.append(self.numbers[item])
        if items is not None and not items:
            self.problems.add(place, "empty-entry-points", "a DAG needs at least one entry point")
        return entries

    def _check(self, edges: list[_WrittenEdge]) -> Spec:
        """Read the nodes with their edges as those of a Spec, and tell its problems where they stand here."""
        moved: dict[str, str] = {}
        branches: dict[int, dict[str, JsonValue]] = {}
        conditions: dict[int, list[JsonValue]] = {}
        for number, document in enumerate(self.documents):
            moved[f"/entryPoints/{number}"] = pointer_of(self.places[number])
            moved[f"/entryPoints/{number}/id"] = f"{pointer_of(self.places[number])}/name"
            if document.get("type") == "fork":
                document["branches"] = branches.setdefault(number, {})
        for edge in edges:
            document, start, at = self.documents[edge.source], f"/entryPoints/{edge.source}", pointer_of(edge.place)
            if edge.guard in _MEMBERS:
                document[_MEMBERS[edge.guard]] = _NOWHERE
                moved[f"{start}/{_MEMBERS[edge.guard]}"] = at
            elif edge.guard.startswith(CONDITION):
                listed = conditions.setdefault(edge.source, [])
                document["onConditions"] = listed
                moved[f"{start}/onConditions/{len(listed)}"] = at
                listed.append({"condition": edge.condition, "to": _NOWHERE})
            elif edge.guard.startswith(BRANCH):
                name = edge.guard.removeprefix(BRANCH)
                members = branches.setdefault(edge.source, {})
                members[name] = _NOWHERE
                document["branches"] = members
                moved[f"{start}/branches/{name.replace('~', '~0').replace('/', '~1')}"] = f"{at}/guard"
            elif document.get("type") != "fork":
                self.problems.add(edge.place, "unknown-field", "only a fork has an edge join")
        document = {"entryPoints": self.documents or [{"type": "pass"}]}
        document.update({name: self.fields.document[name] for name in _FRAME if self.fields.has(name)})
        checked = check_spec(document, self.limits, self.extensions)
        base = pointer_of(self.fields.place)
        for problem in checked.problems:
            self.problems.add(_moved(problem.pointer, moved, base), problem.code, problem.message)
        assert checked.spec is not None, "it is an object"
        return checked.spec


def _moved(pointer: str, moved: Mapping[str, str], base: str) -> str:
    """Where a pointer into the stand-in stands in the document: its longest known beginning is replaced."""
    start = pointer
    while start not in moved:
        if not start:
            return base + pointer
        start = start.rpartition("/")[0]
    return moved[start] + pointer[len(start) :]


def _rank(guard: Guard) -> tuple[int, int, str]:
    if guard.startswith(CONDITION):
        return 0, int(guard.removeprefix(CONDITION)), ""
    if guard.startswith(BRANCH):
        return 1, 0, guard
    return 2, (SUCCESS, FAILURE, TIMEOUT, ALWAYS, JOIN).index(guard), ""


def make_dag(graph: Graph, structure: Structure, bodies: Mapping[DagHash, Dag]) -> Dag:
    """The DAG of a graph without faults. `bodies` has those that it names, and theirs."""
    ids = [entry.id for entry in graph.nodes]
    nodes: dict[NodeId, DagNode] = {}
    for at, entry in enumerate(graph.nodes):
        node = entry.node
        assert node is not None, "a graph without faults was read whole"
        partner = structure.join_of.get(at, structure.fork_of.get(at))
        scope = structure.scopes[at]
        nodes[entry.id] = construct_node(
            node,
            entry.id,
            scope,
            {edge.guard: ids[edge.target] for edge in entry.edges if edge.guard != JOIN},
            partner=None if partner is None else ids[partner],
            body=node.body.dag if isinstance(node, BodyNode) and isinstance(node.body, DagBody) else None,
            end=None if scope == ROOT_SCOPE else ids[structure.join_of[structure.parents[scope][0]]],
        )
    frame = graph.frame
    return seal(
        nodes=nodes,
        entry_points=tuple(ids[entry] for entry in graph.entries),
        author_ids={entry.id: entry.node.id for entry in graph.nodes if entry.node is not None and entry.node.id},
        repeat_policy=frame.repeat_policy,
        timeout=frame.timeout,
        on_end=frame.on_end.dag if isinstance(frame.on_end, DagBody) else None,
        salt=graph.salt,
        bodies=bodies,
        guards=frame.guards,
        signals=frame.signals,
    )


def body_uses(graph: Graph) -> list[tuple[DagHash, Place]]:
    """The bodies that a graph names, each with where it does; its onEnd too."""
    uses: list[tuple[DagHash, Place]] = [
        (entry.node.body.dag, (entry.place, "body"))
        for entry in graph.nodes
        if isinstance(entry.node, BodyNode) and isinstance(entry.node.body, DagBody)
    ]
    if isinstance(graph.frame.on_end, DagBody):
        uses.append((graph.frame.on_end.dag, (graph.place, "onEnd")))
    return uses


def read_dag(
    document: JsonValue, place: Place, form: Shape, limits: Limits, problems: ProblemSink, extensions: Extensions
) -> Graph | None:
    """One DAG as a graph; None if it is no object."""
    fields = open_object(document, place, problems, form, "a DAG")
    return None if fields is None else GraphReading(fields, limits, problems, extensions).read()
