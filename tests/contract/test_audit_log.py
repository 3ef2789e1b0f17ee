"""The audit log keeps entries in the order of writing, and gives them the newest first."""

from datetime import UTC, datetime, timedelta

import pytest

from waygrid_shell.ports.audit_log import AuditEntry
from waygrid_shell.runtime.wiring import OpenPorts, Ports

pytestmark = pytest.mark.anyio

AT = datetime(2026, 11, 28, 20, 0, 0, 123456, tzinfo=UTC)


def entry(number: int, principal: str = "ada", subject: str = "") -> AuditEntry:
    return AuditEntry(
        at=AT + timedelta(minutes=number),
        principal=principal,
        action="cancelTraversal",
        subject=subject or f"traversal-{number}",
        outcome="granted",
        address="203.0.113.7",
    )


async def read(ports: Ports, before: int | None = None, limit: int = 100, **which: str) -> list[AuditEntry]:
    return [each.entry for each in await ports.audit_log.read(before=before, limit=limit, **which)]


async def test_entries_are_kept_whole_through_a_restart(open_kept_ports: OpenPorts) -> None:
    given = [entry(1), entry(2, principal="", subject="é"), entry(3)]
    async with open_kept_ports() as ports:
        await ports.audit_log.append(given[:2])
        await ports.audit_log.append(given[2:])
        await ports.audit_log.append([])
    async with open_kept_ports() as ports:
        assert await read(ports) == given[::-1]


async def test_pages_follow_each_other_without_a_gap_though_more_is_written(open_kept_ports: OpenPorts) -> None:
    async with open_kept_ports() as ports:
        await ports.audit_log.append([entry(number) for number in range(10)])
        first = await ports.audit_log.read(limit=4)
        await ports.audit_log.append([entry(10)])
        rest = await ports.audit_log.read(before=first[-1].number, limit=100)
        numbers = [each.number for each in (*first, *rest)]
        assert numbers == sorted(set(numbers), reverse=True)
        assert [each.entry for each in (*first, *rest)] == [entry(number) for number in reversed(range(10))]


async def test_those_of_somebody_and_those_about_something_are_found(open_kept_ports: OpenPorts) -> None:
    async with open_kept_ports() as ports:
        await ports.audit_log.append(
            [entry(1, "ada", "t-1"), entry(2, "bob", "t-1"), entry(3, "ada", "t-2"), entry(4, "", "t-1")]
        )
        assert await read(ports, principal="ada") == [entry(3, "ada", "t-2"), entry(1, "ada", "t-1")]
        assert await read(ports, subject="t-1", limit=2) == [entry(4, "", "t-1"), entry(2, "bob", "t-1")]
        assert await read(ports, subject="t-1", principal="bob") == [entry(2, "bob", "t-1")]
        assert await read(ports, principal="") == [entry(4, "", "t-1")]
        assert await read(ports, principal="eve") == []


async def test_what_is_old_is_forgotten_and_numbers_go_on(open_kept_ports: OpenPorts) -> None:
    async with open_kept_ports() as ports:
        await ports.audit_log.append([entry(number) for number in range(5)])
        (newest,) = await ports.audit_log.read(limit=1)
        assert await ports.audit_log.forget(AT + timedelta(minutes=3)) == 3
        assert await read(ports) == [entry(4), entry(3)]
        assert await ports.audit_log.forget(AT + timedelta(minutes=9)) == 2
    async with open_kept_ports() as ports:
        await ports.audit_log.append([entry(7)])
        (later,) = await ports.audit_log.read(limit=1)
        assert later.number > newest.number
