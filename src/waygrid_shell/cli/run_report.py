"""What `waygrid run` says: an outcome a traversal on standard output, progress and a summary on standard error."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from waygrid_core.codec.json_bytes import write_json
from waygrid_core.history.status import shown_status
from waygrid_core.model.instant import write_instant
from waygrid_core.model.json_value import JsonValue
from waygrid_shell.runtime.batch_run import BatchRun, Ended, Left, Tally

_SHOWN: Final = 160
"""Characters of an output in a line for people."""

_PLAIN_SECONDS: Final = 10.0
"""How often a run without a terminal says how far it is."""


def outcome_document(ended: Ended) -> dict[str, JsonValue]:
    """The outcome of a traversal, as `--json` prints it."""
    summary = ended.summary
    document: dict[str, JsonValue] = {
        "traversal": summary.traversal,
        "source": ended.place,
        "status": shown_status(summary.status),
    }
    if summary.status == "Completed":
        document["output"] = summary.output
    elif summary.status == "Canceled":
        document["reason"] = summary.reason
    elif summary.error is not None:
        document["error"] = summary.error.to_json()
    document["history"] = ended.history
    document["begun"] = write_instant(summary.begun_at)
    if summary.ended_at is not None:
        document["ended"] = write_instant(summary.ended_at)
    return document


def left_document(left: Left) -> dict[str, JsonValue]:
    """A traversal that the run leaves, as `--json` prints it."""
    awaits: list[JsonValue] = [{"event": name.event, "key": name.key} for name in left.awaits]
    return {
        "traversal": left.traversal,
        "source": left.place,
        "status": "running",
        "awaits": awaits,
        "history": left.history,
    }


def outcome_line(ended: Ended) -> str:
    """The outcome of a traversal, in a line for people."""
    summary = ended.summary
    if summary.status == "Completed":
        detail = write_json(summary.output).decode("utf-8", "replace")
    elif summary.error is not None:
        detail = f"{summary.error.code}: {summary.error.message}" if summary.error.message else summary.error.code
    else:
        detail = summary.reason or ""
    before = " (ended before)" if ended.history == "ended-before" else ""
    return _line(shown_status(summary.status), summary.traversal, ended.place, detail + before)


def left_line(left: Left) -> str:
    """A traversal that the run leaves, in a line for people."""
    waited = ", ".join(dict.fromkeys(f"the event {name.event!r}" for name in left.awaits))
    return _line("running", left.traversal, left.place, f"waits for {waited}" if waited else "nothing serves it")


def _line(status: str, traversal: str, place: str, detail: str) -> str:
    shown = " ".join(detail.split())
    if len(shown) > _SHOWN:
        shown = shown[: _SHOWN - 1] + "\N{HORIZONTAL ELLIPSIS}"
    return f"{status:<9}  {traversal}  {place}  {shown}".rstrip()


def summary_line(tally: Tally, seconds: float, bad: int) -> str:
    """The last line."""
    parts = [f"{tally.completed} completed", f"{tally.not_completed} not completed"]
    if tally.left:
        parts.append(f"{len(tally.left)} still running")
    came = [
        f"{count} {word}"
        for count, word in (
            (tally.new, "accepted now"),
            (tally.resumed, "resumed"),
            (tally.ended_before, "ended before"),
            (bad, "bad lines skipped"),
        )
        if count
    ]
    origin = f" ({', '.join(came)})" if came else ""
    return f"{counted(tally.total, 'traversal')}: {', '.join(parts)}{origin}, {seconds:.1f} s"


def counted(number: int, noun: str) -> str:
    """`1 line`, `2 lines`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


class Progress(Protocol):
    """Shows how far a run is."""

    def show(self, run: BatchRun) -> None:
        """Show it as it is now."""
        ...


class SilentProgress:
    """Shows nothing."""

    def show(self, run: BatchRun) -> None:
        """Nothing."""


class PlainProgress:
    """A line now and then, for logs."""

    def __init__(self) -> None:
        self._said_at = time.monotonic()
        self._said = ""

    def show(self, run: BatchRun) -> None:
        """A line, if the last one is old or something is newly waited for."""
        waits = _waits(run)
        if time.monotonic() - self._said_at < _PLAIN_SECONDS and waits == self._said:
            return
        self._said_at, self._said = time.monotonic(), waits
        sys.stderr.write(f"waygrid: {_standing(run)}{waits}\n")


@contextmanager
def terminal_progress() -> Iterator[Progress]:
    """A bar on the terminal of standard error, gone at the end."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    # What goes to standard output must reach it as it is, unless that is this very terminal.
    with Bar(*columns, console=console, transient=True, redirect_stdout=sys.stdout.isatty()) as bar:
        task = bar.add_task("", total=None)

        class TerminalProgress:
            def show(self, run: BatchRun) -> None:
                tally = run.tally
                text = f"{tally.under_way} under way, {tally.not_completed} not completed{_waits(run)}"
                bar.update(task, total=tally.total, completed=tally.ended, description=text)

        yield TerminalProgress()


def _standing(run: BatchRun) -> str:
    tally = run.tally
    return f"{tally.ended} of {tally.total} ended, {tally.under_way} under way, {tally.not_completed} not completed"


def _waits(run: BatchRun) -> str:
    return "".join(f"; {count} wait for the event {event!r}" for event, count in run.waits)
