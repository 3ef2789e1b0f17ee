"""The clock."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """What time it is. Instants bear UTC, to the microsecond; two readings may be equal, and may go back a little."""

    def now(self) -> datetime:
        """The instant now."""
        ...
