"""What the machine asks a guard and a signal of a user's, so that whatever they do is an answer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from waygrid_core.extension.answers import Stop
from waygrid_core.extension.asked_kinds import Memory
from waygrid_core.extension.calling import Broken, guarded, require_json
from waygrid_core.extension.extension import Guard, SignalKind
from waygrid_core.extension.look import Action, End, EndBranches, FailNode, Look, SucceedNode
from waygrid_core.extension.plain import plain_copy
from waygrid_core.model.json_value import JsonValue


def first_memory_of(guard: Guard) -> Memory | Broken:
    """What the guard remembers before the first transition."""
    return guarded(guard, "start", guard.start, _memory, "JSON")


def watched_by(guard: Guard, memory: JsonValue, events: Sequence[object], now: datetime) -> Memory | Stop | Broken:
    """What it remembers after `events`, or that it ends the traversal."""
    return guarded(
        guard, "watch", lambda: guard.watch(plain_copy(memory), events, now), _memory_or_stop, "JSON or a Stop"
    )


def actions_of(signal: SignalKind, look: Look, data: JsonValue) -> tuple[Action, ...] | Broken:
    """What the signal does about `data`."""
    return guarded(signal, "handle", lambda: signal.handle(look, data), _actions, "a list of actions")


def _memory(value: Any) -> Memory:
    return Memory(plain_copy(require_json(value)))


def _memory_or_stop(value: Any) -> Memory | Stop | None:
    if isinstance(value, Stop):
        texts: tuple[Any, Any] = (value.code, value.message)
        return value if value.code and all(isinstance(text, str) for text in texts) else None
    return _memory(value)


def _actions(given: Any) -> tuple[Action, ...] | None:
    if not isinstance(given, list | tuple):
        return None
    actions = tuple(_action(each) for each in given)
    return None if None in actions else actions  # type: ignore[return-value]  # mypy does not see what is not in it


def _action(action: Any) -> Action | None:
    match action:
        case SucceedNode(node=str(), output=output):
            return SucceedNode(action.node, plain_copy(require_json(output)))
        case FailNode(node=str(), code=str(), message=str()) if action.code:
            return action
        case EndBranches(join_node_id=str(), branches=tuple() as branches) if all(
            isinstance(name, str) for name in branches
        ):
            return action
        case End(reason=str() | None):
            return action
        case _:
            return None
