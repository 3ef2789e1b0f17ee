"""A file that the first version wrote opens, and holds what it held."""

import sqlite3
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.contract.traversals import NOON, Story, chain
from waygrid_core.codec.json_bytes import write_json
from waygrid_core.codec.wire import EFFECTS, EVENTS, PLANS
from waygrid_core.envelope.transport import DEAD_LETTER_REASON, TransportEnvelope
from waygrid_core.model.digest import digest_hex
from waygrid_core.model.identifiers import TimerId, TraversalId
from waygrid_core.model.instant import to_microseconds
from waygrid_shell.adapters.sqlite.migrate import known_migrations, migrate
from waygrid_shell.ports.claim_book import Claim
from waygrid_shell.ports.journal import Change, Query
from waygrid_shell.ports.seen_ledger import Answer
from waygrid_shell.ports.timer_book import Timer
from waygrid_shell.runtime.wiring import DATABASE_FILE, sqlite_ports

pytestmark = pytest.mark.anyio

LARGE = ["x" * 1_000]
TOPIC = "processor.work"


def record(number: int, value: bytes = b"{}") -> TransportEnvelope:
    headers = {"ce_id": f"id-{number}", "odd": 'é"\\'}
    return TransportEnvelope(topic=TOPIC, key=f'k"{number}', headers=headers, value=value)


def write_row(connection: sqlite3.Connection, table: str, *values: Any) -> None:
    marks = ", ".join("?" * len(values))
    connection.execute(f"INSERT INTO {table} VALUES ({marks})", values)


def write_change(connection: sqlite3.Connection, change: Change) -> None:
    """As the first version did."""
    traversal, origin, state = change.state.traversal, change.origin, change.state
    assert origin.plan is not None
    begun_at, ended_at = (to_microseconds(change.decisions[place].at) for place in (0, -1))
    ending = write_json([state.output, None, None])
    plan = PLANS.encode(origin.plan)
    write_row(
        connection, "traversal", traversal, state.version, state.status, plan, None, traversal, begun_at,
        ended_at if state.has_ended else None, ending if state.has_ended else None, state.version,
    )  # fmt: skip
    for decision in change.decisions:
        documents: list[Any] = [EVENTS.to_json(event) for event in decision.events]
        for document in documents:
            for field in ("arrived", "input", "output", "payload"):
                if document.get(field) == LARGE:
                    document[field] = {"$shared": digest_hex(write_json(LARGE))}
        effects = write_json([EFFECTS.to_json(effect) for effect in decision.effects])
        at = to_microseconds(decision.at)
        write_row(
            connection, "journal", traversal, decision.version, decision.cause, at, write_json(documents), effects
        )


def write_old_file(path: Path, ended: Change, running: Change) -> None:
    """A file of the first version, with something in every table."""
    connection = sqlite3.connect(path, isolation_level=None)
    migrate(connection, str(path), known_migrations()[:1])
    write_change(connection, ended)
    write_change(connection, running)
    write_row(connection, "shared_value", digest_hex(write_json(LARGE)), write_json(LARGE))
    for position, each in enumerate((record(1), record(2, b"\x00\xff\n[")), 1):
        headers = orjson.dumps(each.headers).decode()
        write_row(connection, "message", position, TOPIC, each.id, each.key, headers, each.value)
    dead = orjson.dumps({**record(3).headers, DEAD_LETTER_REASON: "why é"}).decode()
    write_row(connection, "message", 3, f"{TOPIC}.dead-letter", "id-3", record(3).key, dead, b"{}")
    write_row(connection, "timer", 1, "timer", "T", to_microseconds(NOON))
    write_row(connection, "answer", "work", b"done", to_microseconds(NOON))
    write_row(connection, "claim", "key", ended.state.traversal, "line 1")
    connection.close()


def stories() -> tuple[Change, Change]:
    ended = Story(chain(1), "A").begin(LARGE).succeed(LARGE)
    running = Story(chain(2), "B").begin(LARGE)
    for story in (ended, running):
        story.origin = story.origin.__class__(plan=story.origin.plan, parent=None, root=story.state.traversal)
    return ended.change(), running.change()


async def test_all_that_a_file_of_the_first_version_holds_is_there(tmp_path: Path) -> None:
    ended, running = stories()
    write_old_file(tmp_path / DATABASE_FILE, ended, running)
    async with sqlite_ports(tmp_path) as ports:
        loaded = await ports.journal.load([TraversalId("A"), TraversalId("B")])
        for change in (ended, running):
            stored = loaded[change.state.traversal]
            assert (stored.origin, stored.state) == (change.origin, change.state)
            assert list(await ports.journal.decisions(change.state.traversal)) == list(change.decisions)
        cause = (TraversalId("A"), "cause-2")
        assert await ports.journal.recorded([cause]) == {cause: ended.decisions[1]}
        assert [each.traversal for each in await ports.journal.unfinished()] == ["B"]
        assert [each.traversal for each in await ports.journal.search(Query())] == ["B", "A"]
        by_dag = Query(dag=chain(1).dag.hash, begun_from=NOON)
        assert [each.traversal for each in await ports.journal.search(by_dag)] == ["A"]
        (letter,) = await ports.event_log.dead_letters()
        assert (letter.record, letter.reason) == (record(3), "why é")
        assert await ports.event_log.backlog() == {TOPIC: 2, f"{TOPIC}.dead-letter": 1}
        async with ports.event_log.subscribe([TOPIC]) as subscription:
            await ports.event_log.publish([record(4)])
            taken = list(await subscription.take(10))
            while len(taken) < 3:
                taken += await subscription.take(10)
            assert [each.record for each in taken] == [record(1), record(2, b"\x00\xff\n["), record(4)]
            assert [each.may_be_repeated for each in taken] == [True, True, False]
            await subscription.acknowledge(taken)
        assert await ports.timer_book.due(NOON, 10, {0}) == [Timer(TimerId("timer"), TraversalId("T"), NOON)]
        await ports.seen_ledger.record([Answer("work", b"other", NOON)])
        assert await ports.seen_ledger.recall(["work"]) == {"work": b"done"}
        claim = Claim("key", TraversalId("A"), "line 1")
        assert list(await ports.claim_book.claim([Claim("key", TraversalId("C"), "again")])) == [claim]


async def test_what_the_first_version_began_goes_on_and_what_it_ended_is_forgotten(tmp_path: Path) -> None:
    ended, running = stories()
    write_old_file(tmp_path / DATABASE_FILE, ended, running)
    story = Story(chain(2), "B").begin(LARGE)
    story.change()
    story.origin = running.origin
    async with sqlite_ports(tmp_path) as ports:
        await ports.journal.commit([story.succeed(LARGE).change()])
        assert await ports.journal.forget(NOON.replace(year=2030), 10) == 1
    async with sqlite_ports(tmp_path) as ports:
        assert set(await ports.journal.load([TraversalId("A"), TraversalId("B")])) == {"B"}
        assert (await ports.journal.load([TraversalId("B")]))[TraversalId("B")].state == story.state
        assert await ports.claim_book.notes([TraversalId("A")]) == {}
