"""What must be true of the data of a server, whatever happened to the processes that wrote it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.integration.plant.journals import check_journal
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.traversal.effects import DispatchNode
from waygrid_shell.hosting.worker import idempotency_key
from waygrid_shell.ports.journal import Query, Summary
from waygrid_shell.runtime.wiring import Ports, sqlite_ports


async def judge(data: Path, accepted: Iterable[str], seen: Iterable[str]) -> None:
    """Nothing was lost, nothing was done twice, nothing is left: see the assertions. The server must have stopped."""
    async with sqlite_ports(data) as ports:
        assert await ports.journal.unfinished() == []
        assert await ports.event_log.backlog() == {}
        assert await ports.event_log.dead_letters() == []
        assert await ports.timer_book.count() == 0
        assert await ports.event_book.waiting() == []
        summaries = await everything(ports)
        roots = {each.traversal for each in summaries if each.origin.parent is None and _is_of_user(each)}
        assert roots == set(accepted), "a traversal was lost, or has a twin"
        delivered = set()
        for summary in summaries:
            await check_journal(ports, summary.traversal)
            delivered |= await deliveries_of(ports, summary.traversal)
        assert delivered == set(seen), "a delivery that succeeded was not made, or one was made that nobody asked for"


async def everything(ports: Ports) -> Sequence[Summary]:
    """All traversals there are, with their children."""
    found: list[Summary] = []
    after: TraversalId | None = None
    while page := await ports.journal.search(Query(with_children=True, after=after, limit=1_000)):
        found += page
        after = page[-1].traversal
    return found


async def deliveries_of(ports: Ports, traversal: TraversalId) -> set[str]:
    """The keys of the deliveries that a traversal asked for. In this load all of them succeed in the end."""
    decisions = await ports.journal.decisions(traversal)
    return {
        idempotency_key(traversal, effect.node)
        for decision in decisions
        for effect in decision.effects
        if isinstance(effect, DispatchNode) and "url" in effect.parameters
    }


def _is_of_user(summary: Summary) -> bool:
    return summary.traversal == summary.origin.root
