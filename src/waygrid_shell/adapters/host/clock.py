"""The clock of the machine."""

from datetime import UTC, datetime


class HostClock:
    """See `waygrid_shell.ports.clock.Clock`."""

    def now(self) -> datetime:
        return datetime.now(UTC)
