"""What happened in a run, in order: for whoever looks for the reason of something.

What is said is put into words only when it is read; names that are long and say nothing (of traversals, messages,
nodes) are given short ones in the order in which they come.
"""

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeAlias

from waygrid_shell.simulation.loop import current_domain

Words: TypeAlias = str | Callable[[], str]

_ULID: Final = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{26}\b")


class Transcript:
    """`now` is the time of the run, in seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._said: list[tuple[float, str, Words, bool]] = []
        self.names: dict[str, str] = {}
        """What traversals are called, by their ids; others are numbered."""

    def say(self, who: str, what: Words) -> None:
        """Something that happened, and to whom."""
        self._said.append((self._now(), who, what, False))

    def murmur(self, who: str, what: Words) -> None:
        """The same of something that is only of interest to who looks closely: one call of a port."""
        self._said.append((self._now(), who, what, True))

    def lines(self, *, closely: bool = True) -> Iterator[str]:
        """All of it, a line each; without what was murmured, unless somebody looks closely."""
        others: dict[str, str] = {}

        def named(found: re.Match[str]) -> str:
            name = self.names.get(found.group())
            return name or others.setdefault(found.group(), f"traversal-{len(others) + 1}")

        for at, who, what, is_murmured in self._said:
            if closely or not is_murmured:
                words = what if isinstance(what, str) else what()
                yield f"{at:11.6f}  {who:<12} {_ULID.sub(named, words)}"

    @contextmanager
    def hearing_logs(self) -> Iterator[None]:
        """What the services log meanwhile is said here, and nowhere else."""
        with logging_to(_IntoTranscript(self), logging.INFO):
            yield


@contextmanager
def logging_to(handler: logging.Handler, least: int) -> Iterator[None]:
    """What the services log meanwhile goes there, from the level `least` on, and nowhere else."""
    logger = logging.getLogger("waygrid_shell")
    level, propagates = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(least)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagates


class _IntoTranscript(logging.Handler):
    def __init__(self, transcript: Transcript) -> None:
        super().__init__()
        self._transcript = transcript

    def emit(self, record: logging.LogRecord) -> None:
        domain = current_domain()
        self._transcript.say("nobody" if domain is None else domain.name, f"logs: {record.getMessage()}")
