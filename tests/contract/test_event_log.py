"""The contract of the event log."""

import anyio
import pytest

from tests.contract.event_logs import OpenLog
from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_shell.ports.event_log import Delivery, Subscription
from waygrid_shell.ports.failure import Unavailable

pytestmark = pytest.mark.anyio


async def take_at_least(subscription: Subscription, count: int, at_once: int = 1_000) -> list[Delivery]:
    """So many records, however few come at a time."""
    taken: list[Delivery] = []
    while len(taken) < count:
        taken += await subscription.take(at_once)
    return taken


def record(number: int, *, topic: str = "system.waystation", key: str = "k") -> TransportEnvelope:
    headers = {"ce_id": f"id-{number}", "ce_type": "x", "odd": "é"}
    return TransportEnvelope(topic=topic, key=key, headers=headers, value=f"value {number}".encode())


async def test_records_come_in_the_order_of_publishing_with_all_that_they_had(open_log: OpenLog) -> None:
    async with open_log.open() as ports, ports.event_log.subscribe(["system.waystation"]) as subscription:
        await ports.event_log.publish([record(1), record(2)])
        await ports.event_log.publish([record(3)])
        taken: list[Delivery] = []
        while len(taken) < 3:
            taken += await subscription.take(2)
        assert [delivery.record for delivery in taken] == [record(1), record(2), record(3)]
        assert not any(delivery.may_be_repeated for delivery in taken)


async def test_where_records_have_offsets_they_rise_and_are_the_same_for_the_next_reader(open_log: OpenLog) -> None:
    async def offsets(subscription: Subscription) -> dict[str, tuple[int, int | None]]:
        taken: list[Delivery] = []
        while len(taken) < 6:
            taken += await subscription.take(6)
        return {each.record.id: (each.partition, each.offset) for each in taken}

    async with open_log.open() as ports:
        topic = "system.waystation"
        await ports.event_log.publish([record(number, key=f"{number % 3}") for number in range(6)])
        async with ports.event_log.subscribe([topic]) as subscription:
            first = await offsets(subscription)
        async with ports.event_log.subscribe([topic]) as subscription:
            assert await offsets(subscription) == first
        ends = await ports.event_log.ends(topic)
        assert (ends == {}) is all(offset is None for _, offset in first.values())
        for number in range(3):
            partition, offset = first[f"id-{number}"]
            later = first[f"id-{number + 3}"][1]
            assert (offset, later) == (None, None) or (offset is not None and later is not None and offset < later)
            assert later is None or later < ends[partition]


async def test_what_was_published_before_the_subscription_comes_too(open_log: OpenLog) -> None:
    async with open_log.open() as ports:
        await ports.event_log.publish([record(number) for number in range(2_500)])
        async with ports.event_log.subscribe(["system.waystation"]) as subscription:
            await ports.event_log.publish([record(number) for number in range(2_500, 2_600)])
            taken: list[Delivery] = []
            while len(taken) < 2_600:
                taken += await subscription.take(700)
            assert [delivery.record.id for delivery in taken] == [f"id-{number}" for number in range(2_600)]


async def test_publishing_while_the_reader_reads_loses_and_doubles_nothing(open_log: OpenLog) -> None:
    async with open_log.open() as ports:
        await ports.event_log.publish([record(number, key="old") for number in range(1_500)])
        seen: list[str] = []
        async with (
            ports.event_log.subscribe(["system.waystation"]) as subscription,
            anyio.create_task_group() as tasks,
        ):

            async def publish(begin: int) -> None:
                for number in range(begin, begin + 100):
                    await ports.event_log.publish([record(number, key=str(begin))])

            for begin in (10_000, 20_000, 30_000):
                tasks.start_soon(publish, begin)
            while len(seen) < 1_800:
                taken = await subscription.take(17)
                seen += [delivery.record.id for delivery in taken]
                await subscription.acknowledge(taken)
            assert len(set(seen)) == len(seen) == 1_800
            for begin in (10_000, 20_000, 30_000):
                of_key = [each for each in seen if begin <= int(each.removeprefix("id-")) < begin + 100]
                assert of_key == [f"id-{number}" for number in range(begin, begin + 100)]
        assert await ports.event_log.backlog() == {}


async def test_a_publish_whose_caller_gave_up_still_reaches_the_reader(open_log: OpenLog) -> None:
    async with open_log.open() as ports, ports.event_log.subscribe(["system.waystation"]) as subscription:
        await ports.event_log.publish([record(1)])
        assert len(await subscription.take(10)) == 1  # it keeps up with what is handed over
        with anyio.CancelScope() as scope:
            scope.cancel()
            await ports.event_log.publish([record(2)])
        with anyio.fail_after(5):
            await ports.event_log.publish([record(3)])
            taken = list(await subscription.take(10))
            expected = sum((await ports.event_log.backlog()).values()) - 1
            while len(taken) < expected:
                taken += await subscription.take(10)
        assert taken[-1].record == record(3)


async def test_what_is_not_acknowledged_comes_again_in_its_place(open_log: OpenLog) -> None:
    """Nothing else does where each is acknowledged by itself; else all that lies behind the first that is not does."""
    async with open_log.open() as ports, ports.event_log.subscribe(["system.waystation"]) as subscription:
        await ports.event_log.publish([record(number) for number in range(6)])
        taken = await take_at_least(subscription, 5, at_once=5)
        await subscription.acknowledge([taken[1], taken[0], taken[3]])
    async with open_log.open() as ports, ports.event_log.subscribe(["system.waystation"]) as subscription:
        expected = [2, 4, 5] if open_log.keeps_each else [2, 3, 4, 5]
        again = await take_at_least(subscription, len(expected))
        assert [delivery.record.id for delivery in again] == [f"id-{number}" for number in expected]
        assert all(delivery.may_be_repeated for delivery in again)
        await subscription.acknowledge(again)
        assert await ports.event_log.backlog() == {}


async def test_what_is_acknowledged_does_not_come_again_while_the_reader_reads(open_log: OpenLog) -> None:
    async with open_log.open() as ports, ports.event_log.subscribe(["system.waystation"]) as subscription:
        await ports.event_log.publish([record(number) for number in range(100)])
        taken = await take_at_least(subscription, 100)
        for delivery in reversed(taken):
            await subscription.acknowledge([delivery])
        await subscription.acknowledge(taken)  # once more does no harm
        await ports.event_log.publish([record(100)])
        (delivery,) = await subscription.take(10)
        assert delivery.record == record(100)
        await subscription.acknowledge([delivery])
        assert await ports.event_log.backlog() == {}


async def test_an_unacknowledged_message_that_is_published_again_is_one_message(open_log: OpenLog) -> None:
    async with open_log.open() as ports, ports.event_log.subscribe(["system.waystation"]) as subscription:
        await ports.event_log.publish([record(1)])
        taken = list(await subscription.take(10))
        await ports.event_log.publish([record(1), record(2)])
        while taken[-1].record != record(2):
            taken += await subscription.take(10)
        assert list(dict.fromkeys(delivery.record.id for delivery in taken)) == ["id-1", "id-2"]
        await subscription.acknowledge(taken)
        assert await ports.event_log.backlog() == {}


async def test_topics_are_apart(open_log: OpenLog) -> None:
    async with open_log.open() as ports, ports.event_log.subscribe(["processor.a"]) as subscription:
        await ports.event_log.publish([record(1, topic="processor.b"), record(1, topic="processor.a")])
        (delivery,) = await subscription.take(10)
        assert delivery.record.topic == "processor.a"
        assert await ports.event_log.backlog() == {"processor.a": 1, "processor.b": 1}


async def test_one_subscription_may_read_several_topics(open_log: OpenLog) -> None:
    async with open_log.open() as ports, ports.event_log.subscribe(["processor.a", "processor.b"]) as subscription:
        await ports.event_log.publish([record(1, topic="processor.b"), record(2, topic="processor.a")])
        taken = list(await subscription.take(10))
        while len(taken) < 2:
            taken += await subscription.take(10)
        assert {delivery.record.topic for delivery in taken} == {"processor.a", "processor.b"}


async def test_a_topic_of_one_partition_has_one_reader(open_log: OpenLog) -> None:
    if open_log.is_shared:
        pytest.skip("its topics have several partitions")
    async with open_log.open() as ports, ports.event_log.subscribe(["processor.a"]):
        with pytest.raises(Unavailable):
            async with ports.event_log.subscribe(["processor.a"]):
                pass
    async with open_log.open() as ports, ports.event_log.subscribe(["processor.a"]):
        pass  # the first reader has left


async def test_taking_waits_until_there_is_something(open_log: OpenLog) -> None:
    async with open_log.open() as ports, ports.event_log.subscribe(["processor.a"]) as subscription:
        with anyio.move_on_after(0.02) as scope:
            await subscription.take(1)
        assert scope.cancelled_caught
        await ports.event_log.publish([record(1, topic="processor.a")])
        with anyio.fail_after(5):
            assert len(await subscription.take(1)) == 1


async def test_each_of_many_records_is_acknowledged_by_itself(open_log: OpenLog) -> None:
    """However they were published: one by one, or hundreds at a time; and whoever reads them next."""
    records = [record(number, topic=f"processor.{number % 3}", key=str(number % 5)) for number in range(400)]
    topics = [f"processor.{number}" for number in range(3)]
    left = {each.id for each in records}
    async with open_log.open() as ports:
        await ports.event_log.publish(records[:1])
        await ports.event_log.publish(records[1:])
    for round_ in range(3):
        if not left:
            break
        async with open_log.open() as ports, ports.event_log.subscribe(topics) as subscription:
            taken: list[Delivery] = []
            while not left <= {each.record.id for each in taken}:
                taken += await subscription.take(130)
            if open_log.keeps_each:
                assert {each.record.id for each in taken} == left
            for topic in topics:
                for key in range(5):
                    of_one = [each for each in taken if (each.record.topic, each.record.key) == (topic, str(key))]
                    numbers = [int(each.record.id[3:]) for each in of_one]
                    assert numbers == sorted(set(numbers))
            done = [each for each in taken if int(each.record.id[3:]) * 7 % 3 <= round_]
            for start in range(0, len(done), 50):
                await subscription.acknowledge(done[start : start + 50])
            left -= {each.record.id for each in done}
            backlog = sum((await ports.event_log.backlog()).values())
            assert backlog == len(left) if open_log.keeps_each else backlog >= len(left)
    async with open_log.open() as ports, ports.event_log.subscribe(topics) as subscription:
        while await ports.event_log.backlog():  # what was acknowledged behind something that was not
            await subscription.acknowledge(await subscription.take(130))


async def test_a_reader_that_falls_far_behind_gets_everything(open_log: OpenLog) -> None:
    async with open_log.open() as ports, ports.event_log.subscribe(["system.waystation"]) as subscription:
        await ports.event_log.publish([record(0)])
        taken = list(await subscription.take(10))
        for begin in range(1, 12_001, 1_000):
            await ports.event_log.publish([record(number) for number in range(begin, begin + 1_000)])
        while len(taken) < 12_001:
            taken += await subscription.take(5_000)
        assert [each.record.id for each in taken] == [f"id-{number}" for number in range(12_001)]
        await subscription.acknowledge(taken)
        assert await ports.event_log.backlog() == {}
