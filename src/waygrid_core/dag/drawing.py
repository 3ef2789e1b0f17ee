"""Drawings of a DAG for other programs, and for a terminal: text, Mermaid, DOT. The picture itself is `svg`."""

from collections.abc import Set
from typing import Final

from waygrid_core.dag.caption import OWN, Panel, caption_of, describe_guard, panels_of
from waygrid_core.dag.dag import CompiledDag
from waygrid_core.dag.edge import ALWAYS, FAILURE, JOIN, TIMEOUT, edges_from
from waygrid_core.dag.node import DagNode, ForkNode, JoinNode
from waygrid_core.model.identifiers import NodeId

_MARKS: Final = {
    "standard": "■",
    "pass": "○",
    "fail": "✕",
    "fork": "◆",
    "join": "◇",
    "await": "⧖",
    "call": "▣",
    "each": "▤",
    "loop": "↻",
    OWN: "★",
}
_MAX_INDENT: Final = 40  # levels; deeper ones are drawn at that depth, with the level as a number


def draw_text(compiled: CompiledDag) -> str:
    """A tree for a terminal, one line a node, a chain of successes not indented. Ends in a newline."""
    lines: list[str] = []
    for panel in panels_of(compiled):
        title = panel.caption or "graph"
        lines += ["", title] if lines else [title]
        _draw_tree(panel, lines)
    return "\n".join(_one_line(line) for line in lines) + "\n"


def _draw_tree(panel: Panel, lines: list[str]) -> None:
    """A node that was drawn above is only named. Iterative: the tree of a chain is as deep as the chain."""
    dag = panel.dag
    drawn: set[NodeId] = set()
    waiting: list[tuple[NodeId, int, str]] = []
    for index, entry in reversed(list(enumerate(dag.entry_points))):
        waiting.append((entry, 1, f"entry {index}" if len(dag.entry_points) > 1 else ""))
    while waiting:
        node_id, level, way = waiting.pop()
        node = dag.nodes[node_id]
        caption = caption_of(panel, node)
        start = _indent(level) + (f"{way}: " if way else "")
        if node_id in drawn:
            lines.append(f"{start}→ {caption.title}")
            continue
        drawn.add(node_id)
        lines.append(f"{start}{_MARKS[caption.form]} {caption.title}  [{caption.subtitle}]")
        onward: list[tuple[NodeId, int, str]] = []
        last: list[tuple[NodeId, int, str]] = []
        for guard, target in edges_from(node):
            words = describe_guard(node, guard)
            if guard == JOIN:
                last.append((target, level, "join"))
            elif isinstance(dag.nodes[target], JoinNode) and not isinstance(node, ForkNode):
                continue  # the join is drawn below its fork, whence everyone knows that branches lead there
            elif not words:
                last.append((target, level, ""))
            else:
                onward.append((target, level + 1, words))
        waiting.extend(reversed([*onward, *last]))


def _indent(level: int) -> str:
    return "  " * level if level <= _MAX_INDENT else "  " * _MAX_INDENT + f"({level}) "


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else "�" for character in text)


_MERMAID_SHAPES: Final = {
    "standard": ("[", "]"),
    "pass": ("([", "])"),
    "fail": ("{{", "}}"),
    "fork": ("{", "}"),
    "join": ("{", "}"),
    "await": ("[/", "/]"),
    "call": ("[[", "]]"),
    "each": ("[[", "]]"),
    "loop": ("[[", "]]"),
    OWN: (">", "]"),
}


def draw_mermaid(compiled: CompiledDag, marked: Set[NodeId] = frozenset()) -> str:
    """A Mermaid flowchart; bodies are subgraphs. The nodes `marked` of the graph stand out."""
    lines = ["flowchart TD"]
    styles: list[str] = []
    count = 0
    for panel in panels_of(compiled):
        is_body = panel.key != "d0"
        if is_body:
            lines.append(f'  subgraph {panel.key}["{_mermaid(panel.caption)}"]')
        for node in panel.dag.nodes.values():
            caption = caption_of(panel, node)
            before, after = _MERMAID_SHAPES[caption.form]
            text = f"{_mermaid(caption.title)}<br/><small>{_mermaid(caption.subtitle)}</small>"
            lines.append(f'  {_key(panel, node.id)}{before}"{text}"{after}')
        for source, guard, target in _edges(panel):
            words = describe_guard(source, guard)
            arrow = "-.->" if guard in _TROUBLE else "-->"
            label = f'|"{_mermaid(words)}"|' if words else ""
            lines.append(f"  {_key(panel, source.id)} {arrow}{label} {_key(panel, target)}")
            if guard in (FAILURE, TIMEOUT):
                styles.append(str(count))
            count += 1
        if is_body:
            lines.append("  end")
    if styles:
        lines.append(f"  linkStyle {','.join(styles)} stroke:#c0392b,color:#c0392b")
    if marked:
        first = panels_of(compiled)[0]
        keys = ",".join(_key(first, node) for node in first.dag.nodes if node in marked)
        lines += ["  classDef marked stroke:#d9822b,stroke-width:4px", f"  class {keys} marked"]
    return "\n".join(lines) + "\n"


_DOT_SHAPES: Final = {
    "standard": "box",
    "pass": "oval",
    "fail": "octagon",
    "fork": "diamond",
    "join": "diamond",
    "await": "parallelogram",
    "call": "box3d",
    "each": "box3d",
    "loop": "box3d",
    OWN: "component",
}


def draw_dot(compiled: CompiledDag) -> str:
    """A Graphviz digraph; bodies are clusters."""
    lines = [
        "digraph waygrid {",
        '  graph [fontname="Helvetica", rankdir=TB];',
        '  node [fontname="Helvetica", shape=box, style="rounded,filled", fillcolor="#eef3fb", color="#4a6fa5"];',
        '  edge [fontname="Helvetica", fontsize=10, color="#5b6675"];',
    ]
    for panel in panels_of(compiled):
        is_body = panel.key != "d0"
        if is_body:
            lines += [f"  subgraph cluster_{panel.key} {{", f"    label={_dot(panel.caption)};"]
        for node in panel.dag.nodes.values():
            caption = caption_of(panel, node)
            label = f"{_dot(caption.title)[:-1]}\\n{_dot(caption.subtitle)[1:]}"
            style = ', style="filled"' if _DOT_SHAPES[caption.form] != "box" else ""
            lines.append(f"  {_key(panel, node.id)} [label={label}, shape={_DOT_SHAPES[caption.form]}{style}];")
        for source, guard, target in _edges(panel):
            attributes = [f"label={_dot(describe_guard(source, guard))}"]
            if guard in (FAILURE, TIMEOUT):
                attributes.append('style=dashed, color="#c0392b", fontcolor="#c0392b"')
            elif guard == ALWAYS:
                attributes.append("style=dashed")
            lines.append(f"  {_key(panel, source.id)} -> {_key(panel, target)} [{', '.join(attributes)}];")
        if is_body:
            lines.append("  }")
    lines.append("}")
    return "\n".join(lines) + "\n"


_TROUBLE: Final = frozenset({FAILURE, TIMEOUT, ALWAYS})


def _edges(panel: Panel) -> list[tuple[DagNode, str, NodeId]]:
    """All edges but those from forks to their joins, which no token takes."""
    return [
        (node, guard, target)
        for node in panel.dag.nodes.values()
        for guard, target in edges_from(node)
        if guard != JOIN
    ]


def _key(panel: Panel, node_id: NodeId) -> str:
    """An identifier of both languages: ids of hand-made DAGs may have hyphens."""
    return f"{panel.key}_{''.join(c if c.isascii() and c.isalnum() else f'_{ord(c):x}_' for c in node_id)}"


def _mermaid(text: str) -> str:
    """Mermaid reads HTML entities by number, written with # for &."""
    return "".join(
        character if character.isalnum() or character in " .,:/()_-=·…" else f"#{ord(character)};"
        for character in _one_line(text)
    )


def _dot(text: str) -> str:
    escaped = _one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
