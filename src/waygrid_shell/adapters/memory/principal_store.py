"""The store of principals in memory, as long as the object lives."""

from collections.abc import Sequence

from waygrid_shell.ports.principal_store import Principal


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
