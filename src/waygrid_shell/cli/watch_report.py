"""How `waygrid watch` shows what it is told: JSON, lines, or a picture on a terminal that is drawn anew."""

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol, assert_never

from waygrid_shell.cli.look import json_line, printable, shortened
from waygrid_shell.cli.output import write_result
from waygrid_shell.cli.traversal_text import outcome_line, waits_text
from waygrid_shell.client.live import Told
from waygrid_shell.resources.document import to_json
from waygrid_shell.resources.live import Change, Progress
from waygrid_shell.resources.traversal import ENDED, NodeStatus, TraversalView

if TYPE_CHECKING:
    from rich.text import Text

_BECOMES: Final[Mapping[str, NodeStatus]] = {
    "NodeScheduled": "waiting",
    "RetryScheduled": "waiting",
    "NodeDispatched": "running",
    "NodeStarted": "running",
    "NodeSucceeded": "succeeded",
    "NodeFailed": "failed",
    "NodeTimedOut": "timed-out",
    "NodeCanceled": "canceled",
}
"""What a node is after an event of that name; other events leave it as it was."""

_STYLES: Final[Mapping[str, str]] = {
    "succeeded": "green",
    "failed": "red",
    "timed-out": "red",
    "canceled": "yellow",
    "running": "cyan",
    "waiting": "blue",
    "not-reached": "dim",
}
_WORDS: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


class Report(Protocol):
    """Shows what is told."""

    def show(self, told: Told) -> None:
        """Show it."""
        ...

    def conclude(self, view: TraversalView) -> None:
        """Say how it ended."""
        ...


@contextmanager
def report_for(*, is_json: bool) -> Iterator[Report]:
    """The one that fits where standard output goes."""
    if is_json:
        yield JsonReport()
    elif sys.stdout.isatty():
        with terminal_report() as report:
            yield report
    else:
        yield LineReport()


class JsonReport:
    """An object a line."""

    def show(self, told: Told) -> None:
        """Show it."""
        document = to_json(told)
        assert isinstance(document, dict), "what is told are documents"
        write_result(json_line({"told": _kind(told), **document}))

    def conclude(self, view: TraversalView) -> None:
        """It has been told."""


class LineReport:
    """A line a change."""

    def __init__(self) -> None:
        self._watched = ""

    def show(self, told: Told) -> None:
        """Show it."""
        match told:
            case TraversalView():
                self._watched = told.id
                if told.status not in ENDED:
                    waits = "".join(f"; waits for {each}" for each in waits_text(told))
                    write_result(f"{told.status:<9}  {told.id}{waits}")
            case Change():
                happened = ", ".join(f"{printable(node.name)} {_happened(node.what)}" for node in told.nodes)
                whose = "" if told.traversal == self._watched else f"{told.traversal}  "
                write_result(f"{told.status:<9}  {whose}{happened}".rstrip())
            case Progress():
                write_result(f"{'':<9}  {printable(told.name)}: {shortened(json_line(told.data), 200)}")
            case _:
                assert_never(told)

    def conclude(self, view: TraversalView) -> None:
        """Say how it ended."""
        write_result(outcome_line(view))


@contextmanager
def terminal_report() -> Iterator[Report]:
    """The nodes, drawn anew several times a second."""
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(), refresh_per_second=8) as live:
        yield TerminalReport(live)


class TerminalReport:
    """A picture of how the nodes stand."""

    def __init__(self, live: Any) -> None:
        self._live = live
        self._view: TraversalView | None = None
        self._statuses: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._said: dict[str, str] = {}
        self._children: set[str] = set()

    def show(self, told: Told) -> None:
        """Draw it anew, with what is told."""
        match told:
            case TraversalView():
                self._view = told
                self._statuses = {node.id: node.status for node in told.nodes}
                self._names = {node.id: node.name for node in told.nodes}
            case Change() if self._view is None or told.traversal != self._view.id:
                (self._children.discard if told.status in ENDED else self._children.add)(told.traversal)
            case Change():
                for node in told.nodes:
                    self._names[node.id] = node.name
                    self._statuses[node.id] = _BECOMES.get(node.what, self._statuses.get(node.id, "not-reached"))
            case Progress():
                self._said[told.name] = shortened(json_line(told.data), 80)
            case _:
                assert_never(told)
        self._live.update(self._picture())

    def conclude(self, view: TraversalView) -> None:
        """Say how it ended."""
        write_result(outcome_line(view))

    def _picture(self) -> "Text":
        from rich.text import Text

        picture = Text()
        if self._view is not None:
            picture.append(f"{self._view.id}  {printable(self._view.name or '')}\n")
        for node, name in self._names.items():
            status = self._statuses[node]
            picture.append(f"  {status:<11}", style=_STYLES.get(status, ""))
            picture.append(f"  {printable(name)}  {self._said.get(name, '') if status == 'running' else ''}\n")
        if self._children:
            picture.append(f"  {len(self._children)} children run\n", style="dim")
        return picture


def _kind(told: Told) -> str:
    match told:
        case TraversalView():
            return "ended" if told.status in ENDED else "state"
        case Change():
            return "change"
        case Progress():
            return "progress"
        case _:
            assert_never(told)


def _happened(event: str) -> str:
    """`NodeTimedOut` as people say it: timed out."""
    return _WORDS.sub(" ", event.removeprefix("Node")).lower()
