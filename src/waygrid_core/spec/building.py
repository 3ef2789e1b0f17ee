"""Builds a JSON value from the events of a parser: no recursion, keys written twice are told, depth is bounded."""

from waygrid_core.model.json_value import MISSING, JsonValue, Missing
from waygrid_core.spec.fields import shown
from waygrid_core.spec.place import ROOT, Place
from waygrid_core.spec.problem import ProblemSink


class TooDeepError(Exception):
    """The document nests deeper than it may."""


class Building:
    """A value in the making. Feed it the events in order; `value` is there at the end."""

    __slots__ = ("_containers", "_keys", "_max_nesting", "_problems", "value")

    def __init__(self, problems: ProblemSink, max_nesting: int) -> None:
        self._problems = problems
        self._max_nesting = max_nesting
        self._containers: list[dict[str, JsonValue] | list[JsonValue]] = []
        self._keys: list[str] = []
        """Of each open container the key that waits for its value; of an array nothing that counts."""
        self.value: JsonValue | Missing = MISSING

    @property
    def depth(self) -> int:
        """How many arrays and objects are open."""
        return len(self._containers)

    def key(self, name: str) -> None:
        """The key of the next value of the open object."""
        container = self._containers[-1]
        assert isinstance(container, dict)
        self._keys[-1] = name
        if name in container:
            message = f"the key {shown(name)} stands twice in one object; keep one of them"
            self._problems.add(self.place, "conflicting-fields", message)

    def scalar(self, value: JsonValue) -> None:
        """A value that holds no others, or one that is complete."""
        if not self._containers:
            self.value = value
            return
        container = self._containers[-1]
        if isinstance(container, list):
            container.append(value)
        else:
            container[self._keys[-1]] = value

    def start_object(self) -> None:
        """The next values are its members."""
        self._start({})

    def start_array(self) -> None:
        """The next values are its items."""
        self._start([])

    def _start(self, container: dict[str, JsonValue] | list[JsonValue]) -> None:
        if len(self._containers) >= self._max_nesting:
            raise TooDeepError
        self.scalar(container)
        self._containers.append(container)
        self._keys.append("")

    def end(self) -> JsonValue:
        """The open array or object is complete; returns it."""
        self._keys.pop()
        return self._containers.pop()

    @property
    def place(self) -> Place:
        """Where the next value goes."""
        place: Place = ROOT
        for container, key in zip(self._containers, self._keys, strict=True):
            # What is open in an array is its last item already; only in the innermost a next one is to come.
            is_innermost = container is self._containers[-1]
            index = len(container) if is_innermost else len(container) - 1
            place = (place, key if isinstance(container, dict) else index)
        return place
