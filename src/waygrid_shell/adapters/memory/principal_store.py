"""The store of principals in memory, as long as the object lives."""

from collections.abc import Sequence
from datetime import datetime

from waygrid_shell.ports.principal_store import Principal, Removal


class MemoryPrincipalStore:
    """See `waygrid_shell.ports.principal_store.PrincipalStore`."""

    def __init__(self) -> None:
        self._principals: dict[str, Principal] = {}

    async def add(self, principal: Principal) -> bool:
        return self._principals.setdefault(principal.name, principal) is principal

    async def find(self, digest: str) -> Principal | None:
        return next((each for each in self._principals.values() if each.digest == digest), None)

    async def every(self) -> Sequence[Principal]:
        return sorted(self._principals.values(), key=lambda each: each.name)

    async def remove(self, name: str) -> bool:
        return self._principals.pop(name, None) is not None

    async def remove_beside_an_admin(self, name: str, now: datetime) -> Removal:
        principal = self._principals.get(name)
        if principal is None:
            return Removal.NOT_THERE
        others = [each for each in self._principals.values() if each is not principal]
        if principal.is_admin(now) and not any(each.is_admin(now) for each in others):
            return Removal.LAST_ADMIN
        del self._principals[name]
        return Removal.DONE

    async def remove_the_only_one(self, name: str) -> bool:
        if self._principals.keys() != {name}:
            return False
        del self._principals[name]
        return True
