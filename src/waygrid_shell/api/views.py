"""What is shown of a traversal, made of what the journal and the claim book know."""

from collections.abc import Sequence
from datetime import UTC, datetime

from waygrid_core.children.either import before_all, fold_either
from waygrid_core.children.identity import run_id
from waygrid_core.children.series_state import RunWaiting, SeriesState
from waygrid_core.history.picture import NodePicture, pictures
from waygrid_core.history.standing import Standing
from waygrid_core.history.status import shown_status
from waygrid_core.history.waiting import Wait, waits
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.ulid import ulid_milliseconds
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.state import TraversalState
from waygrid_shell.api.platform import Platform
from waygrid_shell.api.problems import Refusal
from waygrid_shell.ports.journal import AnyState, Decision, Summary
from waygrid_shell.resources.links import links_of
from waygrid_shell.resources.traversal import (
    ErrorView,
    NodeView,
    SeriesView,
    TraversalSummary,
    TraversalView,
    WaitView,
)
from waygrid_shell.services.history.relatives import line_of


async def view(platform: Platform, traversal_id: TraversalId, at: int | None = None) -> TraversalView | None:
    """The traversal, whole, as it is or as it was after its event number `at`; None for one that nobody handed in.

    Raises `Refusal` (404) where it has not so many events.
    """
    stored = (await platform.journal.load([traversal_id])).get(traversal_id)
    summary = (await platform.journal.summaries([traversal_id])).get(traversal_id)
    if stored is None or summary is None:
        if traversal_id not in await platform.claim_book.notes([traversal_id]):
            return None
        if at:
            raise _no_such_event(traversal_id, at, 0)
        return _accepted(traversal_id)
    relatives = await line_of(platform.journal, platform.dag_store, summary)
    standing = relatives.standing(traversal_id)
    if at is None:
        ended_at = summary.ended_at if stored.state.has_ended else None
        return _view(standing, summary, stored.state, ended_at, stored.state.version)
    decisions = await platform.journal.decisions(traversal_id)
    events_in_all = decisions[-1].version if decisions else 0
    if at > events_in_all:
        raise _no_such_event(traversal_id, at, events_in_all)
    state = _state_after(stored.state, decisions, at)
    ended_at = next((each.at for each in decisions if each.version >= at), None) if state.has_ended else None
    return _view(standing, summary, state, ended_at, events_in_all)


def summary_of(summary: Summary) -> TraversalSummary:
    """A line of a list."""
    return TraversalSummary(
        id=summary.traversal,
        status=shown_status(summary.status),
        dag=summary.origin.dag,
        root=summary.origin.root,
        version=summary.version,
        begun_at=summary.begun_at,
        ended_at=summary.ended_at,
        name=summary.origin.name,
        labels=summary.origin.labels,
        error=_error(summary.error),
        reason=summary.reason,
    )


def _accepted(traversal_id: TraversalId) -> TraversalView:
    """One that is kept, of which nothing has been decided."""
    return TraversalView(
        id=traversal_id,
        status="accepted",
        dag=None,
        root=traversal_id,
        version=0,
        begun_at=datetime.fromtimestamp(ulid_milliseconds(traversal_id) / 1000, UTC),
        links=links_of(traversal_id),
    )


def _view(
    standing: Standing, summary: Summary, state: AnyState, ended_at: datetime | None, events_in_all: int
) -> TraversalView:
    origin = summary.origin
    return TraversalView(
        id=summary.traversal,
        status=shown_status(state.status),
        dag=origin.dag,
        root=origin.root,
        version=state.version,
        begun_at=summary.begun_at,
        ended_at=ended_at,
        name=origin.name,
        labels=origin.labels,
        parent=None if origin.parent is None else origin.parent.traversal,
        payload=state.payload,
        output=state.output,
        error=_error(state.error),
        reason=state.reason,
        nodes=tuple(map(_node, pictures(standing, state))) if isinstance(state, TraversalState) else (),
        series=_series(state) if isinstance(state, SeriesState) else None,
        waits_for=tuple(map(_wait, waits(standing, state))),
        events_in_all=events_in_all,
        links=links_of(summary.traversal),
    )


def _state_after(newest: AnyState, decisions: Sequence[Decision], at: int) -> AnyState:
    """The state after event number `at`: what folding the first `at` events gives."""
    events = [event for decision in decisions for event in decision.events][:at]
    return fold_either(events, before_all(newest))


def _no_such_event(traversal: TraversalId, at: int, events_in_all: int) -> Refusal:
    said = f"traversal {traversal} has {events_in_all} events so far, so there is no state after event {at}"
    return Refusal(404, "no-such-event", "There is no such event", said)


def _series(state: SeriesState) -> SeriesView:
    waiting = state.current if isinstance(state.current, RunWaiting) else None
    return SeriesView(
        run=state.runs,
        child=run_id(state.traversal, state.runs) if state.runs else None,
        next_at=None if waiting is None else waiting.due,
    )


def _node(picture: NodePicture) -> NodeView:
    return NodeView(
        id=picture.id,
        name=picture.name,
        kind=picture.kind,
        status=picture.status,
        attempt=picture.attempt,
        due_at=picture.due,
        input=picture.input,
        output=picture.output,
        error=_error(picture.error),
        child=picture.child,
    )


def _wait(wait: Wait) -> WaitView:
    return WaitView(
        kind=wait.kind,
        node=wait.node,
        name=wait.name,
        attempt=wait.attempt,
        service=wait.service,
        event=wait.event,
        key=wait.key,
        child=wait.child,
        due_at=wait.due,
        why=wait.why,
    )


def _error(error: ErrorDetail | None) -> ErrorView | None:
    return None if error is None else ErrorView(code=error.code, message=error.message)
