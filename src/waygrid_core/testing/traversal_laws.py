"""The laws that speak of branches, attempts and ends: those of a traversal alone."""

from itertools import combinations

from waygrid_core.dag.dag import Dag
from waygrid_core.dag.node import ExtensionWork, FailNode, ForkNode, JoinNode, PassNode, TaskNode
from waygrid_core.extension.asked_kinds import most_rounds_of
from waygrid_core.model.identifiers import ROOT_SCOPE, NodeId, ScopeId
from waygrid_core.outcome import Failure
from waygrid_core.policy.delay import most_retries
from waygrid_core.testing.stories import Step, Story, answer_to
from waygrid_core.traversal.effects import Complete, DispatchNode, Fail, Schedule, StartFollowUp
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.signals import Signal
from waygrid_core.traversal.state import BackingOff, InFlight, Joining, TraversalState, Waiting
from waygrid_core.traversal.timers import timer_signal


def dispatches_each_attempt_once(story: Story) -> None:
    """Law 5, first half: no node is dispatched twice with one attempt; attempts count from 1 without a gap."""
    made: dict[NodeId, int] = {}
    for step in story.steps:
        for effect in () if step.decided is None else step.decided.effects:
            if isinstance(effect, DispatchNode):
                assert effect.attempt == made.get(effect.node, 0) + 1, f"{effect} follows attempt {made}"
                made[effect.node] = effect.attempt


def follows_up_exactly_if_there_is_an_on_end(story: Story) -> None:
    """Law 4, second half: the end of a traversal that had begun starts its `onEnd`, if it has one."""
    for step in story.steps:
        effects = () if step.decided is None else step.decided.effects
        follow_ups = [effect.dag for effect in effects if isinstance(effect, StartFollowUp)]
        ends = step.after.has_ended and not step.before.has_ended
        wanted = [story.dag.on_end] if ends and step.after.has_begun and story.dag.on_end is not None else []
        assert follow_ups == wanted, f"{step.signal}: follow-ups {follow_ups}, wanted {wanted}"


def distance_to_the_end(dag: Dag, state: TraversalState) -> int:
    """How many answers a traversal can still need: each answered obligation takes at least one away.

    No node runs twice, so it is a sum over nodes: what each can still be asked for.
    """
    if state.has_ended:
        return 0
    return 1 + sum(_still_needed(dag, state, node) for node in dag.nodes)


def _still_needed(dag: Dag, state: TraversalState, node_id: NodeId) -> int:
    node, run = dag.nodes[node_id], state.nodes.get(node_id)
    match node:
        case TaskNode(retry_policy=policy):
            attempts = 1 + most_retries(policy) + _most_times_asked_again(node)
            match run:
                case None:
                    return 2 * attempts + 1
                case Waiting():
                    return 2 * attempts
                case InFlight(attempt=attempt):
                    return 2 * (attempts - attempt) + 1
                case BackingOff(attempt=attempt):
                    return 2 * (attempts - attempt)
                case _:
                    return 0
        case PassNode() | JoinNode():
            return 2 if run is None else 1 if isinstance(run, Waiting | Joining) else 0
        case ForkNode() | FailNode():
            return 0


def _most_times_asked_again(node: TaskNode) -> int:
    return most_rounds_of(node.work.kind) - 1 if isinstance(node.work, ExtensionWork) else 0


def comes_nearer_to_its_end(story: Story) -> None:
    """Law 7, second half: while obligations are answered, the distance to the end falls with every answer."""
    for step in story.steps:
        if step.is_settling and step.decided is not None and step.before.status == "Running":
            before, after = distance_to_the_end(story.dag, step.before), distance_to_the_end(story.dag, step.after)
            assert after < before, f"{step.signal} answers an obligation, and the end is no nearer ({before}, {after})"
    assert story.end.has_ended, f"all obligations are answered, and the traversal is {story.end.status}"


def signals_of_different_branches_commute(story: Story) -> None:
    """Law 8: answers to obligations in different branches give the same state in either order, as long as the join
    above them stays open, for until then it has decided nothing by their order."""
    for step in story.steps:
        if step.after.status == "Running":
            for first, second in combinations(_answers(story, step), 2):
                _commute(story, step, first, second)


def _answers(story: Story, step: Step) -> list[tuple[ScopeId, Signal]]:
    """A success and a failure for every outstanding attempt, and every timer of a node, each with its scope."""
    found: list[tuple[ScopeId, Signal]] = []
    for obligation in story.machine.obligations(step.after):
        match obligation:
            case DispatchNode(node=node):
                scope = story.dag.nodes[node].scope
                found += [(scope, answer_to(obligation, {"n": 1})), (scope, answer_to(obligation, ErrorDetail("x")))]
            case Schedule(timer=timer):
                signal = timer_signal(timer)
                if hasattr(signal, "node"):
                    found.append((story.dag.nodes[signal.node].scope, signal))
            case _:
                pass
    return found[:12]


def _commute(story: Story, step: Step, first: tuple[ScopeId, Signal], second: tuple[ScopeId, Signal]) -> None:
    fork = _fork_between(story.dag, first[0], second[0])
    if fork is None:
        return
    ends = []
    for signals in ((first[1], second[1]), (second[1], first[1])):
        state = step.after
        for signal in signals:
            outcome = story.machine.decide(state, signal, step.now)
            assert not isinstance(outcome, Failure), f"{signal} is refused after {signals}"
            state = outcome.unwrap().state
        ends.append(state)
    one, other = ends
    if _is_open(one, fork) and _is_open(other, fork):
        assert one == other, f"{first[1]} and {second[1]} do not commute"


def _is_open(state: TraversalState, fork: NodeId) -> bool:
    return not state.has_ended and fork in state.forks and state.forks[fork].is_open


def _fork_between(dag: Dag, left: ScopeId, right: ScopeId) -> NodeId | None:
    """The innermost fork in whose different branches the scopes lie; None if one lies within the other."""
    for (fork, branch), (other_fork, other_branch) in zip(_path(dag, left), _path(dag, right), strict=False):
        if fork == other_fork and branch != other_branch:
            return fork
        if fork != other_fork:
            return None
    return None


def _path(dag: Dag, scope: ScopeId) -> list[tuple[NodeId, str]]:
    """The forks and branches around a scope, outermost first."""
    path: list[tuple[NodeId, str]] = []
    while scope != ROOT_SCOPE:
        branch = dag.scopes[scope]
        path.insert(0, (branch.fork, branch.branch))
        scope = branch.parent
    return path


def ends_as_its_terminal_effect_says(story: Story) -> None:
    """The status, and the output or error in the state, are those of the terminal effect."""
    for step in story.steps:
        for effect in () if step.decided is None else step.decided.effects:
            match effect:
                case Complete(output=output):
                    assert (step.after.status, step.after.output) == ("Completed", output)
                case Fail(error=error):
                    assert step.after.status in {"Failed", "TimedOut"}
                    assert step.after.error == error
                case _:
                    pass
