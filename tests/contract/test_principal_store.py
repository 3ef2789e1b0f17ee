"""Principals are kept by name, and found by the digest of their keys."""

from datetime import UTC, datetime, timedelta

import anyio
import pytest

from waygrid_shell.ports.principal_store import Principal, Removal
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


async def test_the_last_admin_stays_and_everybody_else_may_go(open_kept_ports: OpenPorts) -> None:
    gone = principal("gone", "d", "admin", expires_at=AT)
    async with open_kept_ports() as ports:
        store = ports.principal_store
        for each in (principal("ada", "a", "admin"), principal("bob", "b", "read", "write"), gone):
            await store.add(each)
        assert await store.remove_beside_an_admin("ada", AT) is Removal.LAST_ADMIN
        assert await store.remove_beside_an_admin("nobody", AT) is Removal.NOT_THERE
        assert await store.remove_beside_an_admin("gone", AT) is Removal.DONE
        assert await store.remove_beside_an_admin("bob", AT) is Removal.DONE
        assert await store.remove_beside_an_admin("ada", AT) is Removal.LAST_ADMIN
        await store.add(principal("eve", "e", "admin", expires_at=AT + timedelta(microseconds=1)))
        assert await store.remove_beside_an_admin("ada", AT) is Removal.DONE
    async with open_kept_ports() as ports:
        assert [each.name for each in await ports.principal_store.every()] == ["eve"]


async def test_of_admins_that_are_removed_at_once_one_stays(open_kept_ports: OpenPorts) -> None:
    names = [f"admin-{number}" for number in range(6)]
    removals: list[Removal] = []
    async with open_kept_ports() as ports:
        store = ports.principal_store
        for number, name in enumerate(names):
            await store.add(principal(name, f"{number}", "admin"))

        async def remove(name: str) -> None:
            removals.append(await store.remove_beside_an_admin(name, AT))

        async with anyio.create_task_group() as tasks:
            for name in names:
                tasks.start_soon(remove, name)
        assert sorted(removals, key=str) == [Removal.DONE] * 5 + [Removal.LAST_ADMIN]
        assert len(await store.every()) == 1


async def test_the_only_one_is_removed_only_while_it_is_alone(open_kept_ports: OpenPorts) -> None:
    async with open_kept_ports() as ports:
        store = ports.principal_store
        await store.add(principal("ada", "a", "admin"))
        await store.add(principal("bob", "b"))
        assert not await store.remove_the_only_one("ada")
        assert await store.remove("bob")
        assert not await store.remove_the_only_one("bob")
        assert await store.remove_the_only_one("ada")
        assert not await store.remove_the_only_one("ada")
        assert await store.every() == []
