"""The journal of a traversal, and of all that it began, as one document: to be kept, sent, looked at and read in again.

It holds what is needed to make every state again: how each traversal runs, the DAGs, and every decision. The form:
`{format, traversal, traversals: [{id, root, plan, parent?, name?, labels, decisions: [{version, cause, at, events,
effects}]}], dags: [flat DAG]}`, plans, parents, events and effects in the wire form of the codec.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

from attrs import Factory, frozen

from waygrid_core.children.either import fold_either, new_either
from waygrid_core.children.plan import TraversalPlan
from waygrid_core.children.plan_reading import read_plan
from waygrid_core.children.series_effects import SeriesEffect
from waygrid_core.children.series_events import SeriesEvent
from waygrid_core.codec.wire import EFFECTS, EVENTS, PARENTS, PLANS, Wire
from waygrid_core.dag.dag import CompiledDag
from waygrid_core.dag.flat import dag_from_json, dag_to_json
from waygrid_core.extension.registry import NO_EXTENSIONS, Extensions
from waygrid_core.message.parent import ParentLink
from waygrid_core.model.identifiers import DagHash, TraversalId
from waygrid_core.model.instant import parse_instant, write_instant
from waygrid_core.model.json_value import JsonValue
from waygrid_core.outcome import Failure, Outcome, Success
from waygrid_core.traversal.effects import Effect
from waygrid_core.traversal.events import Event

FORMAT: Final = "waygrid-journal/1"

AnyEvent: TypeAlias = Event | SeriesEvent
AnyEffect: TypeAlias = Effect | SeriesEffect


@frozen(kw_only=True)
class RecordedDecision:
    """What one message made of a traversal; `version` is that of the state after it."""

    version: int
    cause: str
    at: datetime
    events: tuple[AnyEvent, ...]
    effects: tuple[AnyEffect, ...]


@frozen(kw_only=True)
class RecordedTraversal:
    """A traversal or series with all its decisions. `plan` None: it was canceled before anybody asked for it."""

    traversal: TraversalId
    root: TraversalId
    plan: TraversalPlan | None
    parent: ParentLink | None
    name: str | None = None
    labels: Mapping[str, str] = Factory(dict)
    decisions: tuple[RecordedDecision, ...]


@frozen(kw_only=True)
class JournalFile:
    """What was asked for, itself first, with the DAGs that the plans name."""

    traversal: TraversalId
    traversals: tuple[RecordedTraversal, ...]
    dags: Mapping[DagHash, CompiledDag]


def write_journal(file: JournalFile) -> JsonValue:
    """The document of a journal."""
    return {
        "format": FORMAT,
        "traversal": file.traversal,
        "traversals": [_written(each) for each in file.traversals],
        "dags": [dag_to_json(compiled) for compiled in file.dags.values()],
    }


def _written(recorded: RecordedTraversal) -> JsonValue:
    return {**write_head(recorded), "decisions": [write_decision(decision) for decision in recorded.decisions]}


def write_head(recorded: RecordedTraversal) -> dict[str, JsonValue]:
    """The document of a traversal, but for its decisions."""
    document: dict[str, JsonValue] = {"id": recorded.traversal, "root": recorded.root}
    document["plan"] = None if recorded.plan is None else PLANS.to_json(recorded.plan)
    if recorded.parent is not None:
        document["parent"] = PARENTS.to_json(recorded.parent)
    if recorded.name is not None:
        document["name"] = recorded.name
    document["labels"] = dict(recorded.labels)
    return document


def write_decision(decision: RecordedDecision) -> JsonValue:
    """The document of one of them."""
    return {
        "version": decision.version,
        "cause": decision.cause,
        "at": write_instant(decision.at),
        "events": [EVENTS.to_json(event) for event in decision.events],
        "effects": [EFFECTS.to_json(effect) for effect in decision.effects],
    }


class _Wrong(Exception):  # noqa: N818 - it says what is so
    """What is wrong with a document, as a sentence that says where; no further than this module."""


def read_journal(document: JsonValue, extensions: Extensions = NO_EXTENSIONS) -> Outcome[JournalFile, str]:
    """The journal in a document, or a sentence that says what is wrong with it, and where.

    Its DAGs, and what traversals run of them, are read with these `extensions`.
    """
    try:
        return Success(_read(document, extensions))
    except _Wrong as wrong:
        return Failure(str(wrong))


def _read(document: JsonValue, extensions: Extensions) -> JournalFile:
    fields = _object(document, "the document")
    if fields.get("format") != FORMAT:
        raise _Wrong(f"it is no journal: its `format` is {fields.get('format')!r}, not {FORMAT!r}")
    traversals = tuple(
        _recorded(each, f"/traversals/{index}", extensions)
        for index, each in enumerate(_array(fields, "traversals", ""))
    )
    name = _text(fields, "traversal", "")
    if not traversals or traversals[0].traversal != name:
        raise _Wrong("/traversals: the traversal that the document is about comes first")
    known: set[TraversalId] = set()
    for recorded in traversals:
        if recorded.traversal in known:
            raise _Wrong(f"/traversals: {recorded.traversal} stands there twice")
        known.add(recorded.traversal)
        _check_decisions(recorded)
    dags: dict[DagHash, CompiledDag] = {}
    for index, flat in enumerate(_array(fields, "dags", "")):
        outcome = dag_from_json(flat, extensions=extensions)
        if isinstance(outcome, Failure):
            problem = outcome.failure()[0]
            raise _Wrong(f"/dags/{index}{problem.pointer}: {problem.message}")
        dags[outcome.unwrap().dag.hash] = outcome.unwrap()
    return JournalFile(traversal=TraversalId(name), traversals=traversals, dags=dags)


def _check_decisions(recorded: RecordedTraversal) -> None:
    """Each decision must be one about the state that those before it made."""
    state = new_either(recorded.traversal, recorded.plan)
    for decision in recorded.decisions:
        try:
            state = fold_either(decision.events, state)
        except Exception as error:  # the seam: it is somebody's file, and its events may tell of anything
            raise _Wrong(f"the decisions of {recorded.traversal} do not follow from each other") from error
        if state.version != decision.version:
            raise _Wrong(f"the decisions of {recorded.traversal} do not follow from each other: one is missing")


def _plan(document: JsonValue, place: str, extensions: Extensions) -> TraversalPlan:
    read = read_plan(_value(PLANS, document, place), extensions)
    if isinstance(read, Failure):
        problem = read.failure()[0]
        raise _Wrong(f"{place}{problem.pointer}: {problem.message}")
    return read.unwrap()


def _recorded(document: JsonValue, place: str, extensions: Extensions) -> RecordedTraversal:
    fields = _object(document, place)
    plan, parent, name = fields.get("plan"), fields.get("parent"), fields.get("name")
    labels = _object(fields.get("labels", {}), f"{place}/labels")
    return RecordedTraversal(
        traversal=TraversalId(_text(fields, "id", place)),
        root=TraversalId(_text(fields, "root", place)),
        plan=None if plan is None else _plan(plan, f"{place}/plan", extensions),
        parent=None if parent is None else _value(PARENTS, parent, f"{place}/parent"),
        name=name if isinstance(name, str) else None,
        labels={key: str(value) for key, value in labels.items()},
        decisions=tuple(
            _decision(each, f"{place}/decisions/{index}")
            for index, each in enumerate(_array(fields, "decisions", place))
        ),
    )


def _decision(document: JsonValue, place: str) -> RecordedDecision:
    fields = _object(document, place)
    version, at = fields.get("version"), parse_instant(_text(fields, "at", place))
    if not isinstance(version, int) or isinstance(version, bool):
        raise _Wrong(f"{place}/version: it must be a whole number")
    if isinstance(at, Failure):
        raise _Wrong(f"{place}/at: {at.failure()}")
    return RecordedDecision(
        version=version,
        cause=_text(fields, "cause", place),
        at=at.unwrap(),
        events=tuple(_value(EVENTS, each, f"{place}/events") for each in _array(fields, "events", place)),
        effects=tuple(_value(EFFECTS, each, f"{place}/effects") for each in _array(fields, "effects", place)),
    )


def _value(wire: Wire[Any], document: JsonValue, place: str) -> Any:
    outcome = wire.from_json(document)
    if isinstance(outcome, Failure):
        raise _Wrong(f"{place}: {outcome.failure()}")
    return outcome.unwrap()


def _object(value: object, place: str) -> Mapping[str, JsonValue]:
    if not isinstance(value, Mapping):
        raise _Wrong(f"{place}: it must be an object")
    return value


def _array(fields: Mapping[str, JsonValue], name: str, place: str) -> Sequence[JsonValue]:
    value = fields.get(name)
    if not isinstance(value, list | tuple):
        raise _Wrong(f"{place}/{name}: it must be an array")
    return value


def _text(fields: Mapping[str, JsonValue], name: str, place: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise _Wrong(f"{place}/{name}: it must be a text")
    return value
