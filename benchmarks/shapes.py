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


def order_flow(stages: int) -> Document:
    """Ten nodes a stage, as flows of orders are: a check, a choice, three things at once, and what undoes them."""
    node: Document = {"type": "pass", "id": "done"}
    for stage in range(stages - 1, -1, -1):
        node = _stage(f"s{stage}", node)
    return {"entryPoints": [node]}


def _stage(name: str, following: Document) -> Document:
    work = {each: _service(f"{name}-{each}") for each in ("stock", "payment", "parcel")}
    undo = {**_service(f"{name}-undo"), "always": {"type": "fail", "id": f"{name}-undone", "code": "undone"}}
    joined = _fork(name, work)
    joined["join"] |= {"timeout": "1h", "onSuccess": following, "onFailure": undo}
    return {
        **_service(f"{name}-check"),
        "onConditions": [
            {
                "condition": {"type": "JsonEquals", "pointer": "/ask", "value": True},
                "to": {
                    **_service(f"{name}-asked"),
                    "onSuccess": {"type": "pass", "id": f"{name}-go", "onSuccess": joined},
                    "onFailure": {"ref": f"{name}-undo"},
                },
            }
        ],
        "onSuccess": {"ref": f"{name}-go"},
        "onFailure": {"ref": f"{name}-undo"},
    }


def _service(name: str) -> Document:
    return {
        "type": "standard",
        "id": name,
        "address": f"waygrid://processor/{name}",
        "retryPolicy": {"type": "Exponential", "base": "1s", "maxRetries": 3},
        "timeout": "1m",
    }


def quorum_of(branches: int) -> Document:
    """One fork of so many equal tasks, of which half must succeed."""
    document = {
        "type": "standard",
        "address": ADDRESS,
        "retryPolicy": {"type": "Linear", "base": "1s", "maxRetries": 1},
    }
    fork = _fork("j", {f"b{index:05}": document for index in range(branches)})
    fork["join"]["strategy"] = {"type": "Quorum", "n": branches // 2}
    return {"entryPoints": [fork]}


def different(branches: int) -> Document:
    """One fork of so many tasks, each of another service and with a retry."""
    return {"entryPoints": [_fork("j", {f"b{index:05}": _service(f"a{index}") for index in range(branches)})]}


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
