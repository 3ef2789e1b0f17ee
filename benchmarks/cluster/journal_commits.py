"""`python -m benchmarks.cluster.journal_commits [--rows N]`: the journal of PostgreSQL by itself, commit after commit.

For commits of 1, 10, 100 and 1 000 rows: commits and rows a second through the port, the processor time of this process
for a row (encoding what was decided is in it), and beside it `COPY` of the same rows by psycopg, which guards nothing.
"""

import argparse
import asyncio
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Final

import psycopg
from attrs import frozen

from benchmarks.cluster.rows import TABLES
from benchmarks.cluster.servers import POSTGRES
from benchmarks.payload import PAYLOAD
from benchmarks.work import chain
from tests.servers.postgres import own_postgres
from waygrid_core.children.plan import SinglePlan
from waygrid_core.codec.wire import EFFECTS, EVENTS
from waygrid_core.compile.pipeline import compile_document
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.instant import to_microseconds
from waygrid_core.model.ulid import ulid_from
from waygrid_core.traversal.effects import DispatchNode
from waygrid_core.traversal.machine import transition
from waygrid_core.traversal.signals import Begin, NodeSuccess, Signal
from waygrid_core.traversal.state import new_traversal
from waygrid_shell.ports.journal import Change, Decision, Origin
from waygrid_shell.runtime.cluster_wiring import postgres_ports
from waygrid_shell.settings.settings import PostgresSettings, Settings

SIZES: Final = (1, 10, 100, 1_000)
_COPY: Final = "COPY journal (version, at, traversal, cause, events, effects) FROM STDIN (FORMAT BINARY)"
_TYPES: Final = ("int8", "int8", "text", "text", "bytea", "bytea")


@frozen
class Spent:
    """What some commits took."""

    commits: int
    rows: int
    seconds: float
    processor: float


def changes_of(traversals: int) -> list[Change]:
    """Those of so many chains of three: first what began them all, then what followed, row by row."""
    compiled = compile_document(chain()).unwrap()
    rounds: list[list[Change]] = []
    for _ in range(traversals):
        now = datetime.now(UTC)
        traversal = TraversalId(ulid_from(to_microseconds(now) // 1_000, secrets.token_bytes(10)))
        origin = Origin(plan=SinglePlan(compiled.dag.hash), parent=None, root=traversal)
        state, waiting = new_traversal(traversal), deque[Signal]([Begin(traversal, PAYLOAD)])
        for place in range(len(compiled.dag.nodes) + 1):
            base = state.version
            made = transition(compiled.dag, state, waiting.popleft(), now).unwrap()
            state = made.state
            cause = secrets.token_hex(16)
            decision = Decision(version=state.version, cause=cause, at=now, events=made.events, effects=made.effects)
            if place == len(rounds):
                rounds.append([])
            rounds[place].append(Change(origin=origin, base=base, decisions=(decision,), state=state))
            waiting.extend(
                NodeSuccess(traversal, effect.node, effect.attempt, PAYLOAD)
                for effect in made.effects
                if isinstance(effect, DispatchNode)
            )
    return [change for each in rounds for change in each]


async def spent_on(
    changes: Sequence[Change], size: int, commit: Callable[[Sequence[Change]], Awaitable[None]]
) -> Spent:
    """Commit them, so many at a time."""
    began, processor = time.perf_counter(), time.process_time()
    for start in range(0, len(changes), size):
        await commit(changes[start : start + size])
    commits = -(-len(changes) // size)
    return Spent(commits, len(changes), time.perf_counter() - began, time.process_time() - processor)


async def _through_the_port(url: str, size: int, traversals: int) -> Spent:
    async with postgres_ports(Settings(postgres=PostgresSettings(url=url))) as ports:
        return await spent_on(changes_of(traversals), size, ports.journal.commit)


async def _by_copy(url: str, size: int, traversals: int) -> Spent:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(TABLES, prepare=False)

        async def copy(changes: Sequence[Change]) -> None:
            async with connection.cursor() as cursor, cursor.copy(_COPY) as rows:
                rows.set_types(_TYPES)
                for change in changes:
                    (made,) = change.decisions
                    events, effects = EVENTS.encode_all(made.events), EFFECTS.encode_all(made.effects)
                    row = (made.version, to_microseconds(made.at), change.state.traversal, made.cause, events, effects)
                    await rows.write_row(row)

        return await spent_on(changes_of(traversals), size, copy)


def main() -> None:
    """Prints a line a size."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cluster.journal_commits", description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000, help="of the largest commits; of smaller ones fewer")
    most = parser.parse_args().rows
    names = ("rows a commit", "commits/s", "rows/s", "us a row", "COPY rows/s", "us a row")
    print(" ".join(f"{name:>13}" for name in names))
    with own_postgres(POSTGRES) as server:
        for size in SIZES:
            traversals = max(min(most, size * 400) // 4, size)
            with server.migrated_database() as url, server.database() as other:
                ours = asyncio.run(_through_the_port(url, size, traversals))
                raw = asyncio.run(_by_copy(other, size, traversals))
            figures = [size, ours.commits / ours.seconds]
            for spent in (ours, raw):
                figures += [spent.rows / spent.seconds, 1e6 * spent.processor / spent.rows]
            print(" ".join(f"{figure:13,.0f}" for figure in figures))


if __name__ == "__main__":
    main()
