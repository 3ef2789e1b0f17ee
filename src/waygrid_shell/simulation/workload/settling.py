"""What is left of a run, and whether any of it can still go on by itself."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from attrs import frozen

from waygrid_core.model.address import ServiceAddress
from waygrid_core.model.identifiers import TraversalId
from waygrid_shell.runtime.wiring import Ports
from waygrid_shell.simulation.workload.crowd import Crowd
from waygrid_shell.simulation.workload.meters import AttemptKey, Meter
from waygrid_shell.simulation.workload.witness import Open, Witness

_QUIET_SECONDS: Final = 900.0
"""Nothing was decided for so long: longer than it takes until the sweeper has looked for what was lost."""
_MOST_TIMERS: Final = 1_000_000
_PARTITIONS: Final = frozenset(range(64))
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


@frozen
class Left:
    """What has not ended. `stuck` are sentences about the traversals of which nothing will come; `stuck_count` is how
    many they are, and `under_way` how many others have not ended.
    """

    stuck: Sequence[str] = ()
    stuck_count: int = 0
    under_way: int = 0


class Settling:
    """Looks at a platform after the last traversal was handed in."""

    def __init__(self, ports: Ports, witness: Witness, meters: Mapping[ServiceAddress, Meter], crowd: Crowd) -> None:
        self._ports = ports
        self._witness = witness
        self._meters = meters
        self._crowd = crowd

    async def is_over(self) -> bool:
        """Whether everything has ended."""
        return not self._crowd.is_busy and await self._ports.journal.count_unfinished() == 0

    async def is_quiet(self, now: float, until: datetime) -> bool:
        """Whether nothing is done any more, and nothing will be before `until`."""
        return (
            now - self._witness.last_decision > _QUIET_SECONDS
            and not self._crowd.is_busy
            and not any(meter.is_working for meter in self._meters.values())
            and not await self._ports.timer_book.due(until, 1, _PARTITIONS)
        )

    async def left(self, *, is_quiet: bool) -> Left:
        """What has not ended, at the end of all. `is_quiet`, if nothing was done any more."""
        families: dict[TraversalId, list[TraversalId]] = {}
        for summary in await self._ports.journal.unfinished():
            families.setdefault(summary.origin.root, []).append(summary.traversal)
        timers = await self._ports.timer_book.due(_NEVER, _MOST_TIMERS, _PARTITIONS)
        timed = {timer.traversal for timer in timers}
        opened: dict[TraversalId, list[tuple[AttemptKey, Open]]] = {}
        for (traversal, node), each in self._witness.open.items():
            opened.setdefault(traversal, []).append(((traversal, node, each.attempt), each))
        reasons: Counter[str] = Counter()
        for family in families.values():
            if timed.isdisjoint(family):
                waits = [each for traversal in family for each in opened.get(traversal, ())]
                reason = self._reason(waits, is_quiet=is_quiet)
                if reason is not None:
                    reasons[reason] += 1
        stuck = [f"{_counted(count)} stuck: {reason}" for reason, count in sorted(reasons.items())]
        return Left(stuck, reasons.total(), len(families) - reasons.total())

    def _reason(self, waits: Sequence[tuple[AttemptKey, Open]], *, is_quiet: bool) -> str | None:
        """Why a traversal that no timer helps will never end; None if it may."""
        hopeless = [self._hopelessness(key, opened) for key, opened in waits]
        found = sorted({each for each in hopeless if each is not None})
        if found and (is_quiet or None not in hopeless):
            return "; and ".join(found)
        if not is_quiet:
            return None
        if not waits:
            return "nothing is under way for them, which must not be: please report it, with the seed"
        places = sorted({f"{each.place.node} of {each.place.spec}" for _, each in waits})
        return f"they wait for {', '.join(places)}, and nobody will answer"

    def _hopelessness(self, key: AttemptKey, opened: Open) -> str | None:
        place = opened.place
        whose = f"{place.node} of {place.spec}"
        if opened.mailbox is not None and opened.mailbox in self._crowd.hopeless:
            return f"{whose} waits for the event {place.event}, which never comes; give {whose} a timeout"
        if place.address is None:
            return None
        meter = self._meters[place.address]
        if key in meter.hung:
            return f"{whose} asks {place.address.short}, which never answers them; give {whose} a timeout"
        if not opened.has_begun and meter.hung and not meter.is_working:
            taken = f"all places of {place.address.short} are taken by attempts that never end"
            return f"{whose} is never begun, since {taken}; give its nodes a timeout"
        return None


def _counted(count: int) -> str:
    return "1 traversal is" if count == 1 else f"{count} traversals are"
