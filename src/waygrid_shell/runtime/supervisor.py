"""Keeps services running through failures of what they stand on.

A port that fails (the disk is full, the database is locked) ends the service that asked it: what that holds is stale.
It is made and started anew after a while, and goes on with what was not acknowledged. Whatever else a service raises is
a bug of ours, and ends the process.
"""

import logging
import random
from collections.abc import Callable, Coroutine, Iterator
from typing import Final, TypeAlias

import anyio

from waygrid_shell.ports.failure import ForeignStorage, PortFailure
from waygrid_shell.runtime.vitals import Vitals

Run: TypeAlias = Callable[[], Coroutine[None, None, None]]
"""Makes a service and runs it, until it fails or is canceled."""

SHORTEST_REST_SECONDS: Final = 0.5
LONGEST_REST_SECONDS: Final = 5.0
WELL_AFTER_SECONDS: Final = 2.0
"""A service that has run for so long has handled what it failed with before: it is well again."""

_log = logging.getLogger(__name__)


async def keep_running(
    name: str, run: Run, vitals: Vitals, between: Callable[[float, float], float] = random.uniform
) -> None:
    """Run it until canceled, again and again; raises what is no failure of a port.

    `between` draws how long it rests, in seconds.
    """
    rest = SHORTEST_REST_SECONDS
    while True:
        began = anyio.current_time()
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_call_well, name, vitals)
                await run()
        except (PortFailure, BaseExceptionGroup) as error:
            failures = _failures(error)
            if failures is None:
                raise
            failure = failures[0]
        else:
            raise AssertionError(f"the service {name} ended by itself")
        vitals.ails(name, str(failure))
        has_run_for_long = anyio.current_time() - began >= LONGEST_REST_SECONDS
        rest = _next_rest(SHORTEST_REST_SECONDS if has_run_for_long else rest, between)
        _log.error("%s cannot go on, and is started again in %.1f s: %s", name, rest, failure)
        await anyio.sleep(rest)


async def _call_well(name: str, vitals: Vitals) -> None:
    await anyio.sleep(WELL_AFTER_SECONDS)
    vitals.is_well(name)


def _next_rest(rest: float, between: Callable[[float, float], float]) -> float:
    """Decorrelated jitter: services that failed together do not all come back together."""
    return min(LONGEST_REST_SECONDS, between(SHORTEST_REST_SECONDS, rest * 3))


def _failures(error: BaseException) -> list[PortFailure] | None:
    """The failures of ports, if nothing else is in it that may be cured by waiting."""
    leaves = list(leaves_of(error))
    failures = [leaf for leaf in leaves if isinstance(leaf, PortFailure) and not isinstance(leaf, ForeignStorage)]
    return failures if len(failures) == len(leaves) else None


def leaves_of(error: BaseException) -> Iterator[BaseException]:
    """The exceptions in a group, whatever groups they are in; one that is no group, itself."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from leaves_of(each)
    else:
        yield error
