"""The contract of the event log: a topic that several read, each its partitions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest

from tests.contract.event_logs import OpenLog
from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_shell.ports.event_log import Delivery, EventLog, Subscription

pytestmark = pytest.mark.anyio
TOPIC = "processor.a"
KEYS = [f"key-{number}" for number in range(60)]


@pytest.fixture
def shared_log(open_log: OpenLog) -> OpenLog:
    if not open_log.is_shared:
        pytest.skip("its topics have one reader")
    return open_log


def record(number: int, key: str) -> TransportEnvelope:
    return TransportEnvelope(topic=TOPIC, key=key, headers={"ce_id": f"id-{number}"}, value=b"%d" % number)


@asynccontextmanager
async def reading(log: OpenLog) -> AsyncIterator[tuple[EventLog, Subscription]]:
    """The log and a subscription, as a process of its own would have them."""
    async with log.open() as ports, ports.event_log.subscribe([TOPIC]) as subscription:
        yield ports.event_log, subscription


async def has_partitions(subscription: Subscription, count: int) -> None:
    """Return once it has so many."""
    with anyio.fail_after(60):
        while len(subscription.partitions) != count:
            await subscription.reassigned()


async def take(subscription: Subscription, count: int) -> list[Delivery]:
    taken: list[Delivery] = []
    with anyio.fail_after(60):
        while len(taken) < count:
            taken += await subscription.take(1_000)
    return taken


async def test_a_lone_reader_has_all_partitions(shared_log: OpenLog) -> None:
    async with reading(shared_log) as (log, subscription):
        assert subscription.partitions == frozenset(range(shared_log.partitions))
        generation = subscription.generation
        await log.publish([record(number, key) for number, key in enumerate(KEYS * 2)])
        taken = await take(subscription, 120)
        homes = {(each.record.key, each.partition) for each in taken}
        assert len(homes) == len(KEYS)  # a key has one partition
        assert {partition for _, partition in homes} == subscription.partitions
        assert subscription.generation == generation  # nothing has moved


async def test_readers_share_the_partitions_and_each_record_comes_to_one_of_them(shared_log: OpenLog) -> None:
    async with reading(shared_log) as (log, first):
        generation = first.generation
        async with reading(shared_log) as (_, second):
            await has_partitions(first, shared_log.partitions - len(second.partitions))
            assert first.generation > generation
            assert second.partitions
            assert first.partitions | second.partitions == frozenset(range(shared_log.partitions))
            assert not first.partitions & second.partitions
            await log.publish([record(number, key) for number, key in enumerate(KEYS)])
            seen: list[Delivery] = []

            async def read(subscription: Subscription) -> None:
                while True:
                    taken = await subscription.take(7)
                    assert {each.partition for each in taken} <= subscription.partitions
                    await subscription.acknowledge(taken)
                    seen.extend(taken)

            with anyio.fail_after(60):
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(read, first)
                    tasks.start_soon(read, second)
                    while len(seen) < len(KEYS):
                        await anyio.sleep(0.01)
                    tasks.cancel_scope.cancel()
            assert sorted(each.record.key for each in seen) == sorted(KEYS)
            assert not any(each.may_be_repeated for each in seen)
        await has_partitions(first, shared_log.partitions)
        assert await log.backlog() == {}


async def test_what_a_reader_that_leaves_has_not_acknowledged_comes_to_those_who_stay(shared_log: OpenLog) -> None:
    async with reading(shared_log) as (log, first):
        async with reading(shared_log) as (_, second):
            await has_partitions(first, shared_log.partitions - len(second.partitions))
            await log.publish([record(number, key) for number, key in enumerate(KEYS)])
            taken: list[Delivery] = []
            lost: list[Delivery] = []
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_take_into, taken, first)
                tasks.start_soon(_take_into, lost, second)
                with anyio.fail_after(60):
                    while len(taken) + len(lost) < len(KEYS):
                        await anyio.sleep(0.01)
                tasks.cancel_scope.cancel()
            done, left = _split(lost)
            await second.acknowledge(done)
            generation = first.generation
        await has_partitions(first, shared_log.partitions)
        assert first.generation > generation
        again = await take(first, len(left))
        assert {each.record.id for each in left} <= {each.record.id for each in again}
        assert not {each.record.id for each in done} & {each.record.id for each in again}
        assert all(each.may_be_repeated for each in again)
        assert not {each.record.id for each in taken} & {each.record.id for each in again}
        await first.acknowledge([*taken, *again])
        assert await log.backlog() == {}


async def test_what_stays_with_its_reader_is_not_given_again(shared_log: OpenLog) -> None:
    """And what was taken before others came and left can be acknowledged afterwards."""
    async with reading(shared_log) as (log, first):
        await log.publish([record(number, key) for number, key in enumerate(KEYS)])
        taken = await take(first, len(KEYS))
        async with reading(shared_log) as (_, second):
            await has_partitions(first, shared_log.partitions - len(second.partitions))
            kept = [each for each in taken if each.partition in first.partitions]
            moved = [each for each in taken if each.partition not in first.partitions]
            again = await take(second, len(moved))
            assert {each.record.id for each in again} == {each.record.id for each in moved}
            assert all(each.may_be_repeated for each in again)
            await first.acknowledge(taken)  # what has moved is passed over
            await log.publish([record(1_000, each.record.key) for each in kept[:1]])
            (new,) = await take(first, 1)
            assert new.record.id == "id-1000"
            await first.acknowledge([new])
            assert await log.backlog() == {TOPIC: len(moved)}
            await second.acknowledge(again)
            assert await log.backlog() == {}


async def _take_into(taken: list[Delivery], subscription: Subscription) -> None:
    while True:
        taken += await subscription.take(1_000)


def _split(taken: list[Delivery]) -> tuple[list[Delivery], list[Delivery]]:
    """In each partition the first half and the rest."""
    done: list[Delivery] = []
    left: list[Delivery] = []
    for partition in {each.partition for each in taken}:
        of_one = [each for each in taken if each.partition == partition]
        done += of_one[: len(of_one) // 2]
        left += of_one[len(of_one) // 2 :]
    return done, left
