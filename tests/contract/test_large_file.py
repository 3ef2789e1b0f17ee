"""A SQLite file in which much lies: what a page costs, and what forgetting gives back."""

import sqlite3
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from attrs import evolve

from tests.contract.listed import SHORT, child_of, id_of, listed
from tests.contract.traversals import NOON, Story, chain
from waygrid_core.inbox.mailbox import EMPTY_MAILBOX, MailboxName
from waygrid_core.model.identifiers import TraversalId
from waygrid_shell.adapters.sqlite.database import Database, open_database
from waygrid_shell.adapters.sqlite.forgetting import forget_some
from waygrid_shell.adapters.sqlite.search import page
from waygrid_shell.ports.claim_book import Claim
from waygrid_shell.ports.event_book import KeptMailbox
from waygrid_shell.ports.journal import Change, Query
from waygrid_shell.runtime.wiring import database_ports
from waygrid_shell.storage.journal_rows import SUMMARY

pytestmark = pytest.mark.anyio
MINUTE = timedelta(minutes=1)


def numbered(number: int) -> TraversalId:
    return id_of(number, NOON + number * MINUTE)


def counting(query: Query) -> Callable[[sqlite3.Connection], int]:
    """A job that counts the steps of SQLite's machine for one page."""

    def job(connection: sqlite3.Connection) -> int:
        steps = 0

        def count() -> int:
            nonlocal steps
            steps += 1
            return 0

        connection.set_progress_handler(count, 1)
        found = page(connection, SUMMARY, query)
        connection.set_progress_handler(None, 1)
        assert len(found) == query.limit
        return steps

    return job


async def test_a_page_costs_the_same_wherever_it_stands(tmp_path: Path) -> None:
    changes: list[Change] = []
    for number in range(2_000):
        begun_at = NOON + number * MINUTE
        status, labels = ("Failed" if number % 2 else "Completed"), {"team": "x"}
        root = numbered(number)
        changes.append(listed(root, status=status, name="n", labels=labels, begun_at=begun_at))  # type: ignore[arg-type]
        changes.append(listed(child_of(root, 1), root=root, begun_at=begun_at))
    queries = [
        Query(limit=10),
        Query(limit=10, with_children=True),
        Query(limit=10, statuses=frozenset({"Failed"})),
        Query(limit=10, name="n"),
        Query(limit=10, labels={"team": "x"}),
        Query(limit=10, dag=SHORT.dag.hash),
        Query(limit=10, begun_from=NOON),
        Query(limit=10, begun_from=NOON, labels={"team": "x"}, statuses=frozenset({"Completed"})),
    ]
    async with open_database(tmp_path / "x.db") as database:
        await database_ports(database).journal.commit(changes)
        for query in queries:
            places = (None, numbered(1_900), numbered(100))
            costs = [await database.read(counting(evolve(query, after=after))) for after in places]
            assert max(costs) < 3 * min(costs), (query, costs)
        rare = Query(limit=1, labels={"team": "x"}, name="n", statuses=frozenset({"Running"}))
        await database_ports(database).journal.commit(
            [listed(id_of(0, NOON - MINUTE), status="Running", name="n", labels={"team": "x"})]  # the oldest of all
        )
        assert await database.read(counting(rare)) < 20_000
        long_ago = [
            await database.read(counting(Query(limit=10, begun_before=NOON + number * MINUTE)))
            for number in (1_900, 100)
        ]
        assert max(long_ago) < 3 * min(long_ago)


async def test_nothing_is_left_of_what_is_forgotten(tmp_path: Path) -> None:
    story = Story(chain(300), numbered(1)).begin(["x" * 2_000])
    for _ in range(300):
        story.succeed(["y" * 2_000])
    change = story.change()
    traversal = story.state.traversal
    change = evolve(change, origin=evolve(change.origin, root=traversal, parent=None, labels={"é:": ":", "a": ""}))
    async with open_database(tmp_path / "x.db") as database:
        ports = database_ports(database)
        await ports.journal.commit([change])
        await ports.claim_book.claim([Claim("key", traversal, "")])
        await ports.event_book.save({MailboxName("go", traversal): KeptMailbox(EMPTY_MAILBOX)})
        assert sum((await rows(database)).values()) > 300
        assert await ports.journal.forget(NOON.replace(year=2030), 10) == 1
        assert await rows(database) == {}


async def rows(database: Database) -> dict[str, int]:
    """How many there are in each table that has some, bookkeeping aside."""

    def job(connection: sqlite3.Connection) -> dict[str, int]:
        tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        counts = {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for (name,) in tables}
        return {
            name: count for name, count in counts.items() if count and not name.startswith(("sqlite_", "migration"))
        }

    return await database.read(job)


async def test_the_room_of_what_is_forgotten_is_written_again(tmp_path: Path) -> None:
    async with open_database(tmp_path / "x.db") as database:
        journal = database_ports(database).journal
        sizes = []
        for generation in range(4):
            begin = generation * 500
            await journal.commit([listed(numbered(number), labels={"a": "b"}) for number in range(begin, begin + 500)])
            sizes.append(await database.read(lambda each: each.execute("PRAGMA page_count").fetchone()[0]))
            assert await journal.forget(NOON.replace(year=2030), 1_000) == 500
        assert max(sizes) < 1.1 * sizes[0]


async def test_a_family_whose_forgetting_a_crash_cut_short_is_forgotten_the_next_time(tmp_path: Path) -> None:
    root = numbered(1)
    family = [listed(child_of(root, number), root=root) for number in range(200)]
    path = tmp_path / "x.db"
    async with open_database(path) as database:
        await database_ports(database).journal.commit([listed(root), *family])
        assert await database.run(partial(forget_some, roots=[root]))  # one transaction of several
    async with open_database(path) as database:
        journal = database_ports(database).journal
        left = await journal.search(Query(root=root, with_children=True, limit=1_000))
        assert 1 < len(left) < 201
        assert root in {each.traversal for each in left}
        assert await journal.forget(NOON.replace(year=2030), 10) == 1
        assert await rows(database) == {}
