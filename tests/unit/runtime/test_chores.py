"""What is old is forgotten as the settings say, and nothing else."""

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve, frozen

from waygrid_core.model.identifiers import TraversalId
from waygrid_shell.ports.audit_log import AuditEntry
from waygrid_shell.ports.channel_log import ChannelMessage
from waygrid_shell.ports.seen_ledger import Answer
from waygrid_shell.runtime.chores import forget_old
from waygrid_shell.runtime.wiring import memory_ports
from waygrid_shell.settings.settings import DataSettings

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@frozen
class StoppedClock:
    """Shows `NOW`."""

    def now(self) -> datetime:
        return NOW


async def test_answers_and_messages_of_channels_are_forgotten_when_their_time_is_over() -> None:
    ports = evolve(memory_ports(), clock=StoppedClock())
    await ports.seen_ledger.record(
        [Answer("old", b"1", NOW - timedelta(days=8)), Answer("young", b"2", NOW - timedelta(days=6))]
    )
    messages = [
        ChannelMessage(channel="c", key=key, traversal=TraversalId("t"), data=key, at=NOW - timedelta(hours=hours))
        for key, hours in (("old", 25), ("young", 23))
    ]
    await ports.channel_log.append(messages)
    await forget_old(ports, DataSettings())
    assert await ports.seen_ledger.recall(["old", "young"]) == {"young": b"2"}
    assert [kept.message.key for kept in await ports.channel_log.read("c", after=0, limit=10)] == ["young"]


async def test_of_a_channel_only_so_many_messages_are_kept() -> None:
    ports = evolve(memory_ports(), clock=StoppedClock())
    await ports.channel_log.append(
        [
            ChannelMessage(channel="c", key=f"{number}", traversal=TraversalId("t"), data=number, at=NOW)
            for number in range(5)
        ]
    )
    await forget_old(ports, DataSettings(max_channel_messages=2))
    assert [kept.message.key for kept in await ports.channel_log.read("c", after=0, limit=10)] == ["3", "4"]


async def test_of_the_audit_what_is_old_is_forgotten_unless_it_is_kept_for_ever() -> None:
    ports = evolve(memory_ports(), clock=StoppedClock())
    await ports.audit_log.append(
        [
            AuditEntry(
                at=NOW - timedelta(days=days), principal="ada", action="a", subject="s", outcome="granted", address=""
            )
            for days in (91, 89)
        ]
    )
    await forget_old(ports, DataSettings(keep_audit=None))
    assert len(await ports.audit_log.read()) == 2
    await forget_old(ports, DataSettings())
    assert [each.entry.at for each in await ports.audit_log.read()] == [NOW - timedelta(days=89)]
