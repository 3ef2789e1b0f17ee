"""Knows whose a key is: keys of the settings, and those of the principals that are kept.

What the store says is remembered for a few seconds, so that a request costs no look into it: a key that was removed in
another process goes on working for as long. The keys of the settings work whether the store answers or not.

Keys that nobody has can be made up without end, and each would be asked for. So the store is asked for few a second
that it has not known lately; whoever comes with one more is to come again later. Who has a key does not notice.
"""

import hashlib
import hmac
import time
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from attrs import define, frozen

from waygrid_shell.api.problems import Refusal
from waygrid_shell.ports.principal_store import PrincipalStore
from waygrid_shell.settings.settings import ApiKey, Scope

REMEMBERED_SECONDS: Final = 5.0
"""How long an answer of the store holds."""

_MAX_REMEMBERED: Final = 10_000
"""Keys, known or not."""

STRANGERS_AT_ONCE: Final = 100
STRANGERS_PER_SECOND: Final = 20.0
"""Keys of which nothing good is known here, for which the store is asked."""


@frozen
class Caller:
    """Somebody with a key."""

    name: str
    scopes: frozenset[Scope]
    expires_at: datetime | None = None


@define
class _Remembered:
    caller: Caller | None
    until: float


class Keys:
    """See the module."""

    def __init__(self, given: Sequence[ApiKey], store: PrincipalStore, *, are_always_needed: bool = False) -> None:
        self._given = tuple(given)
        self._are_always_needed = are_always_needed or bool(self._given)
        self._store = store
        self._remembered: OrderedDict[str, _Remembered] = OrderedDict()
        self._has_principals = False
        self._known_until = 0.0
        self._strangers = float(STRANGERS_AT_ONCE)
        """So many may be asked for now."""
        self._counted_at = time.monotonic()

    async def are_needed(self) -> bool:
        """Whether a request needs a key: as soon as there is one. Raises what the store raises."""
        if self._are_always_needed:
            return True
        now = time.monotonic()
        if now >= self._known_until:
            self._has_principals = bool(await self._store.every())
            self._known_until = now + REMEMBERED_SECONDS
        return self._has_principals

    async def whose(self, key: str) -> Caller | None:
        """Who has that key; None if nobody has. Raises what the store raises.

        Raises `Refusal` (429) if too many keys have been asked for that are not known.
        """
        digest = hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
        return self._of_settings(digest) or await self._of_store(digest)

    def forget(self) -> None:
        """What was remembered holds no more: somebody was added or removed here."""
        self._remembered.clear()
        self._known_until = 0.0

    def _of_settings(self, digest: str) -> Caller | None:
        found = None
        for key in self._given:  # all of them, so that the time taken tells nothing
            if hmac.compare_digest(key.digest.lower().encode(), digest.encode()):
                found = Caller(key.name, key.scopes)
        return found

    async def _of_store(self, digest: str) -> Caller | None:
        now = time.monotonic()
        remembered = self._remembered.get(digest)
        if remembered is not None and now < remembered.until:
            self._remembered.move_to_end(digest)
            return remembered.caller
        if remembered is None or remembered.caller is None:
            self._count_stranger(now)
        if remembered is not None:
            remembered.until = now + REMEMBERED_SECONDS  # one request asks again; those beside it need not
        try:
            principal = await self._store.find(digest)
        except BaseException:
            if remembered is not None:
                remembered.until = 0.0
            raise
        caller = None
        if principal is not None and hmac.compare_digest(principal.digest.encode(), digest.encode()):
            caller = Caller(principal.name, principal.scopes, principal.expires_at)
        self._remembered[digest] = _Remembered(caller, now + REMEMBERED_SECONDS)
        self._remembered.move_to_end(digest)
        while len(self._remembered) > _MAX_REMEMBERED:
            self._remembered.popitem(last=False)
        return caller

    def _count_stranger(self, now: float) -> None:
        since, self._counted_at = now - self._counted_at, now
        self._strangers = min(self._strangers + since * STRANGERS_PER_SECOND, STRANGERS_AT_ONCE)
        if self._strangers < 1:
            raise Refusal(
                429,
                "too-many-requests",
                "There are too many requests",
                "too many keys that nobody has were sent just now, and yours is not known yet; send it again later",
                headers={"Retry-After": "1"},
            )
        self._strangers -= 1
