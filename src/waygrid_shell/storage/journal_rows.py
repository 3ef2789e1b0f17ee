"""Changes of traversals as rows, and rows as what they were."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, TypeAlias, TypeVar

from attrs import field, frozen

from waygrid_core.children.either import fold_either
from waygrid_core.children.plan import SinglePlan, TraversalPlan
from waygrid_core.codec.decode_error import DecodeError
from waygrid_core.codec.json_bytes import read_json, write_json
from waygrid_core.codec.wire import EFFECTS, EVENTS, PARENTS, PLANS, STATES, Wire
from waygrid_core.envelope.stamps import Trace
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.instant import from_microseconds, to_microseconds
from waygrid_core.outcome import Failure, Outcome
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.state import TraversalState
from waygrid_shell.ports.failure import ForeignStorage
from waygrid_shell.ports.journal import AnyState, Change, Decision, Origin, Summary
from waygrid_shell.storage.id_times import is_astray
from waygrid_shell.storage.labels import label_row, labels_of
from waygrid_shell.storage.shared_values import SHARED, Fetched, Lookup, PutAway

SNAPSHOT_EVENTS: Final = 256
"""Events that a load may have to fold however small the state is: a millisecond or two."""

SUMMARY: Final = "traversal.id, plan, parent, root, status, version, begun_at, ended_at, ending, name, labels, trace"
"""The columns that `summary_of` and `origin_of` read."""

ORIGIN: Final = "plan, parent, root, dag, name, labels, trace"
"""The columns of an origin."""

Row: TypeAlias = tuple[Any, ...]

_SMALL: Final = 1_024
"""Bytes of a whole column in which no value is worth a row of its own."""
_SHARED_MARK: Final = SHARED.encode()

T = TypeVar("T")


@frozen
class ChangeRows:
    """What a batch of changes writes, by table."""

    born: list[Row] = field(factory=list)
    grown: list[Row] = field(factory=list)
    origins: dict[TraversalId, Origin] = field(factory=dict)
    """Of those that have grown: written, with their labels, where only a cancel was known before."""
    labels: list[Row] = field(factory=list)
    decisions: list[Row] = field(factory=list)
    snapshots: list[Row] = field(factory=list)
    values: dict[str, bytes] = field(factory=dict)
    uses: list[Row] = field(factory=list)


def rows_of(changes: Sequence[Change], shared: PutAway) -> ChangeRows:
    """The rows of a batch."""
    rows = ChangeRows()
    for change in changes:
        _add(rows, change, shared)
    return rows


def _add(rows: ChangeRows, change: Change, shared: PutAway) -> None:
    state, traversal, origin = change.state, change.state.traversal, change.origin
    ended_at = to_microseconds(change.decisions[-1].at) if state.has_ended else None
    now = (state.version, state.status, ended_at, _ending(state) if state.has_ended else None)
    if change.base == 0:
        begun_at = change.decisions[0].at
        rows.born.append(
            (traversal, *now, *origin_row(origin), to_microseconds(begun_at), is_astray(traversal, begun_at))
        )
        if origin.labels:
            rows.labels.extend(label_rows(traversal, origin))
    else:
        rows.grown.append((traversal, change.base, *now))
        rows.origins[traversal] = origin
    values: dict[str, bytes] = {}
    for decision in change.decisions:
        events = _encoded(shared, values, EVENTS, decision.events)
        effects = _encoded(shared, values, EFFECTS, decision.effects)
        at = to_microseconds(decision.at)
        rows.decisions.append((traversal, decision.version, decision.cause, at, events, effects))
    if _is_time_for_a_snapshot(change):
        document = shared.put_away(STATES.to_json(state), values)
        rows.snapshots.append((traversal, state.version, write_json(document)))
    if values:
        rows.values.update(values)
        rows.uses.extend((traversal, each) for each in values)


def _is_time_for_a_snapshot(change: Change) -> bool:
    """Whenever the version passes a multiple of a power of two that is as large as the state.

    So a snapshot is written once as many events have come as the state has nodes, and a load folds no more than a few
    times that.
    """
    size = len(change.state.nodes) if isinstance(change.state, TraversalState) else 1
    shift = (max(SNAPSHOT_EVENTS, size) - 1).bit_length()
    return change.state.version >> shift > change.base >> shift


def label_rows(traversal: TraversalId, origin: Origin) -> list[Row]:
    """A row a label."""
    return [(label_row(key, value), traversal) for key, value in origin.labels.items()]


def origin_row(origin: Origin) -> Row:
    """The columns `ORIGIN`."""
    return (
        None if origin.plan is None else _plan(origin.plan),
        None if origin.parent is None else PARENTS.encode(origin.parent),
        origin.root,
        origin.dag,
        origin.name,
        write_json(dict(origin.labels)) if origin.labels else None,
        None if origin.trace is None else f"{origin.trace.traceparent} {origin.trace.tracestate}",
    )


def _plan(plan: TraversalPlan) -> bytes:
    return _single_plan(plan) if isinstance(plan, SinglePlan) else PLANS.encode(plan)


@lru_cache(maxsize=256)
def _single_plan(plan: SinglePlan) -> bytes:
    return PLANS.encode(plan)


def _ending(state: AnyState) -> bytes:
    error = None if state.error is None else [state.error.code, state.error.message]
    return write_json([state.output, error, state.reason])


def origin_of(row: Row) -> Origin:
    """The origin in a row of the columns `SUMMARY`."""
    plan, parent, labels, trace = row[1], row[2], row[10], row[11]
    return Origin(
        plan=None if plan is None else _plan_of(plan),
        parent=None if parent is None else _read(PARENTS.decode(parent)),
        root=TraversalId(row[3]),
        name=row[9],
        labels=labels_of(labels),
        trace=None if trace is None else Trace(*trace.split(" ", 1)),
    )


@lru_cache(maxsize=256)
def _plan_of(text: bytes) -> TraversalPlan:
    """Most traversals have the plan of another."""
    return _read(PLANS.decode(text))


def summary_of(row: Row) -> Summary:
    """The summary in a row of the columns `SUMMARY`."""
    ending: Any = (None, None, None) if row[8] is None else read_json(row[8])
    output, error, reason = ending
    return Summary(
        traversal=TraversalId(row[0]),
        origin=origin_of(row),
        status=row[4],
        version=row[5],
        begun_at=from_microseconds(row[6]),
        ended_at=None if row[7] is None else from_microseconds(row[7]),
        output=output,
        error=None if error is None else ErrorDetail(*error),
        reason=reason,
    )


def decision_of(lookup: Lookup, shared: Fetched, row: Row) -> Decision:
    """The decision in a row of `version, cause, at, events, effects`."""
    version, cause, at, events, effects = row
    return Decision(
        version=version,
        cause=cause,
        at=from_microseconds(at),
        events=_decoded(lookup, shared, EVENTS, events),
        effects=_decoded(lookup, shared, EFFECTS, effects),
    )


def state_of(lookup: Lookup, shared: Fetched, snapshot: bytes) -> AnyState:
    """The state in a snapshot."""
    return _read(STATES.from_json(shared.fetch(lookup, read_json(snapshot))))


def grown(lookup: Lookup, shared: Fetched, state: AnyState, rows: Sequence[bytes]) -> AnyState:
    """The state after the events of these rows."""
    return fold_either((each for row in rows for each in _decoded(lookup, shared, EVENTS, row)), state)


def _encoded(shared: PutAway, values: dict[str, bytes], wire: Wire[T], parts: Sequence[T]) -> bytes:
    if not parts:
        return b"[]"
    documents = [wire.to_json(part) for part in parts]
    text = write_json(documents)
    if len(text) < _SMALL and _SHARED_MARK not in text:
        return text
    return write_json([shared.put_away(document, values) for document in documents])


def _decoded(lookup: Lookup, shared: Fetched, wire: Wire[T], text: bytes) -> tuple[T, ...]:
    documents = read_json(text)
    assert isinstance(documents, list), "a row holds a list"
    return tuple(_read(wire.from_json(shared.fetch(lookup, document))) for document in documents)


def _read(outcome: Outcome[T, DecodeError]) -> T:
    if isinstance(outcome, Failure):
        raise ForeignStorage(f"the journal holds what this version cannot read: {outcome.failure()}")
    return outcome.unwrap()
