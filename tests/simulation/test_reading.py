"""A reader at a distance keeps what the log promises, and knows late what the log has decided."""

from collections.abc import Sequence

import anyio

from tests.simulation.world import SESSION, World, in_world, record
from waygrid_shell.ports.event_log import Delivery
from waygrid_shell.simulation.reading import RemoteReader


async def take_all(reader: RemoteReader, seconds: float = 1.0) -> list[Delivery]:
    taken: list[Delivery] = []
    with anyio.move_on_after(seconds):
        while True:
            taken += await reader.take(1_000)
    return taken


def keys(deliveries: Sequence[Delivery]) -> list[str]:
    return sorted(delivery.record.id for delivery in deliveries)


LETTERS = "abcdefghij"


def test_everything_comes_once_and_the_records_of_a_key_in_order() -> None:
    async def story(world: World) -> list[Delivery]:
        reader = world.session(world.way()).reader
        for number in range(20):
            await world.servers.publish([record(key, number) for key in LETTERS])
        return await take_all(reader, 60)

    taken = in_world(story)
    assert len(taken) == len({each.record.id for each in taken}) == 20 * len(LETTERS)
    for key in LETTERS:
        assert [int(each.record.value) for each in taken if each.record.key == key] == list(range(20))


def test_two_readers_share_the_records_and_what_one_had_and_did_not_acknowledge_comes_to_the_other() -> None:
    async def story(world: World) -> tuple[list[str], list[str]]:
        first, second = world.session(world.way("first")), world.session(world.way("second"))
        await world.servers.publish([record(key, 0) for key in LETTERS])
        theirs, ours = await take_all(first.reader), await take_all(second.reader)
        assert keys([*theirs, *ours]) == keys_of_all()
        assert theirs
        assert ours
        first.leave()
        again = await take_all(second.reader)
        assert all(each.may_be_repeated for each in again)
        return keys(theirs), keys(again)

    theirs, again = in_world(story)
    assert theirs == again


def keys_of_all() -> list[str]:
    return [f"{key}-0" for key in LETTERS]


def test_who_has_died_loses_its_partitions_only_after_its_session() -> None:
    async def story(world: World) -> tuple[list[str], list[str]]:
        way = world.way("first")
        dead, heir = world.session(way), world.session(world.way("second"))
        theirs = await take_all(dead.reader, 0.1)
        assert theirs == []
        way.is_severed = True
        dead.look()
        await world.servers.publish([record(key, 0) for key in LETTERS])
        soon = await take_all(heir.reader, SESSION / 2)
        later = await take_all(heir.reader, SESSION)
        return keys(soon), keys([*soon, *later])

    soon, later = in_world(story)
    assert len(soon) < len(LETTERS)
    assert later == keys_of_all()


def test_who_was_paused_past_its_session_goes_on_as_if_nothing_had_happened_until_it_is_told() -> None:
    async def story(world: World) -> tuple[list[str], list[str], int, frozenset[int]]:
        is_awake = True
        zombie = world.session(world.way("first"), lambda: is_awake)
        await world.servers.publish([record(key, 0) for key in LETTERS])
        held = await take_all(zombie.reader)
        is_awake = False
        zombie.look()
        heir = world.session(world.way("second"))
        generation = zombie.reader.generation
        await anyio.sleep(SESSION + 1)
        assert heir.reader.partitions == {0, 1}
        assert zombie.reader.partitions == {0, 1}, "it has not heard"
        await zombie.acknowledge(held)  # it is too late for that
        theirs = await take_all(heir.reader)
        is_awake = True
        zombie.look()
        await zombie.reader.reassigned()
        await anyio.sleep(1)
        return keys(held), keys(theirs), zombie.reader.generation - generation, zombie.reader.partitions

    held, theirs, moves, partitions = in_world(story)
    assert held == theirs == keys_of_all()
    assert moves > 0
    assert len(partitions) == 1


def test_what_was_on_its_way_when_its_partition_moved_is_not_given_in_the_new_generation() -> None:
    async def story(world: World) -> tuple[list[str], bool]:
        session = world.session(world.way())
        reader = session.reader
        await world.servers.publish([record(key, 0) for key in LETTERS])
        session.want()
        await anyio.sleep(0)  # the log has given them, and they travel
        await anyio.sleep(0.001)
        world.servers.event_log.rebalance("t")
        taken = await take_all(reader)
        return keys(taken), all(each.may_be_repeated for each in taken[-len(LETTERS) :])

    taken, are_repeated = in_world(story)
    assert set(taken) == set(keys_of_all())
    assert are_repeated
