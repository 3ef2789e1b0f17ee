"""Short ways to write documents of Specs."""

from typing import Any

Document = dict[str, Any]


def spec(*entry_points: Document, **fields: Any) -> Document:
    """A Spec."""
    return {"entryPoints": list(entry_points), **fields}


def work(service: str = "x", **fields: Any) -> Document:
    """A standard node."""
    return {"type": "standard", "address": f"waygrid://processor/{service}", **fields}


def ref(node_id: str) -> Document:
    """A reference."""
    return {"ref": node_id}


def fork(join_node_id: str, branches: Document, **fields: Any) -> Document:
    """A fork."""
    return {"type": "fork", "joinNodeId": join_node_id, "branches": branches, **fields}


def join(join_node_id: str, strategy: Document | None = None, **fields: Any) -> Document:
    """A join in full; its strategy is And if nothing else is said."""
    return {"type": "join", "joinNodeId": join_node_id, "strategy": strategy or {"type": "And"}, **fields}


def short(join_node_id: str) -> Document:
    """The short form of a join."""
    return {"type": "join", "joinNodeId": join_node_id}


def pass_node(**fields: Any) -> Document:
    """A pass."""
    return {"type": "pass", **fields}


def fail(code: str = "no") -> Document:
    """A fail."""
    return {"type": "fail", "code": code}


def call(body: Document, **fields: Any) -> Document:
    """A call."""
    return {"type": "call", "body": body, **fields}


def when(condition: Document, to: Document) -> Document:
    """A conditional edge."""
    return {"condition": condition, "to": to}


ALWAYS: Document = {"type": "Always"}


def exists(pointer: str) -> Document:
    """A condition."""
    return {"type": "JsonExists", "pointer": pointer}


def chain(*nodes: Document) -> Document:
    """The nodes one after the other, by onSuccess."""
    first, *rest = nodes
    return {**first, "onSuccess": chain(*rest)} if rest else dict(first)
