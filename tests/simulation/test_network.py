"""What may happen to a request on its way, and what of it has been done then."""

import anyio
import pytest
from attrs import define

from tests.simulation.world import LATENCY, World, in_world
from waygrid_shell.ports.failure import StorageFull, Unavailable
from waygrid_shell.simulation.network import Trouble


@define
class Counter:
    """Counts at the server how often something was done."""

    done: int = 0

    async def add(self) -> int:
        self.done += 1
        return self.done


def test_a_request_takes_its_time_there_and_back() -> None:
    async def story(world: World) -> tuple[int, float]:
        return await world.way().ask("port", "add", Counter().add), world.loop.time()

    assert in_world(story) == (1, pytest.approx(2 * LATENCY))


@pytest.mark.parametrize(
    ("trouble", "done"), [(Trouble(request_lost=1.0), 0), (Trouble(answer_lost=1.0), 1)], ids=["request", "answer"]
)
def test_who_hears_nothing_is_told_so_and_what_was_asked_may_be_done(trouble: Trouble, done: int) -> None:
    async def story(world: World) -> int:
        counter, way = Counter(), world.way()
        way.trouble = trouble
        with pytest.raises(Unavailable):
            await way.ask("port", "add", counter.add)
        return counter.done

    assert in_world(story) == done


def test_a_write_may_be_done_after_it_was_given_up_and_a_look_never_is() -> None:
    async def story(world: World) -> tuple[int, int]:
        way, writes, looks = world.way(), Counter(), Counter()
        way.trouble = Trouble(request_late=1.0)
        late = 0
        for _ in range(20):
            with pytest.raises(Unavailable):
                await way.ask("port", "write", writes.add, is_write=True)
            done = writes.done
            await anyio.sleep(10)
            late += writes.done - done
            await way.ask("port", "look", looks.add)
        assert writes.done == looks.done == 20
        return late, looks.done

    late, _ = in_world(story)
    assert late > 0


def test_a_full_server_takes_no_write_and_answers_who_only_looks() -> None:
    async def story(world: World) -> int:
        counter, way = Counter(), world.way()
        world.servers.log.is_full = True
        with pytest.raises(StorageFull):
            await way.ask("port", "write", counter.add, is_write=True)
        assert counter.done == 0
        return await way.ask("port", "look", counter.add)

    assert in_world(story) == 1


def test_what_a_process_asked_before_its_end_may_be_done_and_nothing_that_it_asks_after_it() -> None:
    async def story(world: World) -> list[int]:
        done = []
        for number in range(20):
            counter, way = Counter(), world.way(f"process {number}")
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(way.ask, "port", "write", counter.add)
                await anyio.sleep(LATENCY / 2)
                way.is_severed = True
                tasks.cancel_scope.cancel()
            with pytest.raises(Unavailable):
                await way.ask("port", "write", counter.add)
            await anyio.sleep(1)
            done.append(counter.done)
        return done

    assert set(in_world(story)) == {0, 1}


def test_by_a_way_that_is_cut_nothing_comes_and_no_answer_returns() -> None:
    async def story(world: World) -> tuple[int, int]:
        way, before, after = world.way(), Counter(), Counter()
        way.is_cut = True
        with pytest.raises(Unavailable):
            await way.ask("port", "write", before.add)
        way.is_cut = False
        world.loop.call_later(1.5 * LATENCY, setattr, way, "is_cut", True)
        with pytest.raises(Unavailable):
            await way.ask("port", "write", after.add)
        return before.done, after.done

    assert in_world(story) == (0, 1)


def test_a_server_that_is_down_refuses_at_once() -> None:
    async def story(world: World) -> float:
        way = world.way()
        world.servers.log.is_down = True
        with pytest.raises(Unavailable):
            await way.ask("port", "write", Counter().add)
        return world.loop.time()

    assert in_world(story) < 0.5
