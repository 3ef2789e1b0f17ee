"""The work that is measured, for the cluster and for the embedded plant alike."""

from typing import Any, Final

ADDRESS: Final = "waygrid://processor/step"


def chain() -> dict[str, Any]:
    """Three steps, one after the other."""
    node: dict[str, Any] = {}
    for number in reversed(range(3)):
        step = {"type": "standard", "id": f"s{number}", "address": ADDRESS}
        node = {**step, "onSuccess": node} if node else step
    return {"entryPoints": [node]}


def fork() -> dict[str, Any]:
    """A step, a fork of three, their join, a step."""
    step = {"type": "standard", "address": ADDRESS}
    join = {"type": "join", "joinNodeId": "j", "strategy": {"type": "And"}, "onSuccess": step}
    forked = {"type": "fork", "joinNodeId": "j", "branches": dict.fromkeys("abc", step), "join": join}
    return {"entryPoints": [{**step, "onSuccess": forked}]}


def second() -> dict[str, Any]:
    """Waits for a second."""
    return {"entryPoints": [{"type": "pass", "deliveryStrategy": {"type": "ScheduleAfter", "delay": "1s"}}]}
