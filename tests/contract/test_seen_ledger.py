"""The contract of the seen ledger."""

from datetime import UTC, datetime, timedelta

import pytest

from waygrid_shell.ports.seen_ledger import Answer
from waygrid_shell.runtime.wiring import OpenPorts

pytestmark = pytest.mark.anyio
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


async def test_answers_are_remembered(open_quick_ports: OpenPorts) -> None:
    async with open_quick_ports() as ports:
        await ports.seen_ledger.record([Answer(f"id-{number}", b"v%d" % number, NOON) for number in range(1_200)])
    async with open_quick_ports() as ports:
        found = await ports.seen_ledger.recall([f"id-{number}" for number in range(0, 2_400, 2)])
        assert found == {f"id-{number}": b"v%d" % number for number in range(0, 1_200, 2)}
        assert await ports.seen_ledger.recall([]) == {}


async def test_the_first_answer_stays(open_quick_ports: OpenPorts) -> None:
    async with open_quick_ports() as ports:
        await ports.seen_ledger.record([Answer("a", b"first", NOON)])
        await ports.seen_ledger.record([Answer("a", b"second", NOON)])
        assert await ports.seen_ledger.recall(["a"]) == {"a": b"first"}


async def test_old_answers_are_forgotten_when_asked_or_by_themselves(open_quick_ports: OpenPorts) -> None:
    async with open_quick_ports() as ports:
        await ports.seen_ledger.record([Answer("old", b"1", NOON), Answer("new", b"2", NOON + timedelta(seconds=1))])
        forgotten = await ports.seen_ledger.forget(NOON + timedelta(seconds=1))
        found = await ports.seen_ledger.recall(["old", "new"])
        assert found["new"] == b"2"
        assert len(found) == 2 - forgotten
