"""A story in plain sentences: a line a signal, what came and what followed."""

from collections.abc import Iterator, Sequence
from typing import Final, assert_never

from waygrid_core.children.derive import plan_for
from waygrid_core.dag.dag import CompiledDag
from waygrid_core.history.saying import and_message, said, say_attempt
from waygrid_core.history.spans import say_span
from waygrid_core.history.standing import Standing
from waygrid_core.history.story import sentence
from waygrid_core.model.canonical_json import canonical_json
from waygrid_core.model.json_value import JsonValue, Missing
from waygrid_core.testing.stories import START, TRAVERSAL, Step
from waygrid_core.traversal.events import BranchOpened, NodeStarted, NodeSucceeded, TraversalBegun
from waygrid_core.traversal.signals import (
    Begin,
    Cancel,
    CancelBranches,
    Known,
    NodeFailure,
    NodeStart,
    NodeSuccess,
    Pause,
    Resume,
    Retry,
    Signal,
    Timeout,
    Told,
    TraversalTimeout,
    Unpause,
)

_LONGEST_JSON: Final = 120
"""Characters of a payload or output that a line has room for."""


def tell_story(compiled: CompiledDag, steps: Sequence[Step]) -> tuple[str, ...]:
    """The lines of a run, without numbers."""
    standing = Standing(TRAVERSAL, TRAVERSAL, plan_for(compiled.dag), compiled, compiled.annotations)
    return tuple(_lines(standing, steps))


def _lines(standing: Standing, steps: Sequence[Step]) -> Iterator[str]:
    before = START
    for step in steps:
        waited = f"{say_span(step.now - before)} later, " if step.now > before else ""
        before = step.now
        yield f"{waited}{_came(standing, step.signal)}: {_followed(standing, step)}"


def _followed(standing: Standing, step: Step) -> str:
    if step.decided is None:
        return f"refused ({type(step.refusal).__name__})" if step.refusal is not None else "an exception"
    told = [
        sentence(standing, event, step.now)
        for event in step.decided.events
        if not isinstance(event, TraversalBegun | BranchOpened | NodeStarted)
        and not (isinstance(event, NodeSucceeded) and isinstance(step.signal, NodeSuccess)
                 and event.node == step.signal.node)
    ]  # fmt: skip
    if told:
        return ", ".join(told)
    return "it is noted" if step.decided.events else "nothing happens"


def _came(standing: Standing, signal: Signal) -> str:
    """What came, in words that the events after it do not repeat."""
    if signal.traversal != TRAVERSAL:
        return "something comes that is for another traversal"
    match signal:
        case Begin(payload=payload, entry=entry, known=known):
            entered = f" at entry point {entry}" if entry else ""
            return f"it begins{entered} with {shown_json(payload)}{_known(standing, known)}"
        case NodeStart(node=node, attempt=attempt):
            return f"{standing.title(node)} is being worked on{say_attempt(attempt)}"
        case NodeSuccess(node=node, attempt=attempt, output=output):
            what = "" if isinstance(output, Missing) else f" {shown_json(output)}"
            return f"{standing.title(node)} answers{what}{say_attempt(attempt)}"
        case NodeFailure(node=node, attempt=attempt, error=error):
            return f"{standing.title(node)} answers that it failed, {said(error)}{say_attempt(attempt)}"
        case Resume(node=node):
            return f"the wait before {standing.title(node)} is over"
        case Retry(node=node):
            return f"{standing.title(node)} is due again"
        case Timeout(node=node):
            return f"the time of {standing.title(node)} is up"
        case TraversalTimeout():
            return "the time of the traversal is up"
        case Cancel(reason=reason):
            return f"somebody cancels it{and_message(reason)}"
        case CancelBranches(join_node_id=join, branches=branches):
            return f"somebody cancels {', '.join(branches) or 'no branches'} of {join}"
        case Told(kind=kind, data=data):
            return f"somebody tells it {kind} with {shown_json(data)}"
        case Pause():
            return "somebody pauses it"
        case Unpause():
            return "somebody lets it go on"
        case _:
            assert_never(signal)


def _known(standing: Standing, known: Known) -> str:
    """Whose output another traversal has given already."""
    assert standing.dag is not None, "a story has its DAG"
    by_digest = {digest: node for node, digest in standing.dag.digests.items()}
    names = [standing.title(by_digest[digest]) for digest, _ in known if digest in by_digest]
    return f", and what {' and '.join(names)} gave is known" if names else ""


def shown_json(value: JsonValue) -> str:
    """A value on one line, cut where it is long."""
    text = canonical_json(value).decode()
    return text if len(text) <= _LONGEST_JSON else f"{text[: _LONGEST_JSON - 1]}…"
