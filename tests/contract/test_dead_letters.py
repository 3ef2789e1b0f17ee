"""The contract of the event log: what nobody could handle is kept for people."""

import pytest

from tests.contract.event_logs import OpenLog
from waygrid_core.envelope.transport import TransportEnvelope, dead_letter
from waygrid_shell.ports.event_log import DeadLetter

pytestmark = pytest.mark.anyio
TOPIC = "system.waystation"


def record(number: int, *, topic: str = TOPIC) -> TransportEnvelope:
    headers = {"ce_id": f"id-{number}", "odd": "é"}
    return TransportEnvelope(topic=topic, key="k", headers=headers, value=b"\x00\xff{%d" % number)


async def test_a_dead_letter_is_kept_as_it_was_with_its_reason(open_log: OpenLog) -> None:
    other = record(2, topic="processor.a")
    async with open_log.open() as ports:
        await ports.event_log.publish([dead_letter(record(1), "why é"), dead_letter(other, "")])
    async with open_log.open() as ports:
        first, second = sorted(await ports.event_log.dead_letters(), key=lambda letter: letter.reason, reverse=True)
        assert (first.record, first.reason) == (record(1), "why é")
        assert (second.record, second.reason) == (other, "")
        assert first.position != second.position
        backlog = await ports.event_log.backlog()
        assert backlog == {f"{TOPIC}.dead-letter": 1, "processor.a.dead-letter": 1}


async def test_dead_letters_come_page_by_page(open_log: OpenLog) -> None:
    async with open_log.open() as ports:
        await ports.event_log.publish([dead_letter(record(number), "why") for number in range(250)])
        found: list[DeadLetter] = []
        while page := await ports.event_log.dead_letters(after=found[-1].position if found else 0, limit=100):
            assert len(page) <= 100
            found += page
        assert [letter.record for letter in found] == [record(number) for number in range(250)]


@pytest.mark.parametrize("is_read_meanwhile", [True, False])
async def test_a_redriven_record_goes_to_the_end_of_its_topic_and_may_have_been_taken_before(
    open_log: OpenLog, is_read_meanwhile: bool
) -> None:
    async with open_log.open() as ports:
        await ports.event_log.publish([dead_letter(record(1), "why"), record(2), dead_letter(record(3), "why")])
        async with ports.event_log.subscribe([TOPIC]) as subscription:
            if is_read_meanwhile:
                (delivery,) = await subscription.take(10)
                assert delivery.record == record(2)
            positions = [letter.position for letter in await ports.event_log.dead_letters()]
            assert await ports.event_log.redrive([*reversed(positions), 999_999]) == 2
            taken = list(await subscription.take(10))
            while taken[-1].record != record(3):
                taken += await subscription.take(10)
            assert [each.record for each in taken][-2:] == [record(1), record(3)]
            assert all(each.may_be_repeated for each in taken[-2:])
        assert await ports.event_log.dead_letters() == []
        assert await ports.event_log.redrive(positions) == 0


async def test_a_redriven_record_is_kept_until_somebody_takes_it(open_log: OpenLog) -> None:
    async with open_log.open() as ports:
        await ports.event_log.publish([dead_letter(record(1), "why")])
        (letter,) = await ports.event_log.dead_letters()
        assert await ports.event_log.redrive([letter.position]) == 1
    async with open_log.open() as ports, ports.event_log.subscribe([TOPIC]) as subscription:
        assert await ports.event_log.backlog() == {TOPIC: 1}
        (delivery,) = await subscription.take(1)
        assert delivery.record == record(1)
        assert delivery.may_be_repeated


async def test_a_redriven_record_may_die_again(open_log: OpenLog) -> None:
    async with open_log.open() as ports, ports.event_log.subscribe([TOPIC]) as subscription:
        await ports.event_log.publish([dead_letter(record(1), "why")])
        (letter,) = await ports.event_log.dead_letters()
        await ports.event_log.redrive([letter.position])
        taken = await subscription.take(1)
        await ports.event_log.publish([dead_letter(taken[0].record, "still")])
        await subscription.acknowledge(taken)
        (again,) = await ports.event_log.dead_letters()
        assert (again.record, again.reason) == (record(1), "still")
        assert again.position > letter.position


async def test_what_is_discarded_is_gone(open_log: OpenLog) -> None:
    async with open_log.open() as ports:
        await ports.event_log.publish([dead_letter(record(number), "why") for number in range(3)])
        positions = [letter.position for letter in await ports.event_log.dead_letters()]
        assert await ports.event_log.discard([positions[0], positions[2], 999_999]) == 2
        assert await ports.event_log.discard([positions[0]]) == 0
        assert await ports.event_log.discard([]) == 0
    async with open_log.open() as ports:
        (left,) = await ports.event_log.dead_letters()
        assert left.record == record(1)
        assert await ports.event_log.redrive([positions[0]]) == 0


async def test_records_without_an_id_are_not_taken_for_one_another(open_log: OpenLog) -> None:
    nameless = [TransportEnvelope(topic=TOPIC, key="k", headers={}, value=b"%d" % number) for number in range(2)]
    async with open_log.open() as ports, ports.event_log.subscribe([TOPIC]) as subscription:
        await ports.event_log.publish([nameless[0]])
        taken = list(await subscription.take(10))
        await ports.event_log.publish([nameless[1]])
        taken += await subscription.take(10)
        assert [each.record for each in taken] == nameless
        await ports.event_log.publish([dead_letter(each, "why") for each in nameless])
        assert [letter.record for letter in await ports.event_log.dead_letters()] == nameless
