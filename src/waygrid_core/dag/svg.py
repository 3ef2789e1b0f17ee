"""The picture of a DAG as SVG: for a document, in light and dark, with titles for those who hear it."""

from collections.abc import Set
from html import escape
from typing import Final
from unicodedata import east_asian_width

from attrs import evolve, frozen

from waygrid_core.dag.caption import OWN, Caption, Panel, caption_of, describe_guard, panels_of, shorten
from waygrid_core.dag.dag import CompiledDag
from waygrid_core.dag.edge import ALWAYS, BRANCH, CONDITION, FAILURE, JOIN, SUCCESS, TIMEOUT, edges_from
from waygrid_core.dag.layout import Box, Layout, Link, Route, lay_out
from waygrid_core.dag.node import ForkNode
from waygrid_core.model.identifiers import NodeId

_MARGIN: Final = 24.0  # pixels, as all lengths here
_PANEL_GAP: Final = 28.0
_PANEL_PADDING: Final = 20.0
_PANEL_HEAD: Final = 26.0
_ROW_WIDTH: Final = 1_000.0
"""Bodies stand in rows of about this width, or of the width of the main graph if that is wider."""
_BOX_HEIGHT: Final = 46.0
_PILL_HEIGHT: Final = 30.0
_ICON_ROOM: Final = 42.0
_TITLE_SIZE: Final = 13.0
_SMALL_SIZE: Final = 11.0
_LONGEST_SUBTITLE: Final = 56  # characters
_WEIGHTS: Final = {SUCCESS: 4_000.0, ALWAYS: 40.0, JOIN: 4.0, FAILURE: 1.0, TIMEOUT: 1.0}

_STYLE: Final = """
text{font-family:ui-sans-serif,system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,'DejaVu Sans',sans-serif}
.paper{fill:#ffffff}
.title{font-size:13px;font-weight:600;fill:#1b2733}
.sub{font-size:11px;fill:#5a6877}
.name{font-size:17px;font-weight:600;fill:#1b2733}
.panel{fill:#f6f8fa;stroke:#d3dae2;stroke-dasharray:5 4}
.head{font-size:12px;font-weight:600;fill:#5a6877}
.box{fill:#ffffff;stroke:#8496a9;stroke-width:1.3}
.standard{fill:#eef4fd;stroke:#4f7fc4}
.await{fill:#fdf5e3;stroke:#c08a1e}
.call,.each,.loop{fill:#f1eefb;stroke:#7a62c4}
.own{fill:#e8f6f1;stroke:#2f8f6f}
.pass{fill:#f2f5f7;stroke:#8496a9}
.fail{fill:#fdeeec;stroke:#c4483a}
.fork,.join{fill:#33475b;stroke:#33475b}
.marked{stroke:#d9822b;stroke-width:3.2}
.onbar{fill:#ffffff}
.onbarsub{font-size:11px;fill:#c3cfda}
.icon{fill:none;stroke:#4b5b6b;stroke-width:1.6;stroke-linecap:round;stroke-linejoin:round}
.iconbar{stroke:#ffffff}
.edge{fill:none;stroke:#66788a;stroke-width:1.5}
.trouble{stroke:#c4483a;stroke-dasharray:5 4}
.whatever{stroke-dasharray:2 4}
.label{font-size:11px;fill:#3c4b5a;stroke:#ffffff;stroke-width:4;paint-order:stroke;stroke-linejoin:round}
.inpanel{stroke:#f6f8fa}
.labeltrouble{fill:#b23c2f}
.tip{fill:#66788a}
.tiptrouble{fill:#c4483a}
@media (prefers-color-scheme:dark){
.paper{fill:#0f1620}
.title,.name{fill:#e6edf4}
.sub,.head{fill:#9cabba}
.panel{fill:#151e2a;stroke:#34424f}
.box{fill:#182330;stroke:#66788a}
.standard{fill:#16283f;stroke:#5b8fd9}
.await{fill:#2f2612;stroke:#d09a2c}
.call,.each,.loop{fill:#241f3a;stroke:#8f79da}
.own{fill:#13302a;stroke:#45b08c}
.pass{fill:#1b2733;stroke:#66788a}
.fail{fill:#351a17;stroke:#dd6354}
.fork,.join{fill:#c3cfda;stroke:#c3cfda}
.onbar{fill:#13202c}
.onbarsub{fill:#3c4b5a}
.icon{stroke:#b9c6d3}
.iconbar{stroke:#13202c}
.edge{stroke:#8496a9}
.trouble{stroke:#dd6354}
.label{fill:#c3cfda;stroke:#0f1620}
.inpanel{stroke:#151e2a}
.labeltrouble{fill:#ee8477}
.tip{fill:#8496a9}
.tiptrouble{fill:#dd6354}
}
"""

_ICONS: Final = {
    "standard": "M-6,-5h12v10h-12z M-2.5,0h5",
    "pass": "M-6,0h11 M1.5,-4l4,4l-4,4",
    "fail": "M-5,-5l10,10 M5,-5l-10,10",
    "fork": "M0,-6v4 M-6,6v-3q0,-3 3,-3h6q3,0 3,3v3 M0,0v6",
    "join": "M0,6v-4 M-6,-6v3q0,3 3,3h6q3,0 3,-3v-3 M0,0v-6",
    "await": "M-4.5,-6.5h9 M-4.5,6.5h9 M-3.5,-6.5q0,4 3.5,6.5q-3.5,2.5 -3.5,6.5 M3.5,-6.5q0,4 -3.5,6.5q3.5,2.5 3.5,6.5",
    "call": "M-7,-6h14v12h-14z M-3.5,-2.5h7v5h-7z",
    "each": "M-7,-6h9v8h-9z M-3.5,2v3.5h9v-8h-3.5",
    "loop": "M5.5,-3a6.3,6.3 0 1 0 0.8,4.2 M6,-6.5v3.8h-3.8",
    OWN: "M0,-6.5l1.8,4.2l4.6,0.4l-3.5,3l1.1,4.5l-4,-2.4l-4,2.4l1.1,-4.5l-3.5,-3l4.6,-0.4z",
}


@frozen
class _Figure:
    """A node as it is drawn."""

    caption: Caption
    subtitle: str
    box: Box
    is_bar: bool
    is_marked: bool


@frozen
class _Picture:
    """A panel as it is drawn, its own corner at 0, 0."""

    panel: Panel
    figures: list[_Figure]
    words: list[str]
    guards: list[str]
    layout: Layout


def draw_svg(compiled: CompiledDag, marked: Set[NodeId] = frozenset()) -> str:
    """The picture, bodies as panels below the graph. Standalone: no script, no font, nothing to load.

    The nodes `marked` of the graph stand out.
    """
    first, *others = panels_of(compiled)
    main, bodies = _picture(first, marked), [_picture(panel, frozenset()) for panel in others]
    name = compiled.annotations.name
    head = 34.0 if name else 0.0
    width = main.layout.width
    if name:
        width = max(width, _text_width(name, 17.0))
    placed, inner_width, height = _rows(bodies, max(width, _ROW_WIDTH))
    width = max(width, inner_width)
    y = _MARGIN + head + main.layout.height
    total_height = y + (_PANEL_GAP + height if placed else 0.0) + _MARGIN
    total_width = width + 2 * _MARGIN
    count = len(main.figures)
    title = _text(name or "Graph")
    said = f"A graph of {count} node{'s' if count != 1 else ''}"
    if bodies:
        said += f", with {len(bodies)} graph{'s' if len(bodies) != 1 else ''} that it runs as bodies or at its end"
    size = _n(total_width), _n(total_height)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}"',
        f'width="{size[0]}" height="{size[1]}" role="img" aria-labelledby="t d">',
        f'<title id="t">{title}</title><desc id="d">{said}.</desc>',
        f"<style>{_STYLE}</style>",
        _DEFINITIONS,
        f'<rect class="paper" width="{size[0]}" height="{size[1]}" rx="10"/>',
    ]
    if name:
        parts.append(f'<text class="name" x="{_n(_MARGIN)}" y="{_n(_MARGIN + 14)}">{title}</text>')
    parts.append(f'<g transform="translate({_n(_MARGIN + (width - main.layout.width) / 2)},{_n(_MARGIN + head)})">')
    _draw_picture(main, parts, is_body=False)
    parts.append("</g>")
    top = y + _PANEL_GAP
    for picture, left, above, panel_width, panel_height in placed:
        parts.append(f'<g transform="translate({_n(_MARGIN + left)},{_n(top + above)})">')
        parts.append(f'<rect class="panel" width="{_n(panel_width)}" height="{_n(panel_height)}" rx="10"/>')
        parts.append(f'<text class="head" x="{_n(_PANEL_PADDING)}" y="22">{_text(picture.panel.caption)}</text>')
        inset = (panel_width - picture.layout.width) / 2
        parts.append(f'<g transform="translate({_n(inset)},{_n(_PANEL_HEAD + _PANEL_PADDING / 2)})">')
        _draw_picture(picture, parts, is_body=True)
        parts.append("</g></g>")
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


_DEFINITIONS: Final = "".join(
    f'<marker id="{marker}" viewBox="0 0 10 10" refX="8.5" refY="5" markerWidth="8" markerHeight="8" '
    f'markerUnits="userSpaceOnUse" orient="auto"><path class="{style}" d="M0.5,0.8L9.5,5L0.5,9.2z"/></marker>'
    for marker, style in (("a", "tip"), ("b", "tiptrouble"))
).join(("<defs>", "</defs>"))


def _rows(
    bodies: list[_Picture], row_width: float
) -> tuple[list[tuple[_Picture, float, float, float, float]], float, float]:
    """Where panels stand, in rows; with the size of all rows together."""
    placed: list[tuple[_Picture, float, float, float, float]] = []
    x = y = row_height = widest = 0.0
    for picture in bodies:
        head = _text_width(picture.panel.caption, 12.0)
        width = max(picture.layout.width, head) + 2 * _PANEL_PADDING
        height = picture.layout.height + _PANEL_HEAD + 1.5 * _PANEL_PADDING
        if x > 0 and x + width > row_width:
            x, y, row_height = 0.0, y + row_height + _PANEL_GAP / 2, 0.0
        placed.append((picture, x, y, width, height))
        widest, row_height = max(widest, x + width), max(row_height, height)
        x += width + _PANEL_GAP / 2
    return placed, widest, y + row_height


def _picture(panel: Panel, marked: Set[NodeId]) -> _Picture:
    nodes = list(panel.dag.nodes.values())
    numbers: dict[NodeId, int] = {node.id: number for number, node in enumerate(nodes)}
    figures = [_figure(caption_of(panel, node), is_marked=node.id in marked) for node in nodes]
    links: list[Link] = []
    words: list[str] = []
    guards: list[str] = []
    for number, node in enumerate(nodes):
        direct = {target for guard, target in edges_from(node) if guard != JOIN}
        for guard, target in edges_from(node):
            if target not in numbers or (guard == JOIN and (direct or not isinstance(node, ForkNode))):
                continue  # of a fork only its branches are drawn: tokens reach the join through them
            said = describe_guard(node, guard)
            room = Box(_text_width(said, _SMALL_SIZE) + 8, 15.0) if said else Box(0.0, 0.0)
            weight = 4.0 if guard.startswith((BRANCH, CONDITION)) else _WEIGHTS[guard]
            links.append(Link(number, numbers[target], room, weight))
            words.append(said)
            guards.append(guard)
    return _Picture(panel, figures, words, guards, lay_out([figure.box for figure in figures], links))


def _figure(caption: Caption, *, is_marked: bool) -> _Figure:
    subtitle = " · ".join((caption.kind, *(shorten(detail) for detail in caption.details)))
    if len(subtitle) > _LONGEST_SUBTITLE:
        subtitle = f"{subtitle[: _LONGEST_SUBTITLE - 1]}…"
    shown = evolve(caption, title=shorten(caption.title))
    title_width, small_width = _text_width(shown.title, _TITLE_SIZE, bold=True), _text_width(subtitle, _SMALL_SIZE)
    if caption.form in ("fork", "join"):
        return _Figure(shown, subtitle, Box(title_width + small_width + 54, _PILL_HEIGHT), True, is_marked)
    width = max(title_width, small_width) + _ICON_ROOM + 16
    return _Figure(shown, subtitle, Box(width, _BOX_HEIGHT), False, is_marked)


def _draw_picture(picture: _Picture, parts: list[str], *, is_body: bool) -> None:
    for guard, route in zip(picture.guards, picture.layout.routes, strict=True):
        is_trouble = guard in (FAILURE, TIMEOUT)
        style = "edge trouble" if is_trouble else "edge whatever" if guard == ALWAYS else "edge"
        parts.append(f'<path class="{style}" d="{_curve(route)}" marker-end="url(#{"b" if is_trouble else "a"})"/>')
    for guard, words, route in zip(picture.guards, picture.words, picture.layout.routes, strict=True):
        if words:
            style = "label" + (" inpanel" if is_body else "") + (" labeltrouble" if guard in (FAILURE, TIMEOUT) else "")
            x, y = route.label
            parts.append(
                f'<text class="{style}" x="{_n(x)}" y="{_n(y + 4)}" text-anchor="middle">{_text(words)}</text>'
            )
    for figure, (x, y) in zip(picture.figures, picture.layout.centres, strict=True):
        _draw_figure(figure, x, y, parts)


def _draw_figure(figure: _Figure, x: float, y: float, parts: list[str]) -> None:
    caption, box = figure.caption, figure.box
    left, top = x - box.width / 2, y - box.height / 2
    radius = box.height / 2 if figure.is_bar or caption.form == "pass" else 8.0
    parts.append(f"<g><title>{_text(caption.title)} ({_text(figure.subtitle)})</title>")
    rectangle = f'x="{_n(left)}" y="{_n(top)}" width="{_n(box.width)}" height="{_n(box.height)}" rx="{_n(radius)}"'
    style = f"box {caption.form}{' marked' if figure.is_marked else ''}"
    parts.append(f'<rect class="{style}" {rectangle}/>')
    icon_x = left + (18 if figure.is_bar else 22)
    style = "icon iconbar" if figure.is_bar else "icon"
    parts.append(f'<path class="{style}" transform="translate({_n(icon_x)},{_n(y)})" d="{_ICONS[caption.form]}"/>')
    if figure.is_bar:
        at = left + 33
        parts.append(f'<text class="title onbar" x="{_n(at)}" y="{_n(y + 4.5)}">{_text(caption.title)}')
        parts.append(f'<tspan class="onbarsub" font-weight="400" dx="7">{_text(figure.subtitle)}</tspan></text></g>')
    else:
        at = left + _ICON_ROOM
        parts.append(f'<text class="title" x="{_n(at)}" y="{_n(y - 3)}">{_text(caption.title)}</text>')
        parts.append(f'<text class="sub" x="{_n(at)}" y="{_n(y + 13)}">{_text(figure.subtitle)}</text></g>')


def _curve(route: Route) -> str:
    """Straight down where it can, and from one column to another as an S."""
    (x, y), *rest = route.points
    drawn = [f"M{_n(x)},{_n(y)}"]
    for next_x, next_y in rest:
        if abs(next_x - x) < 2.0:
            drawn.append(f"L{_n(next_x)},{_n(next_y)}")
        else:
            middle = _n((y + next_y) / 2)
            drawn.append(f"C{_n(x)},{middle} {_n(next_x)},{middle} {_n(next_x)},{_n(next_y)}")
        x, y = next_x, next_y
    return "".join(drawn)


def _text_width(text: str, size: float, *, bold: bool = False) -> float:
    """About how wide a text is in a sans-serif font: no font is at hand to ask."""
    units = 0.0
    for character in text:
        if east_asian_width(character) in "WF":
            units += 1.0
        elif character in "ijltfrI.,:;'|!()[]/ ":
            units += 0.34
        elif character in "mwMW@%":
            units += 0.9
        elif character.isupper():
            units += 0.7
        else:
            units += 0.57
    return units * size * (1.2 if bold else 1.05)


def _text(text: str) -> str:
    """Escaped; what no XML may hold becomes a replacement character."""
    return escape("".join(character if character.isprintable() else "�" for character in text))


def _n(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
