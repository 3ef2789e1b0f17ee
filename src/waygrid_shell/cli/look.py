"""How things look to people: colour on a terminal, and only there; columns; times and values in a few words."""

import os
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from waygrid_core.codec.json_bytes import write_json
from waygrid_core.model.json_value import JsonValue

_PLAIN: Final = "\x1b[0m"
_COLOURS: Final = {
    "completed": "32",
    "succeeded": "32",
    "failed": "31",
    "timed-out": "31",
    "canceled": "33",
    "paused": "35",
    "running": "36",
    "waiting": "34",
    "accepted": "34",
    "not-reached": "2",
}
_NARROWEST: Final = 40


def painted(word: str, text: str | None = None) -> str:
    """`text` (or the word itself) in the colour of a status; as it is where colour is not wanted."""
    shown = word if text is None else text
    colour = _COLOURS.get(word)
    return f"\x1b[{colour}m{shown}{_PLAIN}" if colour is not None and has_colour() else shown


def has_colour() -> bool:
    """Whether standard output is a terminal that shows colours, and nobody asked for none (`NO_COLOR`)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, painted_column: int | None = None) -> str:
    """Rows in columns as wide as they need; on a terminal the last column is cut where the line ends.

    The words of `painted_column` are statuses, in their colours.
    """
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    before = sum(widths[:-1]) + 2 * (len(widths) - 1)
    if sys.stdout.isatty():
        widths[-1] = min(widths[-1], max(shutil.get_terminal_size().columns - before, _NARROWEST))
    lines = []
    for row in (head, *rows):
        cells = [f"{shortened(cell, width):<{width}}" for cell, width in zip(row, widths, strict=True)]
        if painted_column is not None and row is not head:
            cells[painted_column] = painted(row[painted_column], cells[painted_column])
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def printable(text: str) -> str:
    """The text in one line; what could not be seen, or would move the terminal's hand, is shown as an escape."""
    line = " ".join(text.split())
    return line if line.isprintable() else "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in line)


def shortened(text: str, width: int) -> str:
    """The same, in at most `width` characters."""
    line = printable(text)
    return line if len(line) <= width else line[: width - 1] + "\N{HORIZONTAL ELLIPSIS}"


def json_line(value: JsonValue) -> str:
    """A value as JSON text."""
    return write_json(value).decode("utf-8", "replace")


def time_text(instant: datetime) -> str:
    """An instant in UTC, to the second."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"


def span_text(span: timedelta) -> str:
    """How long something took: 0.012s, 4.2s, 3m10s, 2h5m, 3d4h."""
    seconds = max(span.total_seconds(), 0.0)
    if seconds < 1:
        return f"{seconds:.3f}s"
    if seconds < 60:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    for size, unit, smaller, smaller_unit in ((86400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s")):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size}{unit}{f'{rest}{smaller_unit}' if rest else ''}"
    raise AssertionError("a minute or more has one of these sizes")
