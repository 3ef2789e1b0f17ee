"""How `waygrid COMMAND --help` looks: plain text in two columns, wrapped to the terminal, examples last."""

import inspect
import re
import textwrap
from collections.abc import Callable
from typing import Any, Final

_WIDEST_LABEL: Final = 26
_INDENT: Final = "  "
_EXAMPLES: Final = re.compile(r"^Examples:\n(?P<lines>(?:\n|[ \t]+.*\n?)+)", re.MULTILINE)


class PlainHelp:
    """A help formatter of cyclopts: it calls the object once for each panel, and the two methods before them."""

    def __call__(self, console: Any, options: Any, panel: Any) -> None:
        """Write a panel: its title, and a row for each argument, option or command."""
        if not panel.entries:
            return
        _write(console, f"{panel.title}:")
        for entry in panel.entries:
            labels = ", ".join(entry.display_labels_with_metavar)
            _write(console, _row(labels, _remark(entry, console), _width(console)))
        _write(console, "")

    def render_usage(self, console: Any, options: Any, usage: Any) -> None:
        """Write the usage line."""
        text = _text(usage, console)
        _write(console, f"{text if text.startswith('Usage:') else f'Usage: {text}'}\n")

    def render_description(self, console: Any, options: Any, description: Any) -> None:
        """Write what the command does, its paragraphs wrapped anew."""
        for paragraph in re.split(r"\n[ \t]*\n", _text(description, console)):
            if paragraph.strip():
                _write(console, f"{textwrap.fill(' '.join(paragraph.split()), _width(console))}\n")


def examples_of(function: Callable[..., object]) -> str | None:
    """The `Examples:` of a function's docstring, as they stand; None if it has none."""
    matched = _EXAMPLES.search(f"{inspect.getdoc(function) or ''}\n")
    if matched is None:
        return None
    lines = [line for line in textwrap.dedent(matched["lines"]).splitlines() if line.strip()]
    return "\n".join(("Examples:", *(f"{_INDENT}{line}" for line in lines)))


def _row(label: str, remark: str, width: int) -> str:
    column = _WIDEST_LABEL + 2 * len(_INDENT)
    wrapped = textwrap.wrap(remark, max(width - column, 30)) or [""]
    first = f"{_INDENT}{label}"
    if len(label) > _WIDEST_LABEL:
        return "\n".join((first, *(f"{'':{column}}{line}" for line in wrapped)))
    return "\n".join((f"{first:<{column}}{wrapped[0]}", *(f"{'':{column}}{line}" for line in wrapped[1:])))


def _remark(entry: Any, console: Any) -> str:
    parts = [" ".join(_text(entry.description, console).split())]
    if entry.choices:
        parts.append(f"One of {', '.join(entry.choices)}.")
    if entry.default is not None and entry.default not in ("False", '""', "None"):
        parts.append(f"Default: {entry.default}.")
    return " ".join(part for part in parts if part)


def _text(value: Any, console: Any) -> str:
    if value is None:
        return ""
    if hasattr(value, "plain"):
        return str(value.plain).strip()
    if hasattr(value, "__rich_console__"):
        with console.capture() as capture:
            console.print(value, end="", soft_wrap=True)
        return str(capture.get()).strip()
    return str(value).strip()


def _width(console: Any) -> int:
    return int(min(console.width, 100))


def _write(console: Any, text: str) -> None:
    console.print(text.rstrip(" "), highlight=False, markup=False, soft_wrap=True)
