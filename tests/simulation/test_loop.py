"""Time passes when nothing else happens, and everything has one order."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import anyio
import pytest

from waygrid_shell.simulation.loop import NOBODY, Circle, Domain, Stalled, VirtualLoop, at_once, run_virtually

HOUR = 3_600.0


def run(main: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    result, loop = run_virtually(main)
    assert loop.problems == []
    return result


def test_an_hour_passes_at_once_and_timers_come_in_the_order_of_their_instants() -> None:
    async def main() -> list[float]:
        woken: list[float] = []

        async def sleeper(seconds: float) -> None:
            await anyio.sleep(seconds)
            woken.append(anyio.current_time())

        async with anyio.create_task_group() as tasks:
            for seconds in (HOUR, 2.5, 0.0, 60.0):
                tasks.start_soon(sleeper, seconds)
        return woken

    assert run(main) == [0.0, 2.5, 60.0, HOUR]


def test_timers_of_one_instant_come_in_the_order_of_setting() -> None:
    async def main() -> list[int]:
        order: list[int] = []
        for number in range(50):
            VirtualLoop.running().call_at(1.0, order.append, number)
        await anyio.sleep(2)
        return order

    assert run(main) == list(range(50))


def test_a_deadline_passes_in_virtual_time() -> None:
    async def main() -> tuple[bool, float]:
        with anyio.move_on_after(10) as scope:
            await anyio.sleep_forever()
        return scope.cancelled_caught, anyio.current_time()

    assert run(main) == (True, 10.0)


def test_who_waits_for_nothing_is_told_so() -> None:
    with pytest.raises(Stalled):
        run_virtually(anyio.sleep_forever)


def test_what_runs_in_a_circle_is_stopped() -> None:
    async def main() -> None:
        while True:
            await anyio.sleep(0)

    with pytest.raises(Circle):
        run_virtually(main)


def test_many_tasks_are_canceled_in_one_order() -> None:
    async def main() -> list[int]:
        ended: list[int] = []

        async def sleeper(number: int) -> None:
            try:
                async with anyio.create_task_group() as inner:
                    inner.start_soon(anyio.sleep_forever)
                    await anyio.sleep_forever()
            finally:
                ended.append(number)

        async with anyio.create_task_group() as tasks:
            for number in range(100):
                tasks.start_soon(sleeper, number)
            await anyio.sleep(1)
            tasks.cancel_scope.cancel()
        return ended

    first = run(main)
    _ = [object() for _ in range(10_000)]  # addresses are others now
    assert run(main) == first
    assert sorted(first) == list(range(100))


def test_what_is_given_to_an_executor_is_done_in_place() -> None:
    async def main() -> tuple[int, str]:
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 // 0)
        return await asyncio.to_thread(lambda: 6 * 7), asyncio.get_running_loop().__class__.__name__

    assert run(main) == (42, "VirtualLoop")


async def _ticking(every: float, ticks: list[float]) -> None:
    while True:
        await anyio.sleep(every)
        ticks.append(anyio.current_time())


def test_a_domain_that_is_held_stands_still_while_time_passes_and_then_goes_on() -> None:
    async def main() -> tuple[list[float], list[float]]:
        loop, domain = VirtualLoop.running(), Domain("process")
        theirs: list[float] = []
        ours: list[float] = []
        tasks = [
            loop.create_task(_ticking(1.0, theirs), context=domain.context()),
            loop.create_task(_ticking(2.0, ours), context=NOBODY),
        ]
        await anyio.sleep(1.5)
        domain.hold()
        await anyio.sleep(5)
        domain.let_go(loop)
        await anyio.sleep(2)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        return theirs, ours

    assert run(main) == ([1.0, 6.5, 7.5], [2.0, 4.0, 6.0, 8.0])


def test_whoever_a_domain_waits_for_may_come_while_it_is_held() -> None:
    async def main() -> float:
        loop, domain = VirtualLoop.running(), Domain("process")
        answer: asyncio.Future[float] = loop.create_future()
        waiting: Awaitable[float] = loop.create_task(_at_its_end(answer), context=domain.context())
        await anyio.sleep(1)
        domain.hold()
        answer.set_result(0.0)
        await anyio.sleep(2)
        domain.let_go(loop)
        return await waiting

    assert run(main) == 3.0


async def _at_its_end(answer: "asyncio.Future[float]") -> float:
    await answer
    return anyio.current_time()


def test_an_exception_that_nobody_looks_at_is_noted() -> None:
    async def main() -> None:
        VirtualLoop.running().call_soon(lambda: 1 // 0)
        await anyio.sleep(1)

    _, loop = run_virtually(main)
    assert len(loop.problems) == 1
    assert "ZeroDivisionError" in loop.problems[0]


def test_what_happens_at_a_server_must_not_wait() -> None:
    async def quick() -> int:
        return 1

    async def slow() -> None:
        await anyio.sleep(1)

    async def main() -> int:
        with pytest.raises(AssertionError):
            at_once(slow())
        return at_once(quick())

    assert run(main) == 1
