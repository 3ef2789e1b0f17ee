"""How a document of any depth is read without recursion.

Whoever reads a part asks the walk for the parts below it and gets a `Later` for each, whose value is there by the time
that the part itself is built: parts are read from the top down, and built from the bottom up.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Later(Generic[T]):
    """A part that is asked for, and not built yet."""

    __slots__ = ("value",)
    value: T


class Walk:
    """The parts that wait to be read, and those that wait to be built."""

    __slots__ = ("_builds", "_reads")

    def __init__(self) -> None:
        self._reads: list[Callable[[], None]] = []
        self._builds: list[Callable[[], None]] = []

    def ask(self, read: Callable[[], Callable[[], T]]) -> Later[T]:
        """Have a part read, later on; `read` gives what builds it."""
        later: Later[T] = Later()

        def step() -> None:
            build = read()

            def finish() -> None:
                later.value = build()

            self._builds.append(finish)

        self._reads.append(step)
        return later

    def run(self) -> None:
        """Read and build all that was asked for."""
        while self._reads:
            self._reads.pop()()
        # What was asked for by a part was read after it, so the other way round all parts below it come first.
        while self._builds:
            self._builds.pop()()
