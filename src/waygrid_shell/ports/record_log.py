"""Topics of the users' own: where an origin reads records, and where a destination delivers them."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from attrs import Factory, frozen


@frozen(kw_only=True, eq=False)
class ForeignRecord:
    """A record of a user's topic, whatever is in it. Headers may repeat; the last of a name is kept."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, bytes]
    at: datetime


@frozen(kw_only=True)
class Posting:
    """A record to deliver."""

    topic: str
    key: bytes | None
    value: bytes
    headers: Mapping[str, bytes] = Factory(dict)


class ForeignSubscription(Protocol):
    """The reader of its share of the partitions of the topics, in its group."""

    async def take(self, limit: int) -> Sequence[ForeignRecord]:
        """The next records, at least one and at most `limit`; waits until there is one. A partition's come in order."""
        ...

    async def acknowledge(self, records: Sequence[ForeignRecord]) -> None:
        """These are done with: the group goes on behind them, as far as none before them is missing."""
        ...


class RecordLog(Protocol):
    """Reads and writes topics that are not ours. Raises `Unavailable`."""

    def subscribe(self, topics: Sequence[str], group: str) -> AbstractAsyncContextManager[ForeignSubscription]:
        """Read these topics as a member of the group, from the group's position; a new group from the beginning."""
        ...

    async def post(self, posting: Posting) -> tuple[int, int]:
        """Write it, and wait until every replica that must has it; its partition and offset.

        Raises `Refused` if it will never be taken (no such topic, too large, not allowed), and else `Unavailable`.
        """
        ...


class Refused(Exception):  # noqa: N818 - it says what happened
    """The log will not take that record, however often it is tried. The text says why, and the cure."""
