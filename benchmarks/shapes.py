"""The Specs that are measured, as documents."""

from typing import Any

Document = dict[str, Any]

ADDRESS = "waygrid://processor/a"


def chain(nodes: int) -> Document:
    """One task after another, each with a retry policy and a timeout, as real ones have."""
    node: Document = _task(nodes - 1)
    for index in range(nodes - 2, -1, -1):
        node = {**_task(index), "onSuccess": node}
    return {"entryPoints": [node]}


def chain_of_passes(nodes: int) -> Document:
    """A task, then passes."""
    node: Document = {"type": "pass"}
    for _ in range(nodes - 2):
        node = {"type": "pass", "onSuccess": node}
    return {"entryPoints": [{**_task(0), "onSuccess": node}]}


def fork(branches: int) -> Document:
    """One fork of so many tasks, joined by And."""
    return {"entryPoints": [_fork("j", {f"b{index:05}": _task(index) for index in range(branches)})]}


def nested_forks(depth: int, width: int) -> Document:
    """Forks in forks: `width` to the power of `depth` tasks."""
    return {"entryPoints": [_nested("j", depth, width)]}


def forks_in_a_row(nodes: int) -> Document:
    """Forks of ten tasks, one after the other's join: about `nodes` nodes."""
    node: Document = {"type": "pass"}
    for index in range((nodes - 1) // 12):
        row = _fork(f"j{index}", {f"b{branch}": {"type": "standard", "address": ADDRESS} for branch in range(10)})
        row["join"]["onSuccess"] = node
        node = row
    return {"entryPoints": [node]}


def text_of_a_chain(nodes: int) -> str:
    """The JSON of a chain, written without the C stack."""
    task = f'{{"type": "standard", "address": "{ADDRESS}", "onSuccess": '
    return f'{{"entryPoints": [{task * (nodes - 1)}{{"type": "pass"}}{"}" * (nodes - 1)}]}}'


def _nested(name: str, depth: int, width: int) -> Document:
    if depth == 0:
        return {"type": "standard", "address": ADDRESS}
    return _fork(name, {f"b{index}": _nested(f"{name}-{index}", depth - 1, width) for index in range(width)})


def _fork(name: str, branches: Document) -> Document:
    join = {"type": "join", "joinNodeId": name, "strategy": {"type": "And"}}
    return {"type": "fork", "joinNodeId": name, "branches": branches, "join": join}


def _task(index: int) -> Document:
    return {
        "type": "standard",
        "id": f"task-{index}",
        "address": ADDRESS,
        "retryPolicy": {"type": "Exponential", "base": "1s", "maxRetries": 3},
        "timeout": "30s",
    }
