"""A node of a user's kind hears an answer: it is done, its attempt failed, or it asks again."""

from typing import Final, assert_never

from waygrid_core.dag.node import TaskNode
from waygrid_core.extension.answers import Ask, Done, Refuse
from waygrid_core.extension.asked_kinds import heard_by, most_rounds_of
from waygrid_core.extension.calling import EXTENSION_ERROR, Broken
from waygrid_core.extension.extension import NodeKind
from waygrid_core.model.json_value import JsonValue
from waygrid_core.traversal.consequences.entering import dispatch
from waygrid_core.traversal.consequences.node_ends import fail_attempt, fail_for_good, succeed
from waygrid_core.traversal.decision import Decision
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.events import NodeHeard
from waygrid_core.traversal.preparation import prepare_round
from waygrid_core.traversal.state import InFlight

EXHAUSTED: Final = "exhausted"


def hear(decision: Decision, node: TaskNode, run: InFlight, kind: NodeKind, answer: JsonValue) -> None:
    """Do what the kind makes of the answer to the attempt `run`."""
    decision.record(NodeHeard(node.id, run.attempt, answer))
    heard = heard_by(kind, decision.draft.memories.rounds[node.id].memory, answer)
    match heard:
        case Done(output=output):
            succeed(decision, node, run.attempt, run.arrived, output)
        case Refuse(code=code, message=message):
            fail_attempt(decision, node, run, ErrorDetail(code, message), timed_out=False)
        case Ask(memory=memory):
            _ask_again(decision, node, run, kind, memory)
        case Broken():
            fail_for_good(decision, node, run.attempt, run.arrived, ErrorDetail(EXTENSION_ERROR, heard.message))
        case _:
            assert_never(heard)


def _ask_again(decision: Decision, node: TaskNode, run: InFlight, kind: NodeKind, memory: JsonValue) -> None:
    """The next round is an attempt more, within the time that the last one had."""
    most = most_rounds_of(kind)
    if decision.draft.memories.rounds[node.id].number >= most:
        error = ErrorDetail(EXHAUSTED, f"it asked {most} times, and was not done")
        fail_for_good(decision, node, run.attempt, run.arrived, error)
        return
    preparation = prepare_round(kind, memory, run.input)
    if isinstance(preparation, ErrorDetail):
        fail_for_good(decision, node, run.attempt, run.arrived, preparation)
        return
    dispatch(decision, node, run.attempt + 1, run.arrived, preparation, run.due)
