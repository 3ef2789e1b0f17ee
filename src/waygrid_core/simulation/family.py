"""The traversals of a simulation: who they are, what they run, whose they are."""

from collections.abc import Iterator, Mapping
from typing import TypeAlias, assert_never

from attrs import define, evolve, field, frozen

from waygrid_core.children.derive import dag_of
from waygrid_core.children.plan import EachPlan, LoopPlan, RunPlan, SeriesPlan, SinglePlan, TraversalPlan
from waygrid_core.children.series_state import SeriesState, new_series
from waygrid_core.dag.dag import CompiledDag, Dag, DagAnnotations
from waygrid_core.dag.naming import names_of
from waygrid_core.dag.node import DagNode, ExtensionWork, ServiceWork, TaskNode
from waygrid_core.model.identifiers import DagHash, NodeId, TraversalId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.simulation.naming import Place
from waygrid_core.simulation.script import Script
from waygrid_core.traversal.signals import Known, KnownKey
from waygrid_core.traversal.state import TraversalState, new_traversal


@frozen
class NodeParent:
    """The child answers this attempt."""

    traversal: TraversalId
    node: NodeId
    attempt: int


@frozen
class SeriesParent:
    """The child is this run."""

    series: TraversalId
    run: int


Parent: TypeAlias = NodeParent | SeriesParent


@define(eq=False)
class LiveTraversal:
    """A traversal that is not a series; `children` has the last one that each of its nodes began."""

    id: TraversalId
    plan: SinglePlan | RunPlan | EachPlan
    dag: Dag
    annotations: DagAnnotations
    place: Place
    parent: Parent | None
    known: Known
    names: dict[NodeId, str]
    state: TraversalState
    children: dict[NodeId, TraversalId] = field(factory=dict)
    follow_up: TraversalId | None = None


@define(eq=False)
class LiveSeries:
    """A series or a loop; `last_run` is the run that began last."""

    id: TraversalId
    plan: SeriesPlan | LoopPlan
    dag: Dag
    annotations: DagAnnotations
    place: Place
    parent: Parent | None
    known: Known
    state: SeriesState
    last_run: TraversalId | None = None
    follow_up: TraversalId | None = None


Live: TypeAlias = LiveTraversal | LiveSeries


class Family:
    """The traversals that were begun, by id, and what is needed to begin another: DAGs, names, what is known."""

    __slots__ = ("_compiled", "_derived", "_known", "_known_at", "_members", "_names", "_script")

    def __init__(self, compiled: CompiledDag, known: Mapping[str, JsonValue], script: Script) -> None:
        self._compiled = compiled
        self._known = known
        self._script = script
        self._members: dict[TraversalId, Live] = {}
        # What traversals at one place have in common; annotations live as long as `compiled`, so their id is theirs.
        self._derived: dict[EachPlan, Dag] = {}
        self._names: dict[tuple[DagHash, int], dict[NodeId, str]] = {}
        self._known_at: dict[tuple[DagHash, int, str], Known] = {}

    def __getitem__(self, traversal: TraversalId) -> Live:
        return self._members[traversal]

    def __iter__(self) -> Iterator[TraversalId]:
        return iter(self._members)

    def get(self, traversal: TraversalId) -> Live | None:
        """The traversal of that id, if it was opened."""
        return self._members.get(traversal)

    def single(self, traversal: TraversalId) -> LiveTraversal:
        """The traversal of that id, which is no series."""
        live = self._members[traversal]
        assert isinstance(live, LiveTraversal), "a series has no nodes"
        return live

    def series(self, traversal: TraversalId) -> LiveSeries:
        """The series of that id."""
        live = self._members[traversal]
        assert isinstance(live, LiveSeries), "only a series has runs"
        return live

    def open(
        self,
        traversal: TraversalId,
        plan: TraversalPlan,
        place: Place,
        annotations: DagAnnotations,
        parent: Parent | None,
    ) -> Live:
        """A traversal of which nothing has been heard yet. `annotations` are those of the DAG that its plan names."""
        dag = self._dag_of(plan)
        live: Live
        match plan:
            case SeriesPlan() | LoopPlan():
                known = self._known_in(dag, annotations, place)
                live = LiveSeries(traversal, plan, dag, annotations, place, parent, known, new_series(traversal))
            case EachPlan():
                state = new_traversal(traversal)
                live = LiveTraversal(traversal, plan, dag, annotations, place, parent, {}, {}, state)
            case SinglePlan() | RunPlan():
                known, names = self._known_in(dag, annotations, place), self._names_in(dag, annotations)
                state, dag = new_traversal(traversal), self._with_decided(dag, names, place)
                live = LiveTraversal(traversal, plan, dag, annotations, place, parent, known, names, state)
            case _:
                assert_never(plan)
        self._members[traversal] = live
        return live

    def _dag_of(self, plan: TraversalPlan) -> Dag:
        if not isinstance(plan, EachPlan):
            return dag_of(plan, self._compiled.__getitem__)
        if plan not in self._derived:
            self._derived[plan] = dag_of(plan, self._compiled.__getitem__)
        return self._derived[plan]

    def _with_decided(self, dag: Dag, names: Mapping[NodeId, str], place: Place) -> Dag:
        """The DAG in which a service stands for each node of a user's kind whose `done` the scenario scripts."""
        decided: dict[NodeId, DagNode] = {}
        for node_id, name in names.items():
            node = dag.nodes[node_id]
            if (
                isinstance(node, TaskNode)
                and isinstance(node.work, ExtensionWork)
                and self._script.is_done(place, name)
            ):
                decided[node_id] = evolve(node, work=ServiceWork(node.address))
        return evolve(dag, nodes={**dag.nodes, **decided}) if decided else dag

    def _names_in(self, dag: Dag, annotations: DagAnnotations) -> dict[NodeId, str]:
        key = (dag.hash, id(annotations))
        if key not in self._names:
            self._names[key] = names_of(dag, annotations)
        return self._names[key]

    def _known_in(self, dag: Dag, annotations: DagAnnotations, place: Place) -> Known:
        """What the scenario knows of the nodes of a DAG at a place, whatever their input."""
        if not self._known:
            return {}
        key = (dag.hash, id(annotations), place.prefix)
        if key not in self._known_at:
            known: dict[KnownKey, JsonValue] = {}
            for node, name in self._names_in(dag, annotations).items():
                full_name = place.prefix + name
                if full_name in self._known and node in dag.digests:
                    known[(dag.digests[node], None)] = self._known[full_name]
            self._known_at[key] = known
        return self._known_at[key]
