"""What could not be read, or was not looked into: the names in there exist, and nobody says that they do not."""

from waygrid_core.compile.draft import Draft
from waygrid_core.model.json_value import JsonValue
from waygrid_core.spec.node import FailNode, ForkNode, Hole, JoinNode, Node, Reference
from waygrid_core.spec.place import Place


class Unread:
    """The names in holes and in copies of joins, gathered only when somebody asks.

    Without the `document` that a draft was read from, every name may stand in a hole.
    """

    def __init__(self, draft: Draft, document: JsonValue) -> None:
        self._draft = draft
        self._document = document
        self._names: frozenset[str] | None = None
        self._hole_names: frozenset[str] | None = None

    def may_hold(self, name: str) -> bool:
        """Whether `name` may be the name of something that is not in the draft."""
        if self._draft.holes and self._document is None:
            return True
        if self._names is None:
            self._names = self._in_holes() | _ids_in_copies(self._draft)
        return name in self._names

    def hole_may_hold(self, name: str) -> bool:
        """Whether `name` may stand in a hole."""
        if not self._draft.holes:
            return False
        return self._document is None or name in self._in_holes()

    def _in_holes(self) -> frozenset[str]:
        if self._hole_names is None:
            names: set[str] = set()
            for hole in self._draft.holes:
                _gather_names(_value_at(self._document, hole.place), names)
            self._hole_names = frozenset(names)
        return self._hole_names


def _value_at(document: JsonValue, place: Place) -> JsonValue:
    steps: list[str | int] = []
    while not isinstance(place, str):
        place, step = place
        steps.append(step)
    value = document
    for step in reversed(steps):
        if isinstance(step, int):
            if not isinstance(value, list | tuple) or step >= len(value):
                return None
            value = value[step]
        elif isinstance(value, dict):
            value = value.get(step)
        else:
            return None
    return value


def _gather_names(value: JsonValue, names: set[str]) -> None:
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            for key in ("id", "joinNodeId", "label", "address"):
                name = value.get(key)
                if isinstance(name, str):
                    names.add(name.removeprefix("waygrid://"))
            waiting.extend(value.values())
        elif isinstance(value, list | tuple):
            waiting.extend(value)


def _ids_in_copies(draft: Draft) -> frozenset[str]:
    ids: set[str] = set()
    waiting: list[Node] = [edge.to for slot in draft.joins.values() for edge in slot.copies]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Reference):
            continue
        if isinstance(node, Hole):
            waiting.extend(node.below)
            continue
        if node.id is not None:
            ids.add(node.id)
        if isinstance(node, ForkNode):
            waiting.extend(node.branches.values())
            if node.join is not None:
                waiting.append(node.join)
        elif not isinstance(node, FailNode):
            if not isinstance(node, JoinNode):
                waiting.extend(edge.to for edge in node.on_conditions)
            elif node.id is None:
                ids.add(node.join_node_id)
            ends = node.ends
            waiting.extend(
                end for end in (ends.on_success, ends.on_failure, ends.on_timeout, ends.always) if end is not None
            )
    return frozenset(ids)
