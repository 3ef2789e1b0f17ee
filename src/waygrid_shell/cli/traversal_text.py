"""A traversal in text: whole, and in a line."""

from collections.abc import Iterator

from waygrid_shell.cli.look import json_line, painted, printable, shortened, span_text, time_text
from waygrid_shell.resources.traversal import NodeView, TraversalSummary, TraversalView, WaitView

_LABEL = 10
_VALUE = 400
"""Characters of a payload or output that are shown; `--json` has it all."""


def outcome_line(view: TraversalView) -> str:
    """How it ended, in a line."""
    return f"{painted(view.status, f'{view.status:<9}')}  {view.id}  {shortened(_outcome(view), 160)}".rstrip()


def why_ended(traversal: TraversalView | TraversalSummary) -> str:
    """The error or the reason, in a line; empty if there is none."""
    if traversal.error is not None:
        return f"{traversal.error.code}: {traversal.error.message}" if traversal.error.message else traversal.error.code
    return traversal.reason or ""


def _outcome(view: TraversalView) -> str:
    return json_line(view.output) if view.status == "completed" else why_ended(view)


def traversal_text(view: TraversalView) -> str:
    """All of it, for people."""
    return "\n".join(_lines(view))


def _lines(view: TraversalView) -> Iterator[str]:
    yield f"{view.id}  {painted(view.status)}{f'  {printable(view.name)}' if view.name else ''}"
    if view.status == "accepted":
        yield "It is kept, and nothing has been decided yet."
        return
    yield _row("begun", time_text(view.begun_at))
    if view.ended_at is not None:
        yield _row("ended", f"{time_text(view.ended_at)} (after {span_text(view.ended_at - view.begun_at)})")
    yield _row("version", f"{view.version} of {view.events_in_all}" if view.events_in_all else str(view.version))
    if view.dag is not None:
        yield _row("dag", view.dag)
    if view.labels:
        yield _row("labels", "  ".join(f"{key}={printable(value)}" for key, value in sorted(view.labels.items())))
    if view.parent is not None:
        yield _row("parent", view.parent)
    if view.series is not None:
        following = f", the next at {time_text(view.series.next_at)}" if view.series.next_at is not None else ""
        child = f" is {view.series.child}" if view.series.child is not None else ""
        yield _row("series", f"run {view.series.run}{child}{following}")
    yield _row("payload", shortened(json_line(view.payload), _VALUE))
    if view.nodes:
        yield ""
        yield from _nodes(view.nodes)
    if view.waits_for:
        yield ""
        yield "It waits for"
        yield from (f"  {each}" for each in waits_text(view))
    if view.status == "completed":
        yield ""
        yield _row("output", shortened(json_line(view.output), _VALUE))
    elif why_ended(view):
        yield ""
        yield _row("error" if view.error is not None else "reason", shortened(why_ended(view), _VALUE))


def waits_text(view: TraversalView) -> list[str]:
    """What has to happen before it goes on, each in a few words."""
    return [_wait(each, view) for each in view.waits_for]


def _row(label: str, value: str) -> str:
    return f"{label:<{_LABEL}}{value}"


def _nodes(nodes: tuple[NodeView, ...]) -> Iterator[str]:
    names = [printable(node.name) for node in nodes]
    width = max(map(len, names))
    for node, name in zip(nodes, names, strict=True):
        yield f"  {painted(node.status, f'{node.status:<11}')}  {name:<{width}}  {_remark(node)}".rstrip()


def _remark(node: NodeView) -> str:
    parts = [] if node.attempt <= 1 else [f"attempt {node.attempt}"]
    if node.due_at is not None:
        parts.append(f"due {time_text(node.due_at)}")
    if node.child is not None:
        parts.append(f"runs {node.child}")
    if node.error is not None:
        parts.append(f"{node.error.code}: {node.error.message}" if node.error.message else node.error.code)
    elif node.status == "succeeded":
        parts.append(json_line(node.output))
    return shortened(", ".join(parts), 120)


def _wait(wait: WaitView, view: TraversalView) -> str:
    return printable(_wait_sentence(wait, view))


def _wait_sentence(wait: WaitView, view: TraversalView) -> str:
    of = f" of {wait.name}" if wait.name is not None else ""
    at = f" at {time_text(wait.due_at)}" if wait.due_at is not None else ""
    match wait.kind:
        case "answer":
            return f"the answer of {wait.service or 'a service'} to attempt {wait.attempt}{of}"
        case "event":
            whom = f"--traversal {view.id}" if wait.key == view.root == view.id else ""
            send = f"{wait.event} {whom}" if whom else f"{wait.event}@{wait.key}"
            return f"the event {wait.event!r}{of}, key {wait.key}: waygrid send {send}"
        case "child":
            return f"the end of {wait.child}{of}"
        case "timer":
            return f"the {wait.why or 'delay'}{of}{at}"
