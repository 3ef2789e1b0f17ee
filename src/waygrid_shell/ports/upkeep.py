"""The upkeep of a store that keeps traversals by the time at which they began."""

from datetime import datetime
from typing import Protocol


class Upkeep(Protocol):
    """Makes room for what is to come, and gives whole rooms back. Called every now and then, by one process at once."""

    async def prepare(self, now: datetime) -> None:
        """Make room for what begins in the weeks to come. Raises `StorageFull` or `Unavailable`.

        May do nothing where the store is busy: it is called again, and what has no room of its own is kept as well.
        """
        ...

    async def retire(self, ended_before: datetime) -> datetime:
        """Give back the rooms of which everything ended before that, as `Journal.forget` would forget it.

        The instant that it returns is an earlier one: whatever ended before that, and is still there, will not go with
        its room soon, and is for `Journal.forget`. Raises `Unavailable`.
        """
        ...
