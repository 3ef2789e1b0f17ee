"""The picture of a run as SVG: throughput, backlog and latency over time, one below the other."""

import math
from collections.abc import Sequence
from html import escape
from typing import Final

from attrs import frozen

from waygrid_shell.simulation.workload.figures import Figures, Moment
from waygrid_shell.simulation.workload.spans import span_text

_WIDTH: Final = 860.0  # pixels, as all lengths here
_LEFT: Final = 64.0
_RIGHT: Final = 24.0
_HEAD: Final = 88.0
_PANEL: Final = 150.0
_GAP: Final = 62.0
_FOOT: Final = 44.0
_GRID_LINES: Final = 4
_TIME_MARKS: Final = 8
_NICE: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
_NICE_SECONDS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)

_STYLE: Final = """
text{font-family:ui-sans-serif,system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,'DejaVu Sans',sans-serif}
.paper{fill:#ffffff}
.name{font-size:17px;font-weight:600;fill:#1b2733}
.sub{font-size:12px;fill:#5a6877}
.head{font-size:13px;font-weight:600;fill:#1b2733}
.mark{font-size:11px;fill:#5a6877}
.grid{stroke:#e3e8ee;stroke-width:1}
.axis{stroke:#8496a9;stroke-width:1}
.after{fill:#f6f8fa}
.line{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}
.key{stroke-width:3;stroke-linecap:round}
.blue{stroke:#2f6fd0}
.orange{stroke:#d9822b}
.green{stroke:#2e8b57}
.red{stroke:#c4483a}
.fill{fill:#2f6fd0;fill-opacity:0.12;stroke:none}
@media (prefers-color-scheme:dark){
.paper{fill:#0f1620}
.name,.head{fill:#e6edf4}
.sub,.mark{fill:#9cabba}
.grid{stroke:#26323e}
.axis{stroke:#66788a}
.after{fill:#151e2a}
.blue{stroke:#6ea3f0}
.orange{stroke:#eda357}
.green{stroke:#63c08c}
.red{stroke:#ee8477}
.fill{fill:#6ea3f0}
}
"""


@frozen
class _Curve:
    """Values over time; None where there is none."""

    name: str
    colour: str
    values: Sequence[float | None]
    is_dashed: bool = False


@frozen
class _Panel:
    """A part of the picture. `unit` stands beside its title, `is_span` says that its values are seconds."""

    title: str
    unit: str
    curves: Sequence[_Curve]
    is_span: bool = False
    is_filled: bool = False


def draw_plot(figures: Figures, name: str) -> str:
    """The picture. Standalone: no script, no font, nothing to load; in light and dark, with words for who hears it."""
    moments = figures.moments
    seconds = max(figures.moment_seconds * len(moments), figures.seconds)
    panels = _panels(moments)
    height = _HEAD + len(panels) * (_PANEL + _GAP) - _GAP + _FOOT
    said = (
        f"{figures.traversals.handed_in} traversals in {span_text(figures.seconds)}, "
        f"{figures.throughput:.3g} ended a second, p99 {span_text(figures.traversals.latency.p99)}, "
        f"backlog at most {figures.backlog.most}"
    )
    size = f"{_n(_WIDTH)} {_n(height)}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" width="{_n(_WIDTH)}" height="{_n(height)}"',
        'role="img" aria-labelledby="t d">',
        f'<title id="t">{_text(name)}</title><desc id="d">{_text(said)}.</desc>',
        f"<style>{_STYLE}</style>",
        f'<rect class="paper" width="{_n(_WIDTH)}" height="{_n(height)}" rx="10"/>',
        f'<text class="name" x="{_n(_LEFT)}" y="26">{_text(name)}</text>',
        f'<text class="sub" x="{_n(_LEFT)}" y="44">{_text(said)}</text>',
    ]
    top = _HEAD
    for index, panel in enumerate(panels):
        _draw_panel(panel, top, seconds, figures, parts, is_last=index == len(panels) - 1)
        top += _PANEL + _GAP
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def _panels(moments: Sequence[Moment]) -> Sequence[_Panel]:
    def latencies(share: str) -> Sequence[float | None]:
        return [getattr(each.latency, share) if each.latency.count else None for each in moments]

    return (
        _Panel(
            "Throughput",
            "traversals a second",
            (
                _Curve("handed in", "orange", [each.handed_in for each in moments], is_dashed=True),
                _Curve("ended", "blue", [each.ended for each in moments]),
            ),
        ),
        _Panel(
            "Backlog",
            "at the end of each part of the time",
            (
                _Curve("traversals under way", "blue", [each.backlog for each in moments]),
                _Curve("attempts that wait for a place", "orange", [each.waiting for each in moments]),
            ),
            is_filled=True,
        ),
        _Panel(
            "Latency",
            "of traversals that ended then, from when they were handed in",
            (
                _Curve("p99", "red", latencies("p99")),
                _Curve("p90", "orange", latencies("p90")),
                _Curve("p50", "green", latencies("p50")),
            ),
            is_span=True,
        ),
    )


def _draw_panel(
    panel: _Panel, top: float, seconds: float, figures: Figures, parts: list[str], *, is_last: bool
) -> None:
    right, bottom = _WIDTH - _RIGHT, top + _PANEL
    most = max((value or 0.0 for curve in panel.curves for value in curve.values), default=0.0)
    step = _nice_span(most / _GRID_LINES) if panel.is_span else _nice_step(most / _GRID_LINES)
    highest = step * _GRID_LINES
    _draw_head(panel, top, parts)
    end = _x(figures.seconds, seconds)
    if end < right - 1.0:
        parts.append(
            f'<rect class="after" x="{_n(end)}" y="{_n(top)}" width="{_n(right - end)}" height="{_n(_PANEL)}">'
            "<title>nothing is handed in any more</title></rect>"
        )
    for number in range(_GRID_LINES + 1):
        y, value = bottom - _PANEL * number / _GRID_LINES, step * number
        mark = span_text(value) if panel.is_span else f"{value:g}"
        style = "axis" if number == 0 else "grid"
        parts.append(f'<line class="{style}" x1="{_n(_LEFT)}" x2="{_n(right)}" y1="{_n(y)}" y2="{_n(y)}"/>')
        parts.append(f'<text class="mark" x="{_n(_LEFT - 8)}" y="{_n(y + 4)}" text-anchor="end">{mark}</text>')
    for at in _time_marks(seconds):
        x = _x(at, seconds)
        parts.append(
            f'<text class="mark" x="{_n(x)}" y="{_n(bottom + 16)}" text-anchor="middle">{span_text(at)}</text>'
        )
    if is_last:
        middle = (_LEFT + right) / 2
        said = "time since the beginning; nothing is handed in where the ground is shaded"
        parts.append(f'<text class="sub" x="{_n(middle)}" y="{_n(bottom + 34)}" text-anchor="middle">{said}</text>')
    for index, curve in enumerate(panel.curves):
        points = [
            None
            if value is None
            else (_x((number + 0.5) * figures.moment_seconds, seconds), bottom - _PANEL * value / highest)
            for number, value in enumerate(curve.values)
        ]
        _draw_curve(curve, points, bottom, parts, is_filled=panel.is_filled and index == 0)


def _draw_head(panel: _Panel, top: float, parts: list[str]) -> None:
    """Title and unit on the left, the legend on the right."""
    y = top - 10
    parts.append(
        f'<text class="head" x="{_n(_LEFT)}" y="{_n(y)}">{panel.title}'
        f'<tspan class="mark" font-weight="400" dx="7">{panel.unit}</tspan></text>'
    )
    x = _WIDTH - _RIGHT
    for curve in reversed(panel.curves):
        x -= 6.2 * len(curve.name)
        parts.append(f'<text class="mark" x="{_n(x)}" y="{_n(y)}">{curve.name}</text>')
        x -= 24
        dashes = ' stroke-dasharray="5 5"' if curve.is_dashed else ""
        parts.append(
            f'<line class="key {curve.colour}" x1="{_n(x)}" x2="{_n(x + 18)}" '
            f'y1="{_n(y - 4)}" y2="{_n(y - 4)}"{dashes}/>'
        )
        x -= 14


def _draw_curve(
    curve: _Curve, points: Sequence[tuple[float, float] | None], bottom: float, parts: list[str], *, is_filled: bool
) -> None:
    for piece in _pieces(points):
        path = " ".join(f"{_n(x)},{_n(y)}" for x, y in piece)
        if is_filled:
            closed = f"{_n(piece[0][0])},{_n(bottom)} {path} {_n(piece[-1][0])},{_n(bottom)}"
            parts.append(f'<polygon class="fill" points="{closed}"/>')
        if len(piece) == 1:
            (x, y) = piece[0]
            path = f"{_n(x - 1)},{_n(y)} {_n(x + 1)},{_n(y)}"
        dashes = ' stroke-dasharray="5 4"' if curve.is_dashed else ""
        parts.append(f'<polyline class="line {curve.colour}" points="{path}"{dashes}/>')


def _pieces(points: Sequence[tuple[float, float] | None]) -> Sequence[Sequence[tuple[float, float]]]:
    """The points in a row, each row by itself."""
    pieces: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is not None:
            pieces[-1].append(point)
        elif pieces[-1]:
            pieces.append([])
    return [piece for piece in pieces if piece]


def _x(at: float, seconds: float) -> float:
    return _LEFT + (_WIDTH - _RIGHT - _LEFT) * at / seconds


def _nice_span(least: float) -> float:
    """The same for seconds: whole minutes and hours where they are long."""
    if least <= 1.0:
        return _nice_step(least)
    return float(next((each for each in _NICE_SECONDS if each >= least), 86_400.0 * math.ceil(least / 86_400.0)))


def _nice_step(least: float) -> float:
    """A step that people like, and no less than that."""
    if least <= 0.0:
        return 1.0
    size = 10.0 ** math.floor(math.log10(least))
    return next(nice * size for nice in _NICE if nice * size >= least * 0.999999)


def _time_marks(seconds: float) -> Sequence[float]:
    step = next((each for each in _NICE_SECONDS if seconds / each <= _TIME_MARKS), None)
    whole = float(step) if step is not None else 86_400.0 * math.ceil(seconds / 86_400.0 / _TIME_MARKS)
    return [number * whole for number in range(int(seconds / whole) + 1)]


def _text(text: str) -> str:
    """Escaped; what no XML may hold becomes a replacement character."""
    return escape("".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text))


def _n(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
