"""What `waygrid_core.spec.check` says of a document without the graph, said of a Spec that was made in Python."""

from waygrid_core.compile.draft import Draft, Vertex
from waygrid_core.condition.expression import Always
from waygrid_core.policy.join import Quorum
from waygrid_core.policy.repeat import NoRepeat
from waygrid_core.spec.limits import Limits
from waygrid_core.spec.node import FailNode, ForkNode, JoinNode, PassNode
from waygrid_core.spec.problem import ProblemSink

_FEWEST_BRANCHES = 2


def check_sizes(draft: Draft, limits: Limits, problems: ProblemSink) -> None:
    """Report limits, dead edges and a repeat policy in a body."""
    spec = draft.spec
    if not spec.entry_points:
        message = "a Spec needs at least one entry point"
        problems.add((draft.place, "entryPoints"), "empty-entry-points", message)
    if draft.depth > 0 and not isinstance(spec.repeat_policy, NoRepeat):
        message = "a body runs once, and so does an onEnd; use a loop, or repeat the whole Spec"
        problems.add((draft.place, "repeatPolicy"), "repeat-in-body", message)
    if len(draft.vertices) > limits.nodes:
        problems.add(draft.place, "too-many-nodes", f"a Spec has at most {limits.nodes} nodes; use a call")
    for hole in draft.holes:
        problems.add(hole.place, "wrong-type", "this node could not be read; a Spec with problems does not compile")
    for vertex in draft.vertices:
        _check_vertex(vertex, limits, problems)


def _check_vertex(vertex: Vertex, limits: Limits, problems: ProblemSink) -> None:
    node, place = vertex.node, vertex.place
    if isinstance(node, ForkNode):
        count = len(node.branches)
        if count < _FEWEST_BRANCHES:
            problems.add((place, "branches"), "too-few-branches", "a fork needs at least two branches")
        elif count > limits.branches:
            message = f"a fork has at most {limits.branches} branches, not {count}; use an each"
            problems.add((place, "branches"), "too-many-branches", message)
        return
    if isinstance(node, FailNode):
        return
    if not isinstance(node, PassNode) and node.ends.on_timeout is not None and node.timeout is None:
        message = "without a timeout nothing takes this edge; add a timeout"
        problems.add((place, "onTimeout"), "dead-edge", message)
    if isinstance(node, JoinNode):
        if isinstance(node.strategy, Quorum) and isinstance(node.strategy.n, int) and node.strategy.n < 1:
            message = "a quorum needs at least one success"
            problems.add(((place, "strategy"), "n"), "quorum-out-of-range", message)
    else:
        conditions = node.on_conditions
        if len(conditions) > limits.conditions:
            message = f"a node has at most {limits.conditions} conditions, not {len(conditions)}"
            problems.add((place, "onConditions"), "too-many-conditions", message)
        for index, edge in enumerate(conditions[:-1]):
            if isinstance(edge.condition, Always):
                message = "the condition before it always holds; put Always last, or leave it out"
                problems.add(((place, "onConditions"), index + 1), "dead-edge", message)
                break
