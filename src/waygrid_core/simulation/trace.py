"""What happened in a run, line by line, for people who want to know why."""

from typing import Final

from waygrid_core.children.series_signals import RunEnd, StartDue
from waygrid_core.history.status import scenario_status
from waygrid_core.model.identifiers import NodeId, TimerId
from waygrid_core.simulation.agenda import Agenda
from waygrid_core.simulation.family import Live, LiveSeries
from waygrid_core.simulation.observation import TraceLine
from waygrid_core.traversal.rejections import TraversalError
from waygrid_core.traversal.signals import (
    Begin,
    Cancel,
    CancelBranches,
    NodeFailure,
    NodeStart,
    NodeSuccess,
    Pause,
    Signal,
    Told,
    Unpause,
)

MAX_LINES: Final = 10_000
"""More than anyone reads; what is beyond is left out."""


class Trace:
    """Collects lines, each with the time at which it was noted."""

    __slots__ = ("_agenda", "_lines", "_start")

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda
        self._start = agenda.now
        self._lines: list[TraceLine] = []

    def lines(self) -> tuple[TraceLine, ...]:
        """All lines, in order."""
        return tuple(self._lines)

    def event(self, event: str, key: str | None) -> None:
        """An event came from outside."""
        self._note(f"event {event}" if key is None else f"event {event} for {key}")

    def timer(self, live: Live, timer: TimerId) -> None:
        """A timer fired."""
        if self._is_full():
            return
        _, node, attempt, kind = timer.split("/")
        whose = "" if node == "-" else f" of {_node(live, node)}, attempt {attempt}"
        self._note(f"{_where(live)}: timer {kind}{whose}")

    def signal(self, live: Live, signal: Signal | RunEnd | StartDue) -> None:
        """A machine heard a signal."""
        if not self._is_full():
            text = _signal_text(live, signal)
            if text:
                self._note(f"{_where(live)}: {text}")

    def refusal(self, live: Live, signal: Signal | RunEnd | StartDue, error: TraversalError) -> str:
        """A machine refused a signal; gives the reason."""
        reason = f"{type(signal).__name__} refused: {error}"
        self._note(f"{_where(live)}: {reason}")
        return reason

    def end(self, live: Live) -> None:
        """A traversal ended."""
        if not self._is_full():
            error = "" if live.state.error is None else f" ({live.state.error.code}: {live.state.error.message})"
            self._note(f"{_where(live)}: {scenario_status(live.state.status)}{error}")

    def _is_full(self) -> bool:
        return len(self._lines) >= MAX_LINES

    def _note(self, text: str) -> None:
        if not self._is_full():
            self._lines.append(TraceLine(self._agenda.now - self._start, text))


def _where(live: Live) -> str:
    members = "".join(f"[{index}]" for index in live.place.members)
    return f"{live.place.prefix.rstrip('/') or 'main'}{members}"


def _node(live: Live, node: str) -> str:
    if isinstance(live, LiveSeries):
        return node
    return live.names.get(NodeId(node), node)


def _signal_text(live: Live, signal: Signal | RunEnd | StartDue) -> str | None:
    match signal:
        case Begin(run=run):
            return "begins" if run == 1 else f"begins, run {run}"
        case NodeSuccess(node=node, attempt=attempt):
            return f"{_node(live, node)} succeeded, attempt {attempt}"
        case NodeFailure(node=node, attempt=attempt, error=error):
            return f"{_node(live, node)} failed with {error.code}, attempt {attempt}"
        case NodeStart(node=node):
            return f"{_node(live, node)} started"
        case Cancel():
            return "cancel"
        case CancelBranches(branches=branches):
            return f"cancel of branches {', '.join(branches)}"
        case Told(kind=kind):
            return f"told {kind}"
        case Pause():
            return "pause"
        case Unpause():
            return "unpause"
        case RunEnd(run=run):
            return f"run {run} ended"
        case _:
            return None  # a timer's: noted when it fired
