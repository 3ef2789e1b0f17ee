"""Waygrid's core: Specs, the DAGs that they compile to, and the machine that drives a traversal. Pure throughout.

    from waygrid_core import Begin, Node, Spec, compile_spec, new_traversal, transition

    spec = Spec.single(Node.standard("waygrid://processor/openai"))
    dag = compile_spec(spec).unwrap().dag
    state = new_traversal(traversal_id)
    done = transition(dag, state, Begin(traversal_id, {"question": "why?"}), now).unwrap()
    done.state, done.events, done.effects

This is the front door, for guests: whoever lives here imports a thing from where it is defined. A name is loaded when
it is first asked for, so that importing one room does not load the whole house.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from waygrid_core.compile.pipeline import compile_document, compile_spec, compile_text
    from waygrid_core.dag.dag import CompiledDag, Dag
    from waygrid_core.dag.drawing import draw_dot, draw_mermaid, draw_text
    from waygrid_core.dag.flat import dag_from_json, dag_to_json
    from waygrid_core.dag.svg import draw_svg
    from waygrid_core.extension.extension import ConditionRule, Guard, JoinRule, NodeKind, RetryRule, SignalKind
    from waygrid_core.extension.registry import Extensions
    from waygrid_core.model.identifiers import DagHash, NodeId, TraversalId
    from waygrid_core.model.ulid import ulid_from
    from waygrid_core.outcome import Failure, Outcome, Success
    from waygrid_core.simulation import load_scenarios, run_scenario
    from waygrid_core.spec.authoring import (
        Node,
        Repeat,
        Retry,
        all_of,
        any_of,
        compare,
        equals,
        exists,
        from_,
        literal,
        not_,
        secret,
        text,
    )
    from waygrid_core.spec.limits import Limits
    from waygrid_core.spec.node import Spec
    from waygrid_core.spec.parse import parse_spec
    from waygrid_core.spec.problem import SpecProblem
    from waygrid_core.spec.schema import json_schema
    from waygrid_core.spec.write import write_spec
    from waygrid_core.traversal.error import ErrorDetail
    from waygrid_core.traversal.fold import evolve, fold
    from waygrid_core.traversal.known import done_by
    from waygrid_core.traversal.machine import Transition, transition
    from waygrid_core.traversal.obligations import obligations
    from waygrid_core.traversal.signals import Begin, Cancel, NodeFailure, NodeSuccess
    from waygrid_core.traversal.state import TraversalState, new_traversal
    from waygrid_core.traversal.timers import timer_signal

__all__ = [
    "Begin",
    "Cancel",
    "CompiledDag",
    "ConditionRule",
    "Dag",
    "DagHash",
    "ErrorDetail",
    "Extensions",
    "Failure",
    "Guard",
    "JoinRule",
    "Limits",
    "Node",
    "NodeFailure",
    "NodeId",
    "NodeKind",
    "NodeSuccess",
    "Outcome",
    "Repeat",
    "Retry",
    "RetryRule",
    "SignalKind",
    "Spec",
    "SpecProblem",
    "Success",
    "Transition",
    "TraversalId",
    "TraversalState",
    "all_of",
    "any_of",
    "compare",
    "compile_document",
    "compile_spec",
    "compile_text",
    "dag_from_json",
    "dag_to_json",
    "done_by",
    "draw_dot",
    "draw_mermaid",
    "draw_svg",
    "draw_text",
    "equals",
    "evolve",
    "exists",
    "fold",
    "from_",
    "json_schema",
    "literal",
    "load_scenarios",
    "new_traversal",
    "not_",
    "obligations",
    "parse_spec",
    "run_scenario",
    "secret",
    "text",
    "timer_signal",
    "transition",
    "ulid_from",
    "write_spec",
]

_ROOMS: Final = {
    "compile.pipeline": ("compile_document", "compile_spec", "compile_text"),
    "dag.dag": ("CompiledDag", "Dag"),
    "dag.drawing": ("draw_dot", "draw_mermaid", "draw_text"),
    "dag.flat": ("dag_from_json", "dag_to_json"),
    "dag.svg": ("draw_svg",),
    "extension.extension": ("ConditionRule", "Guard", "JoinRule", "NodeKind", "RetryRule", "SignalKind"),
    "extension.registry": ("Extensions",),
    "model.identifiers": ("DagHash", "NodeId", "TraversalId"),
    "model.ulid": ("ulid_from",),
    "outcome": ("Failure", "Outcome", "Success"),
    "simulation": ("load_scenarios", "run_scenario"),
    "spec.authoring": (
        *("Node", "Repeat", "Retry", "all_of", "any_of", "compare", "equals", "exists"),
        *("from_", "literal", "not_", "secret", "text"),
    ),
    "spec.limits": ("Limits",),
    "spec.node": ("Spec",),
    "spec.parse": ("parse_spec",),
    "spec.problem": ("SpecProblem",),
    "spec.schema": ("json_schema",),
    "spec.write": ("write_spec",),
    "traversal.error": ("ErrorDetail",),
    "traversal.fold": ("evolve", "fold"),
    "traversal.known": ("done_by",),
    "traversal.machine": ("Transition", "transition"),
    "traversal.obligations": ("obligations",),
    "traversal.signals": ("Begin", "Cancel", "NodeFailure", "NodeSuccess"),
    "traversal.state": ("TraversalState", "new_traversal"),
    "traversal.timers": ("timer_signal",),
}
_ROOM_OF: Final = {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'waygrid_core' has no attribute {name!r}")
    value: object = getattr(import_module(f"waygrid_core.{_ROOM_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
