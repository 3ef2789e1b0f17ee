"""One transition under way: what handlers and consequences read and write."""

from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from attrs import frozen

from waygrid_core.dag.dag import Dag
from waygrid_core.model.identifiers import NodeId, ScopeId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.events import Event
from waygrid_core.traversal.fold import Draft
from waygrid_core.traversal.ledger import Ledger
from waygrid_core.traversal.state import TraversalState


@frozen
class Enter:
    """A token of `scope` goes to `node`, and `arrived` with it."""

    node: NodeId
    scope: ScopeId
    arrived: JsonValue


@frozen
class ScopeSucceeded:
    """The token of `scope` has nowhere to go after a success; `output` is what its join receives."""

    scope: ScopeId
    output: JsonValue


@frozen
class ScopeFailed:
    """The token of `scope` has nowhere to go after a failure; `timed_out`, if a timer ended the node."""

    scope: ScopeId
    error: ErrorDetail
    timed_out: bool


@frozen
class OpenNextBranch:
    """`fork` may have room for another branch."""

    fork: NodeId


Consequence: TypeAlias = Enter | ScopeSucceeded | ScopeFailed | OpenNextBranch


class Decision:
    """The draft, the events and effects so far, and the agenda: consequences not drawn yet, the next one last."""

    __slots__ = ("agenda", "dag", "draft", "events", "ledger", "now")

    def __init__(self, dag: Dag, state: TraversalState, now: datetime) -> None:
        self.dag = dag
        self.now = now
        self.draft = Draft(state)
        self.ledger = Ledger(state.answered)
        self.events: list[Event] = []
        self.agenda: list[Consequence] = []

    def record(self, event: Event) -> None:
        """Write an event, and what it changes."""
        self.events.append(event)
        self.draft.apply(event)

    def after(self, delay: timedelta) -> datetime:
        """The instant `delay` from now; the calendar's last one where that would be beyond it."""
        try:
            return self.now + delay
        except OverflowError:
            return datetime.max.replace(tzinfo=self.now.tzinfo or UTC)
