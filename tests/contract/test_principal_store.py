"""Principals are kept by name, and found by the digest of their keys."""

from datetime import UTC, datetime, timedelta

import pytest

from waygrid_shell.ports.principal_store import Principal
from waygrid_shell.runtime.wiring import OpenPorts
from waygrid_shell.settings.settings import Scope

pytestmark = pytest.mark.anyio

AT = datetime(2026, 11, 28, 20, 0, 0, 123456, tzinfo=UTC)


def principal(name: str, digit: str, *scopes: Scope, expires_at: datetime | None = None) -> Principal:
    return Principal(
        name=name, digest=digit * 64, scopes=frozenset(scopes or ("read",)), made_at=AT, expires_at=expires_at
    )


async def test_what_was_added_is_found_after_a_restart(open_kept_ports: OpenPorts) -> None:
    ada = principal("ada@shop", "a", "read", "write", expires_at=AT + timedelta(days=1))
    bob = principal("bob", "b", "admin")
    async with open_kept_ports() as ports:
        assert await ports.principal_store.add(bob)
        assert await ports.principal_store.add(ada)
    async with open_kept_ports() as ports:
        assert await ports.principal_store.find("a" * 64) == ada
        assert await ports.principal_store.find("b" * 64) == bob
        assert await ports.principal_store.find("c" * 64) is None
        assert list(await ports.principal_store.every()) == [ada, bob]


async def test_a_name_that_is_there_is_left_as_it_is(open_kept_ports: OpenPorts) -> None:
    async with open_kept_ports() as ports:
        assert await ports.principal_store.add(principal("ada", "a"))
        assert not await ports.principal_store.add(principal("ada", "b", "admin"))
        assert list(await ports.principal_store.every()) == [principal("ada", "a")]
        assert await ports.principal_store.find("b" * 64) is None


async def test_who_was_removed_is_found_no_more_and_the_name_is_free(open_kept_ports: OpenPorts) -> None:
    async with open_kept_ports() as ports:
        await ports.principal_store.add(principal("ada", "a"))
        assert await ports.principal_store.remove("ada")
        assert not await ports.principal_store.remove("ada")
        assert await ports.principal_store.find("a" * 64) is None
        assert await ports.principal_store.add(principal("ada", "b"))
    async with open_kept_ports() as ports:
        assert list(await ports.principal_store.every()) == [principal("ada", "b")]


async def test_who_has_expired_is_found_too(open_kept_ports: OpenPorts) -> None:
    late = principal("ada", "a", expires_at=datetime(2020, 1, 1, tzinfo=UTC))
    async with open_kept_ports() as ports:
        await ports.principal_store.add(late)
        assert await ports.principal_store.find("a" * 64) == late
