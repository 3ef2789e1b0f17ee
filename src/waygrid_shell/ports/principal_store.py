"""The store of principals: who has a key of their own, beside those of the settings."""

from collections.abc import Sequence
from datetime import datetime
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
