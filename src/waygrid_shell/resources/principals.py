"""Who may call, and who asked for what."""

from datetime import datetime
from typing import Literal, TypeAlias

from attrs import frozen

ScopeName: TypeAlias = Literal["read", "write", "work", "admin"]


@frozen(kw_only=True)
class PrincipalView:
    """Somebody with an API key. `source` is where the key is known from: the settings, or the platform itself."""

    name: str
    scopes: tuple[ScopeName, ...]
    source: Literal["settings", "platform"]
    made_at: datetime | None = None
    expires_at: datetime | None = None


@frozen(kw_only=True)
class PrincipalList:
    """All of them, by name."""

    items: tuple[PrincipalView, ...]


@frozen(kw_only=True)
class NewPrincipal:
    """Somebody who is to have a key. `expires_in` is a duration, such as `90d`; without it the key does not expire."""

    name: str
    scopes: tuple[ScopeName, ...]
    expires_in: str | None = None


@frozen(kw_only=True)
class MadePrincipal:
    """The key of a new principal, which is shown this once. `closes_doors`: from now on every request needs a key."""

    key: str
    principal: PrincipalView
    closes_doors: bool = False


@frozen(kw_only=True)
class RemovedPrincipal:
    """Whose key is of no use any more. `opens_doors`: it was the last one, and from now on no request needs a key."""

    name: str
    opens_doors: bool = False


@frozen(kw_only=True)
class AuditView:
    """Something that somebody asked to be changed. `principal` is empty where no key was needed or none was known."""

    id: int
    at: datetime
    principal: str
    action: str
    subject: str
    outcome: str
    address: str


@frozen(kw_only=True)
class AuditPage:
    """The newest first."""

    items: tuple[AuditView, ...]
    next: str | None = None
