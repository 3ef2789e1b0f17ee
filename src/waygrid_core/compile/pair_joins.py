"""Forks and joins find each other by their joinNodeId; whatever is wrong between the two is reported here, once."""

from waygrid_core.compile.compare import is_same_tree
from waygrid_core.compile.draft import NOWHERE, Draft, Edge, JoinSlot
from waygrid_core.compile.unread import Unread
from waygrid_core.extension.asked_rules import misfit_of
from waygrid_core.extension.extension import JoinRule
from waygrid_core.policy.join import And, Quorum
from waygrid_core.spec.fields import shown
from waygrid_core.spec.node import ForkNode, Hole, JoinNode, Reference
from waygrid_core.spec.problem import ProblemSink

_FEWEST_BRANCHES = 2


def pair_joins(draft: Draft, unread: Unread, problems: ProblemSink) -> None:
    """Lead every edge that ends at a join to the one vertex of that join, or cut it."""
    _report_forks(draft, unread, problems)
    for join_node_id, slot in draft.joins.items():
        forks = draft.forks.get(join_node_id, [])
        for edge in slot.misplaced:
            message = f"this join belongs to another fork; inside this one write joinNodeId {join_node_id!r}"
            problems.add((edge.place, "joinNodeId"), "conflicting-join", message)
        if not forks:
            _report_join_without_fork(join_node_id, slot, unread, problems)
            continue
        if len(forks) == 1:
            _judge_copies(join_node_id, slot, unread, problems)
            _judge_strategy(draft, slot, forks[0], problems)
        _lead_uses(draft, join_node_id, slot, forks[0], problems)


def is_of_fork(draft: Draft, edge: Edge, fork: int) -> bool:
    """Whether `edge`, which ends at a join, leaves a branch of `fork`, or is its inline join."""
    return edge.source == fork if edge.guard == "join" else draft.scopes[edge.scope].fork == fork


def _report_forks(draft: Draft, unread: Unread, problems: ProblemSink) -> None:
    blind: set[int] | None = None
    for join_node_id, forks in draft.forks.items():
        for fork in forks[1:]:
            message = f"another fork has the joinNodeId {join_node_id!r}; each fork needs a join of its own"
            problems.add((draft.vertices[fork].place, "joinNodeId"), "duplicate-join-node-id", message)
        if len(forks) == 1 and join_node_id not in draft.joins and not unread.hole_may_hold(join_node_id):
            blind = _blind_forks(draft) if blind is None else blind
            if forks[0] not in blind:
                message = (
                    f"no join has the joinNodeId {join_node_id!r}; end the branches with one, or write it as 'join'"
                )
                problems.add(draft.vertices[forks[0]].place, "fork-without-join", message)


def _blind_forks(draft: Draft) -> set[int]:
    """The forks with a branch that could not be followed to its end: a join may stand behind it."""
    blind = {draft.scopes[edge.scope].fork for edge in draft.references if edge.is_cut}
    if draft.holes:
        holes = (edge for vertex in draft.vertices for edge in vertex.edges if isinstance(edge.to, Hole))
        blind.update(draft.scopes[edge.scope].fork for edge in holes)
    return blind


def _report_join_without_fork(join_node_id: str, slot: JoinSlot, unread: Unread, problems: ProblemSink) -> None:
    for edge in slot.uses:
        edge.is_cut = True
    if not unread.hole_may_hold(join_node_id):
        message = f"no fork has the joinNodeId {join_node_id!r}; a join stands in the branches of its fork"
        problems.add(slot.uses[0].place, "join-without-fork", message)


def _judge_copies(join_node_id: str, slot: JoinSlot, unread: Unread, problems: ProblemSink) -> None:
    """Whole copies are equal, and there is at least one."""
    if slot.vertex == NOWHERE:
        if not slot.misplaced and not unread.hole_may_hold(join_node_id):
            message = "this join is written in its short form only; write its strategy in one of its copies"
            problems.add(slot.uses[0].place, "missing-field", message)
        return
    whole = [edge for edge in slot.uses if _is_whole_copy(edge) and edge not in slot.misplaced]
    for edge in whole[1:]:
        if not is_same_tree(whole[0].to, edge.to):
            message = "copies of one join must be equal; write it once, and elsewhere only type and joinNodeId"
            problems.add(edge.place, "conflicting-join", message)
            return


def _is_whole_copy(edge: Edge) -> bool:
    return isinstance(edge.to, JoinNode) and edge.to.strategy is not None and edge.to.is_whole


def _judge_strategy(draft: Draft, slot: JoinSlot, fork_index: int, problems: ProblemSink) -> None:
    """What a strategy says about branches is true of the fork."""
    if slot.vertex == NOWHERE:
        return
    vertex = draft.vertices[slot.vertex]
    fork = draft.vertices[fork_index].node
    assert isinstance(fork, ForkNode), "only forks are listed as forks"
    if not isinstance(vertex.node, JoinNode) or not vertex.node.is_whole:
        return
    match vertex.node.strategy:
        case And(of=of) if of is not None:
            for index, name in enumerate(of):
                if name not in fork.branches:
                    known = ", ".join(sorted(fork.branches)[:10])
                    place = (((vertex.place, "strategy"), "of"), index)
                    problems.add(place, "unknown-branch", f"the fork has no branch {shown(name)}; it has {known}")
        # Of a fork with too few branches nothing more is said, if a second branch would cure this as well.
        case Quorum(n=n) if isinstance(n, int) and n > max(len(fork.branches), _FEWEST_BRANCHES):
            message = f"a quorum of {n} cannot be reached by {len(fork.branches)} branches"
            problems.add(((vertex.place, "strategy"), "n"), "quorum-out-of-range", message)
        case JoinRule() as rule if len(fork.branches) >= _FEWEST_BRANCHES:
            misfit = misfit_of(rule, tuple(sorted(fork.branches)))
            if misfit is not None:
                problems.add((vertex.place, "strategy"), "out-of-range", misfit)


def _lead_uses(draft: Draft, join_node_id: str, slot: JoinSlot, fork: int, problems: ProblemSink) -> None:
    for edge in slot.uses:
        if is_of_fork(draft, edge, fork):
            edge.target = slot.vertex
            edge.is_cut = slot.vertex == NOWHERE
            continue
        edge.is_cut = True
        scope = draft.scopes[edge.scope]
        if edge.guard == "join" or scope.is_limbo or scope.join_node_id == join_node_id:
            continue  # the inline join or a branch of a fork whose joinNodeId is a duplicate
        if scope.join_node_id is not None and scope.join_node_id not in draft.joins:
            continue  # that scope's own fork has no join at all, and that is the fault
        message = (
            f"the join {join_node_id!r} is for the branches of its own fork; end at the join of this branch's fork"
        )
        place = (edge.place, "ref") if isinstance(edge.to, Reference) else edge.place
        problems.add(place, "foreign-join", message)
