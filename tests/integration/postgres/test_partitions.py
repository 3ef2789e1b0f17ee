"""The partitions of PostgreSQL: made ahead, dropped whole, and never with what is still needed."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import anyio
import pytest

from tests.contract.listed import child_of, id_of, listed
from tests.contract.traversals import NOON, Story, chain
from waygrid_core.inbox.mailbox import EMPTY_MAILBOX, MailboxName
from waygrid_core.model.identifiers import TraversalId
from waygrid_shell.adapters.postgres.database import PostgresDatabase, open_postgres
from waygrid_shell.adapters.postgres.journal import PostgresJournal
from waygrid_shell.adapters.postgres.partitions import TABLES, WEEK, WEEKS_AHEAD, partition_of
from waygrid_shell.adapters.postgres.search import page
from waygrid_shell.ports.claim_book import Claim
from waygrid_shell.ports.event_book import KeptMailbox
from waygrid_shell.ports.journal import Query
from waygrid_shell.runtime.cluster_wiring import PostgresPorts, postgres_ports
from waygrid_shell.settings.settings import PostgresSettings, Settings

pytestmark = pytest.mark.anyio
DAY = timedelta(days=1)
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


@asynccontextmanager
async def opened(settings: PostgresSettings) -> AsyncIterator[tuple[PostgresPorts, PostgresDatabase]]:
    async with postgres_ports(Settings(postgres=settings)) as ports, open_postgres(settings) as database:
        yield ports, database


async def tables(database: PostgresDatabase) -> set[str]:
    return {name for (name,) in await database.browse("SELECT relname::text FROM pg_stat_user_tables")}


async def rows(database: PostgresDatabase, table: str) -> int:
    ((count,),) = await database.browse(f"SELECT count(*) FROM {table}")
    return int(count)


def test_a_week_begins_on_monday_and_no_instant_is_between_two() -> None:
    week = partition_of(MONDAY)
    assert week.suffix == "20260105"
    assert partition_of(MONDAY + WEEK - timedelta(microseconds=1)) == week
    assert week.bounds[1] == partition_of(MONDAY + WEEK).bounds[0]
    assert week.bounds[0] <= id_of(0, MONDAY) < id_of(0, MONDAY + WEEK - timedelta(milliseconds=1)) < week.bounds[1]


async def test_what_begins_lies_in_the_partition_of_its_week_and_the_rest_in_the_default(
    migrated: PostgresSettings,
) -> None:
    async with opened(migrated) as (ports, database):
        await ports.upkeep.prepare(MONDAY)
        ids = [id_of(1, MONDAY), id_of(2, MONDAY + WEEK), TraversalId("no time"), id_of(3, MONDAY - DAY)]
        await ports.journal.commit([listed(each, labels={"a": "b"}) for each in ids])
        assert await rows(database, "journal_20260105") > 0
        assert await rows(database, "traversal_20260105") == await rows(database, "label_20260112") == 1
        assert await rows(database, "traversal_default") == 2
        assert set(await ports.journal.load(ids)) == set(ids)
        await ports.upkeep.prepare(MONDAY)  # again: they are there
        weeks = {partition_of(MONDAY + number * WEEK).suffix for number in range(WEEKS_AHEAD + 1)}
        assert {f"{table}_{week}" for table in TABLES for week in weeks} <= await tables(database)


async def test_what_came_before_its_partition_moves_there_while_others_write(migrated: PostgresSettings) -> None:
    stories = {id_of(number, MONDAY + DAY): Story(chain(30), id_of(number, MONDAY + DAY)) for number in range(20)}
    async with opened(migrated) as (ports, database):
        for story in stories.values():
            await ports.journal.commit([story.begin(["x" * 1_000]).change()])
        assert await rows(database, "traversal_default") == 20

        async def step(story: Story) -> None:
            for _ in range(25):
                await ports.journal.commit([story.succeed().change()])

        async with anyio.create_task_group() as tasks:
            for story in stories.values():
                tasks.start_soon(step, story)
            tasks.start_soon(ports.upkeep.prepare, MONDAY)
            tasks.start_soon(ports.upkeep.prepare, MONDAY)
        await ports.upkeep.prepare(MONDAY)  # in case that it was too busy then
        assert await rows(database, "traversal_20260105") == 20
        assert await rows(database, "traversal_default") == await rows(database, "journal_default") == 0
        loaded = await ports.journal.load(list(stories))
        assert {each: loaded[each].state for each in loaded} == {each: story.state for each, story in stories.items()}


async def test_a_week_in_which_everything_ended_long_ago_is_dropped_whole(migrated: PostgresSettings) -> None:
    old, young = id_of(1, MONDAY), id_of(2, MONDAY + WEEK)
    children = [child_of(old, number) for number in range(30)]
    async with opened(migrated) as (ports, database):
        await ports.upkeep.prepare(MONDAY)
        await ports.journal.commit(
            [
                listed(old, begun_at=MONDAY, labels={"a": "b"}),
                *(listed(child, root=old, begun_at=MONDAY) for child in children),
                listed(young, begun_at=MONDAY + WEEK, labels={"a": "b"}),
            ]
        )
        await ports.claim_book.claim([Claim("old", old, ""), Claim("young", young, "")])
        await ports.event_book.save({MailboxName("go", old): KeptMailbox(EMPTY_MAILBOX)})
        assert await ports.upkeep.retire(MONDAY + WEEK - DAY) < MONDAY
        assert set(await ports.journal.load([old])) == {old}
        assert await ports.upkeep.retire(MONDAY + WEEK + DAY) < MONDAY + DAY
        assert set(await ports.journal.load([old, young, *children])) == {young}
        assert [each.traversal for each in await ports.journal.search(Query(labels={"a": "b"}))] == [young]
        assert await ports.claim_book.notes([old, young]) == {young: ""}
        assert await ports.event_book.with_key([old]) == []
        assert not {f"{table}_20260105" for table in TABLES} & await tables(database)
        await ports.journal.commit([listed(old, begun_at=MONDAY)])  # it may begin again
        assert set(await ports.journal.load([old])) == {old}


@pytest.mark.parametrize("what", ["runs", "ended lately", "has a child that runs", "has a family elsewhere"])
async def test_a_week_with_something_that_is_needed_stays(migrated: PostgresSettings, what: str) -> None:
    old, other = id_of(1, MONDAY), id_of(2, MONDAY + WEEK)
    changes = {
        "runs": [listed(old, begun_at=MONDAY), listed(id_of(3, MONDAY), begun_at=MONDAY, status="Running")],
        "ended lately": [listed(old, begun_at=MONDAY, ended_after=3 * WEEK)],
        "has a child that runs": [
            listed(old, begun_at=MONDAY),
            listed(child_of(other, 1), root=old, begun_at=MONDAY + WEEK, status="Running"),
        ],
        "has a family elsewhere": [
            listed(other, begun_at=MONDAY + WEEK, status="Running"),
            listed(old, root=other, begun_at=MONDAY),
        ],
    }[what]
    async with opened(migrated) as (ports, database):
        await ports.upkeep.prepare(MONDAY)
        await ports.journal.commit(changes)
        await ports.upkeep.retire(MONDAY + 2 * WEEK)
        assert set(await ports.journal.load([old])) == {old}
        assert "journal_20260105" in await tables(database)


async def test_a_drop_that_was_cut_short_is_gone_on_with(migrated: PostgresSettings) -> None:
    async with opened(migrated) as (ports, database):
        await ports.upkeep.prepare(MONDAY)
        await ports.journal.commit([listed(id_of(1, MONDAY), begun_at=MONDAY)])
        await database.change("DROP TABLE traversal_20260105")
        await ports.upkeep.retire(MONDAY + 2 * WEEK)
        assert not {f"{table}_20260105" for table in TABLES} & await tables(database)


QUERIES: Sequence[Query] = [
    Query(),
    Query(with_children=True, statuses=frozenset({"Failed"}), dag=listed(id_of(1)).origin.dag),
    Query(labels={"a": "b"}, name="n", begun_from=NOON),
    Query(labels={"a": "b"}, statuses=frozenset({"Running"})),
    Query(name="n", statuses=frozenset({"Failed", "Running"}), begun_before=NOON),
    Query(root=id_of(1), with_children=True, after=id_of(5)),
]


@pytest.mark.parametrize("query", QUERIES)
async def test_a_page_walks_through_no_index_but_that_of_what_it_asks_for(
    migrated: PostgresSettings, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the planner believes of tables that are empty now and will not be: the plan is kept."""
    async with open_postgres(migrated) as database:
        plans: list[str] = []
        browse = database.browse

        async def explaining(text: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
            plans.extend(str(line).strip() for (line,) in await browse(f"EXPLAIN {text}", values))
            return await browse(text, values)

        monkeypatch.setattr(database, "browse", explaining)
        assert await page(database, "traversal.id", query) == []
        await PostgresJournal(database).idle(NOON, limit=10)
    scans = list(zip(plans, [*plans[1:], ""], strict=True))
    assert len([line for line in plans if "Scan" in line and "using" in line]) > 6
    assert not [line for line in plans if "Seq Scan" in line or "Join" in line]
    # Each stream comes in order from its index: only the pages of streams are sorted, one here and one there.
    assert len([line for line in plans if "Sort  (" in line]) <= 2
    for scan, detail in scans:
        if "using traversal" in scan and "_pkey" in scan:  # one traversal, found by its id
            assert "(id = " in detail or "id = (" in detail, (scan, detail)


async def test_values_that_have_not_travelled_for_months_are_forgotten(migrated: PostgresSettings) -> None:
    async with opened(migrated) as (ports, _):
        (old,) = await ports.blob_store.put([b"old"], MONDAY - 100 * DAY)
        (young,) = await ports.blob_store.put([b"young"], MONDAY - DAY)
        await ports.upkeep.prepare(MONDAY)
        assert await ports.blob_store.get([old, young]) == {young: b"young"}
