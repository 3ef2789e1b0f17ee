"""The table of leases in memory."""

from datetime import datetime, timedelta

from waygrid_shell.ports.clock import Clock
from waygrid_shell.ports.lease_table import Lease


class MemoryLeaseTable:
    """See `waygrid_shell.ports.lease_table.LeaseTable`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._leases: dict[str, tuple[Lease, datetime]] = {}
        """The last lease of each name, and until when it lasts."""

    async def acquire(self, name: str, holder: str, lasts: timedelta) -> Lease | None:
        now = self._clock.now()
        last, until = self._leases.get(name, (Lease(name, "", 0), now))
        if until > now and last.holder != holder:
            return None
        lease = last if until > now else Lease(name, holder, last.number + 1)
        self._leases[name] = lease, now + lasts
        return lease

    async def renew(self, lease: Lease, lasts: timedelta) -> bool:
        now = self._clock.now()
        if not self._has(lease, now):
            return False
        self._leases[lease.name] = lease, now + lasts
        return True

    async def release(self, lease: Lease) -> None:
        now = self._clock.now()
        if self._has(lease, now):
            self._leases[lease.name] = lease, now

    def _has(self, lease: Lease, now: datetime) -> bool:
        last, until = self._leases.get(lease.name, (None, now))
        return last == lease and until > now
