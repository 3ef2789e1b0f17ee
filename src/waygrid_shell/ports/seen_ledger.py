"""The ledger of work that was seen through: what a worker has answered."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from attrs import frozen


@frozen
class Answer:
    """The answer to the message `id`, as it was sent."""

    id: str
    value: bytes
    at: datetime


class SeenLedger(Protocol):
    """Remembers answers for a time, so that a question that comes again is answered and not worked on again.

    What `record` returned from is kept through a crash. The first answer to an id stays.
    """

    async def record(self, answers: Sequence[Answer]) -> None:
        """Remember these. Raises `StorageFull` or `Unavailable`."""
        ...

    async def recall(self, ids: Sequence[str]) -> Mapping[str, bytes]:
        """The answers to these that are remembered."""
        ...

    async def forget(self, before: datetime) -> int:
        """Forget answers older than `before`; how many they were."""
        ...
