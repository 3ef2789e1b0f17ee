"""The store of principals: who has a key of their own, beside those of the settings."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Protocol

from attrs import frozen

from waygrid_shell.settings.settings import Scope


@frozen(kw_only=True)
class Principal:
    """Who may do what. `digest` is the SHA-256 (hex) of the key, which is nowhere kept."""

    name: str
    digest: str
    scopes: frozenset[Scope]
    made_at: datetime
    expires_at: datetime | None = None

    def is_admin(self, now: datetime) -> bool:
        """Whether it may do everything, and its key has not expired by then."""
        return "admin" in self.scopes and (self.expires_at is None or self.expires_at > now)


class Removal(Enum):
    """What became of a principal that was to be removed."""

    DONE = "it is there no more"
    NOT_THERE = "nobody has that name"
    LAST_ADMIN = "nobody else is an admin, so it stays"


class PrincipalStore(Protocol):
    """Keeps principals by name. What `add` and `remove` returned from is kept through a crash."""

    async def add(self, principal: Principal) -> bool:
        """Keep it; False, and nothing changes, if there is one of that name. Raises `StorageFull` or `Unavailable`."""
        ...

    async def find(self, digest: str) -> Principal | None:
        """Whose key has that digest; None if nobody's has. One that has expired is found too."""
        ...

    async def every(self) -> Sequence[Principal]:
        """All of them, in the order of their names."""
        ...

    async def remove(self, name: str) -> bool:
        """Remove that principal; whether there was one."""
        ...

    async def remove_beside_an_admin(self, name: str, now: datetime) -> Removal:
        """The same, but the last one that is an admin by then stays. Of two that are removed at once one stays too."""
        ...

    async def remove_the_only_one(self, name: str) -> bool:
        """Remove that principal if there is no other; whether that was so."""
        ...
