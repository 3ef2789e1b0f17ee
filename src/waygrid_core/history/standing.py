"""Where a traversal stands among those around it, and so what it and its nodes are called.

A node in a body is `<parent>/<name>`, as in scenarios; where many traversals stand at one place, a number tells them
apart: `lines[2]/pack` is in the third member of an each, `poll[2]/ask` in the second round of a loop, `run 2/charge` in
the second run of a series.
"""

from functools import cached_property

from attrs import field, frozen

from waygrid_core.children.derive import dag_of
from waygrid_core.children.plan import EachPlan, LoopPlan, TraversalPlan
from waygrid_core.children.plan_reading import read_among
from waygrid_core.dag.dag import CompiledDag, Dag, DagAnnotations
from waygrid_core.dag.edge import edges_from
from waygrid_core.dag.naming import body_annotations, on_end_annotations, title_of
from waygrid_core.dag.node import DagNode, TaskNode
from waygrid_core.dag.paths import closing_edges
from waygrid_core.message.parent import NodeParent, SeriesParent
from waygrid_core.model.identifiers import NodeId, TraversalId


@frozen(eq=False, slots=False)
class Standing:
    """A traversal or series at its place. `plan` is None while nothing but a cancel has been heard of it.

    `compiled` holds the DAG that its plan names and all bodies below; `annotations` are those of that DAG.
    """

    traversal: TraversalId
    root: TraversalId
    plan: TraversalPlan | None = None
    compiled: CompiledDag | None = field(default=None, repr=False)
    annotations: DagAnnotations = field(factory=DagAnnotations, repr=False)
    prefix: str = ""
    subject: str = "the traversal"
    """What it is called in a sentence."""

    @property
    def place(self) -> str:
        """What its nodes stand in, as their names have it; empty for what a user started."""
        return self.prefix.rstrip("/")

    @cached_property
    def dag(self) -> Dag | None:
        """What it runs; of a series or a loop, what its runs are made of. None if nobody has stored it."""
        if self.plan is None or self.compiled is None:
            return None
        plan = read_among(self.plan, (self.compiled.dag, *self.compiled.bodies.values()))
        return None if plan is None else dag_of(plan, self.compiled.__getitem__)

    def name(self, node_id: NodeId) -> str:
        """What a node is called among those of its DAG; of an each, a member is called by its index."""
        node = self.node(node_id)
        if node is None or self.dag is None:
            return node_id
        member = self.member(node)
        return title_of(self.dag, self.annotations, node) if member is None else str(member)

    def title(self, node_id: NodeId) -> str:
        """What a node is called in a sentence."""
        node = self.node(node_id)
        if node is None or self.dag is None:
            return f"{self.prefix}{node_id}"
        if isinstance(self.plan, EachPlan):
            index = self.member(node)
            return f"the list of {self.place}" if index is None else f"{self.place}[{index}]"
        return self.prefix + title_of(self.dag, self.annotations, node)

    def node(self, node_id: NodeId) -> DagNode | None:
        """The node of that id."""
        return None if self.dag is None else self.dag.nodes.get(node_id)

    def member(self, node: DagNode) -> int | None:
        """Of an each: which item of the list a node is for; None for its fork and its join."""
        if self.dag is None or not isinstance(self.plan, EachPlan) or not isinstance(node, TaskNode):
            return None
        return int(self.dag.scopes[node.scope].branch)

    def child(self, traversal: TraversalId, plan: TraversalPlan, parent: NodeParent | SeriesParent) -> "Standing":
        """Where the child stands that `parent`, which is in this traversal, waits for."""
        if isinstance(parent, SeriesParent):
            prefix = f"{self.place}[{parent.run}]/" if self.prefix else f"run {parent.run}/"
            return self._with(traversal, plan, self.annotations, prefix, self.run(parent.run))
        title = self.title(parent.node)
        inside = self.annotations
        if not isinstance(self.plan, EachPlan):  # whose members run the body whose annotations these are
            inside = body_annotations(self.annotations, parent.node)
        return self._with(traversal, plan, inside, f"{title}/", f"the body of {title}")

    def run(self, number: int) -> str:
        """What a run of a series, or a round of a loop, is called in a sentence."""
        return f"round {number} of {self.place}" if isinstance(self.plan, LoopPlan) else f"run {number}"

    def follow_up(self, traversal: TraversalId, plan: TraversalPlan) -> "Standing":
        """Where the traversal of its onEnd stands."""
        inside = on_end_annotations(self.annotations)
        return self._with(traversal, plan, inside, f"{self.prefix}onEnd/", f"{self.prefix}onEnd")

    def _with(
        self, traversal: TraversalId, plan: TraversalPlan, annotations: DagAnnotations, prefix: str, subject: str
    ) -> "Standing":
        return Standing(traversal, self.root, plan, self.compiled, annotations, prefix, subject)


def in_reading_order(dag: Dag) -> tuple[DagNode, ...]:
    """The nodes of a DAG, each before all that it leads to, in the order in which somebody reads them."""
    first = [*reversed(dag.entry_points)]
    ids = list(dict.fromkeys([*first, *dag.nodes]))
    number = {node_id: index for index, node_id in enumerate(ids)}
    successors = [[number[target] for _, target in reversed(list(edges_from(dag.nodes[node])))] for node in ids]
    backwards: list[int] = []
    for _ in closing_edges(successors, backwards):
        raise AssertionError("a DAG has no cycle")
    return tuple(dag.nodes[ids[index]] for index in reversed(backwards))
