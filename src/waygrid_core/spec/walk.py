"""How a document of any depth is read without recursion.

Whoever reads a part asks the walk for the parts below it and gets a `Later` for each, whose value is there by the time
that the part itself is built: parts are read from the top down, and built from the bottom up.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Later(Generic[T]):
    """A part that is asked for, and not built yet."""

    __slots__ = ("value",)
    value: T


class Walk:
    """The parts that wait to be read, and those that wait to be built."""

    __slots__ = ("_builds", "_reads")

    def __init__(self) -> None:
        # Of each pair the second gives a value for the first; the type checker has seen that the two belong together.
        self._reads: list[tuple[Later[Any], Callable[[], Callable[[], Any]]]] = []
        self._builds: list[tuple[Later[Any], Callable[[], Any]]] = []

    def ask(self, read: Callable[[], Callable[[], T]]) -> Later[T]:
        """Have a part read, later on; `read` gives what builds it."""
        later: Later[T] = Later()
        self._reads.append((later, read))
        return later

    def run(self) -> None:
        """Read and build all that was asked for."""
        while self._reads:
            later, read = self._reads.pop()
            self._builds.append((later, read()))
        # What was asked for by a part was read after it, so the other way round all parts below it come first.
        while self._builds:
            later, build = self._builds.pop()
            later.value = build()
