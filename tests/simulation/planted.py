"""Bugs that somebody could make, each in a few lines of the shell: the simulation must find them.

`python -m tests.simulation.planted` says after how many seeds it does.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import pytest

from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_core.message.messages import NodeTraversalCancelRequested, TraversalCancelRequested
from waygrid_core.model.address import INBOX
from waygrid_core.model.topic import topic_name
from waygrid_shell.ports.event_log import Delivery
from waygrid_shell.ports.failure import PortFailure
from waygrid_shell.ports.journal import Change
from waygrid_shell.services.scheduler.requests import WritingDown
from waygrid_shell.services.waystation.outbox import outgoing
from waygrid_shell.services.waystation.recovery import sent_again
from waygrid_shell.services.waystation.roster import Roster
from waygrid_shell.services.waystation.writing import OneCommit, StepByStep
from waygrid_shell.simulation.run import Run, run


def acknowledge_before_commit(patch: pytest.MonkeyPatch) -> None:
    """The waystation says that messages are done with, and commits what they made after that."""
    for writer in (StepByStep, OneCommit):
        write: Any = writer.write

        async def hasty(
            self: Any,
            changes: Sequence[Change],
            records: Sequence[TransportEnvelope],
            deliveries: Sequence[Delivery],
            write: Any = write,
        ) -> None:
            self._receipts.give(deliveries)
            await write(self, changes, records, ())

        patch.setattr(writer, "write", hasty)


def publish_before_commit(patch: pytest.MonkeyPatch) -> None:
    """The waystation sends what follows from a decision, and then makes it."""
    write: Any = StepByStep.write

    async def hasty(
        self: Any, changes: Sequence[Change], records: Sequence[TransportEnvelope], deliveries: Sequence[Delivery]
    ) -> None:
        if records:
            await self._log.publish(records)
        await write(self, changes, (), deliveries)

    patch.setattr(StepByStep, "write", hasty)


def drop_cancels_of_awaits(patch: pytest.MonkeyPatch) -> None:
    """The waystation does not tell the inbox that nobody waits any more."""

    def forgetful(*given: Any, **named: Any) -> list[TransportEnvelope]:
        return [each for each in outgoing(*given, **named) if not _is_cancel(each) or each.topic != topic_name(INBOX)]

    patch.setattr("waygrid_shell.services.waystation.batch.outgoing", forgetful)


def drop_cancels_after_a_crash(patch: pytest.MonkeyPatch) -> None:
    """Whoever sends again what a crash left unsent forgets the cancels."""

    def forgetful(*given: Any) -> list[TransportEnvelope]:
        return [each for each in sent_again(*given) if not _is_cancel(each)]

    patch.setattr("waygrid_shell.services.waystation.service.sent_again", forgetful)


def _is_cancel(record: TransportEnvelope) -> bool:
    cancels = (NodeTraversalCancelRequested, TraversalCancelRequested)
    return record.sealed is not None and isinstance(record.sealed.message, cancels)


def lose_timers_at_a_restart(patch: pytest.MonkeyPatch) -> None:
    """The scheduler says that requests are done with while they are still being written down."""
    write: Any = WritingDown.write
    tasks: set[asyncio.Task[None]] = set()

    async def later(self: Any, *given: Any) -> None:
        with suppress(PortFailure):
            await write(self, *given)

    async def hasty(self: Any, *given: Any) -> Sequence[Any]:
        task = asyncio.create_task(later(self, *given))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        return ()

    patch.setattr(WritingDown, "write", hasty)


def keep_the_cache_of_a_lost_partition(patch: pytest.MonkeyPatch) -> None:
    """The waystation goes on with the states at hand when its partitions have been elsewhere."""
    patch.setattr(Roster, "emptied", lambda roster: roster)


PLANTED: Final[Mapping[str, Callable[[pytest.MonkeyPatch], None]]] = {
    plant.__name__.replace("_", "-"): plant
    for plant in (
        acknowledge_before_commit,
        publish_before_commit,
        drop_cancels_of_awaits,
        lose_timers_at_a_restart,
        keep_the_cache_of_a_lost_partition,
    )
}
RARE: Final = {"drop-cancels-after-a-crash": drop_cancels_after_a_crash}
"""What needs a crash at the right instant: a thousand seeds may just not have it."""


def first_found(plant: Callable[[pytest.MonkeyPatch], None], most: int = 1_000) -> Run | None:
    """The first run that finds the bug, seeds from 1 on; None if so many do not."""
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        return next((done for done in map(run, range(1, most + 1)) if done.wrong), None)


if __name__ == "__main__":
    for name, plant in {**PLANTED, **RARE}.items():
        found = first_found(plant)
        print(f"{name}: {'not found' if found is None else f'seed {found.seed}: {found.wrong[0]}'}", flush=True)
