"""A run as people read it: a line a step, what happened and what followed."""

from collections.abc import Iterator, Sequence
from typing import assert_never

from waygrid_core.dag.caption import describe_guard
from waygrid_core.dag.edge import CONDITION
from waygrid_core.dag.node import RoutedNode, TaskNode
from waygrid_core.model.identifiers import NodeId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.traversal.events import (
    BranchFailed,
    BranchSucceeded,
    BranchTimedOut,
    Event,
    ForkOpened,
    NodeCanceled,
    NodeDispatched,
    NodeFailed,
    NodeScheduled,
    NodeSucceeded,
    NodeTimedOut,
    RetryScheduled,
    TraversalCompleted,
    TraversalFailed,
    TraversalTimedOut,
)
from waygrid_core.traversal.signals import (
    Begin,
    Cancel,
    CancelBranches,
    NodeFailure,
    NodeStart,
    NodeSuccess,
    Pause,
    Resume,
    Retry,
    Timeout,
    Told,
    TraversalTimeout,
    Unpause,
)
from waygrid_core.verify.explore import Step
from waygrid_core.verify.levels import Level
from waygrid_core.verify.twin import Question


def tell_run(level: Level, run: Sequence[Step]) -> tuple[str, ...]:
    """The lines of a run, without numbers."""
    return tuple(_line(level, step) for step in run)


def _line(level: Level, step: Step) -> str:
    what = _signal(level, step)
    if step.choices:
        what += f" ({', '.join(_choice(level, *choice) for choice in step.choices)})"
    follows = list(dict.fromkeys(_events(level, step)))
    return f"{what}: {', '.join(follows)}" if follows else what


def _signal(level: Level, step: Step) -> str:
    match step.signal:
        case Begin(entry=entry):
            return "it begins" if len(level.dag.entry_points) == 1 else f"it begins at entry {entry}"
        case NodeSuccess(node=node, output=output):
            return f"{level.title(node)} succeeds{_way(level, node, output)}"
        case NodeFailure(node=node):
            return f"{level.title(node)} fails{_for_good(level, step, node)}"
        case Resume(node=node):
            return f"the wait before {level.title(node)} is over"
        case Retry(node=node):
            return f"{level.title(node)} is tried again"
        case Timeout(node=node):
            return f"{level.title(node)} runs out of time"
        case TraversalTimeout():
            return "the traversal runs out of time"
        case Told(id=name, data=data):
            node = level.dag.node_named[name]
            if isinstance(data, dict) and "output" in data:
                return f"a signal has {level.title(node)} succeed{_way(level, node, data['output'])}"
            return f"a signal has {level.title(node)} fail"
        case NodeStart() | Cancel() | CancelBranches() | Pause() | Unpause():
            return type(step.signal).__name__
        case _:
            assert_never(step.signal)


def _way(level: Level, node_id: NodeId, output: object) -> str:
    node = level.dag.nodes[node_id]
    if not isinstance(node, RoutedNode) or not node.routes.conditions or not isinstance(output, int):
        return ""
    if output < 0:
        return ", and none of its conditions holds"
    return f", and {describe_guard(node, f'{CONDITION}{output}')} holds"


def _for_good(level: Level, step: Step, node_id: NodeId) -> str:
    """Where retries were folded: how many attempts the failure stands for."""
    if any(isinstance(event, RetryScheduled) for event in step.events):
        return ""
    node = level.dag.nodes[node_id]
    most = getattr(node.retry_policy, "max_retries", 0) if isinstance(node, TaskNode) else 0
    return f" at all {most + 1} attempts" if most else ""


def _choice(level: Level, question: Question, answer: JsonValue) -> str:
    """What the data was like that a step met."""
    node_id, _, what = question.partition("/")
    title = level.title(NodeId(node_id))
    match what:
        case "output":
            return f"at {title}{_way(level, NodeId(node_id), answer)}".replace(", and", "")
        case "quorum":
            return f"the quorum of {title} is {answer or 'no whole number in range'}"
        case "time":
            return f"the time of {title} {_TIMES.get(str(answer)[:4], 'cannot be read')}"
        case _:
            return f"the data of {title} {'is right' if answer else 'is of a wrong type'}"


_TIMES = {"9999": "is still to come", "0001": "has passed"}


def _events(level: Level, step: Step) -> Iterator[str]:
    own = getattr(step.signal, "node", None)
    if isinstance(step.signal, Told):
        own = level.dag.node_named[step.signal.id]
    for event in step.events:
        yield from _event(level, event, own)


def _event(level: Level, event: Event, own: NodeId | None) -> Iterator[str]:
    match event:
        case NodeDispatched(node=node):
            yield f"{level.title(node)} is dispatched"
        case NodeScheduled(node=node):
            yield f"{level.title(node)} waits"
        case NodeSucceeded(node=node) if node != own:
            yield f"{level.title(node)} succeeds"
        case NodeFailed(node=node) | NodeTimedOut(node=node) if node != own:
            yield f"{level.title(node)} fails"
        case NodeCanceled(node=node):
            yield f"{level.title(node)} is canceled"
        case RetryScheduled(node=node):
            yield f"{level.title(node)} will be tried again"
        case ForkOpened(fork=fork):
            yield f"{level.title(fork)} opens"
        case BranchSucceeded(branch=branch):
            yield f"the branch {branch} has succeeded"
        case BranchFailed(branch=branch) | BranchTimedOut(branch=branch):
            yield f"the branch {branch} has failed"
        case TraversalCompleted():
            yield "the traversal completes"
        case TraversalFailed():
            yield "the traversal fails"
        case TraversalTimedOut():
            yield "the traversal has timed out"
        case _:
            return
