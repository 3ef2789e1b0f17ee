"""The DAGs of a Spec, each with what is said of it where it stands: the Spec's own, its bodies, their onEnds.

A DAG is checked by itself, once for each place that says something else of it (names, guarantees, whether something
around it bounds it in time).
"""

from collections.abc import Iterator
from typing import Final

from attrs import frozen

from waygrid_core.dag.dag import CompiledDag, Dag, DagAnnotations
from waygrid_core.dag.naming import body_annotations, names_of, on_end_annotations, title_of
from waygrid_core.dag.node import ForkNode, JoinNode, TaskNode, body_of
from waygrid_core.model.identifiers import ROOT_SCOPE, NodeId, ScopeId
from waygrid_core.policy.repeat import NoRepeat

ON_END: Final = "onEnd"


@frozen(eq=False)
class Level:
    """A DAG where it stands.

    `place` stands before the names of its nodes. `is_bounded`: something around it ends it. `has_parent`: somebody
    waits for its end, and handles it if it fails.
    """

    compiled: CompiledDag
    dag: Dag
    annotations: DagAnnotations
    place: str
    is_bounded: bool
    is_main: bool = False
    has_parent: bool = False

    @property
    def entries(self) -> range:
        """The entry points at which a traversal of it may begin: of a body, an onEnd and a series the first."""
        is_free = self.is_main and isinstance(self.dag.repeat_policy, NoRepeat)
        return range(len(self.dag.entry_points) if is_free else 1)

    def names(self) -> dict[NodeId, str]:
        """What its nodes are called, without the place; nodes without a name are absent."""
        return names_of(self.dag, self.annotations)

    def title(self, node: NodeId) -> str:
        """What to call a node, with its place."""
        return self.place + title_of(self.dag, self.annotations, self.dag.nodes[node])

    def body(self, node: NodeId) -> "Level | None":
        """The level of a node's body, if it has one."""
        task = self.dag.nodes[node]
        dag_hash = body_of(task)
        if dag_hash is None or not isinstance(task, TaskNode):
            return None
        name = self.names().get(node, title_of(self.dag, self.annotations, task))
        is_bounded = self.is_bounded or task.timeout is not None or self.is_bounded_around(task.scope)
        return Level(
            self.compiled,
            self.compiled[dag_hash],
            body_annotations(self.annotations, node),
            f"{self.place}{name}/",
            is_bounded,
            has_parent=True,
        )

    def on_end(self) -> "Level | None":
        """The level of what runs when a traversal of this one has ended, if there is any."""
        if self.dag.on_end is None:
            return None
        dag = self.compiled[self.dag.on_end]
        return Level(self.compiled, dag, on_end_annotations(self.annotations), f"{self.place}{ON_END}/", False)

    def inner(self) -> Iterator["Level"]:
        """The levels directly inside."""
        for node in self.dag.nodes:
            body = self.body(node)
            if body is not None:
                yield body
        on_end = self.on_end()
        if on_end is not None:
            yield on_end

    def is_bounded_around(self, scope: ScopeId) -> bool:
        """Whether the traversal, or the join of a fork around this scope, has a timeout."""
        if self.dag.timeout is not None:
            return True
        return any(join.timeout is not None for join in joins_around(self.dag, scope))


def joins_around(dag: Dag, scope: ScopeId) -> Iterator[JoinNode]:
    """The joins of the forks around this scope, the nearest first."""
    while scope != ROOT_SCOPE:
        branch = dag.scopes[scope]
        fork = dag.nodes[branch.fork]
        assert isinstance(fork, ForkNode), "a branch's scope belongs to a fork"
        join = dag.nodes[fork.join]
        assert isinstance(join, JoinNode), "what compiles ties a fork to a join"
        yield join
        scope = branch.parent


def main_level(compiled: CompiledDag) -> Level:
    """The level of the Spec itself."""
    return Level(compiled, compiled.dag, compiled.annotations, "", False, is_main=True)


def every_level(compiled: CompiledDag) -> list[Level]:
    """All levels, the Spec's own first, those alike once."""
    levels = [main_level(compiled)]
    seen = {_identity(levels[0])}
    for level in levels:
        for inner in level.inner():
            if _identity(inner) not in seen:
                seen.add(_identity(inner))
                levels.append(inner)
    return levels


def _identity(level: Level) -> tuple[str, int, bool]:
    return level.dag.hash, id(level.annotations), level.is_bounded
