"""The table of leases: who does what only one process should do at a time."""

from datetime import timedelta
from typing import Protocol

from attrs import frozen


@frozen
class Lease:
    """The right of `holder` to do what `name` says. `number` is higher than that of every lease of it before."""

    name: str
    holder: str
    number: int


class LeaseTable(Protocol):
    """Gives a lease to one holder at a time, for a time.

    A lease saves work and is no proof: whoever was paused may act although it has run out. What must not be written by
    two is guarded where it is written, by a version or by the fencing number.
    """

    async def acquire(self, name: str, holder: str, lasts: timedelta) -> Lease | None:
        """The lease, or None while somebody else has it; who has it already gets it again. Raises `Unavailable`."""
        ...

    async def renew(self, lease: Lease, lasts: timedelta) -> bool:
        """Have it last so long from now on; False if it has run out or gone to somebody else. Raises `Unavailable`."""
        ...

    async def release(self, lease: Lease) -> None:
        """Give it back; nothing happens to one that has gone to somebody else. Raises `Unavailable`."""
        ...
