"""The machine against an independent reading of the design's text, on random Specs and stories."""

from hypothesis import given, note

from tests.property.oracle import Oracle, RefusedError, UnclearError
from waygrid_core.dag.dag import Dag
from waygrid_core.dag.node import JoinNode
from waygrid_core.model.identifiers import NodeId
from waygrid_core.testing.machine import traversal_machine
from waygrid_core.testing.stories import TRAVERSAL, Plot, Step, plots, shown, tell
from waygrid_core.testing.strategies import Example, examples
from waygrid_core.traversal.effects import DispatchNode, Effect, Schedule
from waygrid_core.traversal.events import NodeFailed, NodeTimedOut, RetryScheduled, TraversalTimedOut
from waygrid_core.traversal.state import (
    BackingOff,
    Canceled,
    Failed,
    InFlight,
    Joining,
    NodeRun,
    Succeeded,
    TraversalState,
    Waiting,
)

RANKS = ("CancelNode", "Unschedule", "DispatchNode", "Schedule", "StartFollowUp", "Complete", "Fail", "Cancel")


@given(examples(), plots())
def test_the_machine_decides_what_the_text_says(example: Example, plot: Plot) -> None:
    """Seen to fail when a retry forgot its input template; when `always` came before `onSuccess`, or `onFailure` before
    `onTimeout`; when an answer with code `timeout` counted as a timer; when a join read its branches before it canceled
    them; when `no-route` was retried; when held signals were handled last first; when one branch too many ran; when
    `CancelBranches` judged after each branch; when a known node waited first; when a missing output was null.
    """
    check_against_the_text(example, plot)


def check_against_the_text(example: Example, plot: Plot) -> None:
    """Tells the plot to the machine, and each of its signals to the oracle."""
    dag = example.compiled.dag
    oracle = Oracle(example.document, dag, TRAVERSAL)
    told: list[Step] = []

    def compare(step: Step) -> None:
        told.append(step)
        note(f"{step.now} {shown(dag, step.signal)} -> {shown(dag, step.decided or step.refusal)}")
        try:
            wanted = oracle.hear(step.signal, step.now, _messages(step))
        except RefusedError:
            assert step.decided is None, "the text says that this is an error"
            return
        except UnclearError:
            assert step.decided is None or not step.decided.effects
            return
        assert step.decided is not None, f"refused ({step.refusal}), but the text knows no error here"
        found = [*step.decided.effects]
        assert _sorted(found) == _sorted(wanted), _difference(found, wanted)
        assert _promised(found) == _in_order(dag, wanted), _difference(found, wanted)
        ranks = [RANKS.index(type(effect).__name__) for effect in found]
        assert ranks == sorted(ranks)
        assert step.after.status == oracle.status
        found_statuses = {node: _status(step.after, node) for node in oracle.statuses()}
        assert found_statuses == oracle.statuses()
        for record in oracle.records.values():
            run = step.after.nodes.get(record.id)
            if isinstance(run, Succeeded):
                assert run.output == record.output

    note(str(example.document))
    note(str(plot))
    story = tell(plot, example.document, example.compiled, traversal_machine(dag, TRAVERSAL), compare)
    assert story.end.output == oracle.output


def _messages(step: Step) -> dict[str, str]:
    """The messages that the machine gave to failures, by node ("" for the traversal)."""
    found: dict[str, str] = {}
    for event in () if step.decided is None else step.decided.events:
        match event:
            case NodeFailed(node=node, error=error) | NodeTimedOut(node=node, error=error):
                found[node] = error.message
            case RetryScheduled(node=node, error=error):
                found[node] = error.message
            case TraversalTimedOut(error=error):
                found[""] = error.message
            case _:
                pass
    return found


def _sorted(effects: list[Effect]) -> list[str]:
    return sorted(repr(_plain(effect)) for effect in effects)


def _in_order(dag: Dag, effects: list[Effect]) -> list[str]:
    """Dispatches in order of opening, then schedules: the traversal's, those of joins, those of nodes."""
    dispatches = [effect.node for effect in effects if isinstance(effect, DispatchNode)]
    timers = [effect.timer for effect in effects if isinstance(effect, Schedule)]
    return [*dispatches, *sorted(timers, key=lambda timer: _timer_rank(dag, timer))]


def _promised(effects: list[Effect]) -> list[str]:
    """What the machine gave, of the kinds whose order is promised."""
    return [
        effect.timer if isinstance(effect, Schedule) else effect.node
        for effect in effects
        if isinstance(effect, DispatchNode | Schedule)
    ]


def _timer_rank(dag: Dag, timer: str) -> int:
    node = NodeId(timer.split("/")[1])
    return 0 if node == "-" else 1 if isinstance(dag.nodes[node], JoinNode) else 2


def _plain(effect: Effect) -> object:
    if isinstance(effect, DispatchNode):
        return effect.node, effect.attempt, effect.branch, _canonical(effect.input), _canonical({**effect.parameters})
    return _canonical(effect.__getstate__()) if hasattr(effect, "__getstate__") else effect


def _canonical(value: object) -> object:
    """Objects with their keys in order; a literal's wrapping, which a written condition may need, taken off."""
    if isinstance(value, dict):
        if set(value) == {"$literal"}:
            return _canonical(value["$literal"])
        return [(key, _canonical(value[key])) for key in sorted(value)]
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    return value


def _difference(found: list[Effect], wanted: list[Effect]) -> str:
    return f"\nmachine: {found}\n   text: {wanted}"


def _status(state: TraversalState, node: object) -> str:
    run: NodeRun | None = state.nodes.get(node)  # type: ignore[call-overload]
    match run:
        case None:
            return "not-reached"
        case Waiting():
            return "waiting"
        case InFlight() | Joining():
            return "running"
        case BackingOff():
            return "retrying"
        case Succeeded():
            return "succeeded"
        case Failed(timed_out=timed_out):
            return "timed-out" if timed_out else "failed"
        case Canceled():
            return "canceled"
