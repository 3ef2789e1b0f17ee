"""Statements on a PostgreSQL that is shared, slow, killed, full, or not there."""

import contextlib
import os
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import psycopg
import pytest
from attrs import evolve

from tests.contract.listed import id_of, listed
from tests.contract.traversals import Story, chain
from tests.free_port import free_port
from tests.servers.cluster import ClusterServers
from tests.servers.postgres import Postgres, own_postgres
from tests.servers.programs import Missing
from waygrid_core.model.identifiers import TraversalId
from waygrid_shell.adapters.postgres import database as pool_of_connections
from waygrid_shell.adapters.postgres.connecting import check_server, connect
from waygrid_shell.adapters.postgres.database import PostgresDatabase, open_postgres
from waygrid_shell.ports.channel_log import ChannelMessage
from waygrid_shell.ports.failure import ForeignStorage, StorageFull, Unavailable, VersionConflict
from waygrid_shell.ports.journal import Change
from waygrid_shell.runtime.cluster_wiring import PostgresPorts, postgres_ports
from waygrid_shell.settings.settings import PostgresSettings, Settings

pytestmark = pytest.mark.anyio
A = TraversalId("A")
PATIENCE_SECONDS = 60


@asynccontextmanager
async def opened(settings: PostgresSettings) -> AsyncIterator[tuple[PostgresPorts, PostgresDatabase]]:
    async with postgres_ports(Settings(postgres=settings)) as ports, open_postgres(settings) as database:
        yield ports, database


@pytest.fixture
def own() -> Iterator[Postgres]:
    """A server of its own, which may be killed."""
    try:
        with own_postgres({"fsync": "on"}) as server:
            yield server
    except Missing as error:
        if os.environ.get("WAYGRID_TEST_SERVERS") == "required":
            raise
        pytest.skip(str(error))


async def test_of_two_writers_one_is_refused_and_nothing_of_its_batch_is_there(migrated: PostgresSettings) -> None:
    async with opened(migrated) as (first, _), opened(migrated) as (second, _):
        story = Story(chain(60), A).begin()
        await first.journal.commit([story.change()])
        outcomes: list[str] = []

        async def write(ports: PostgresPorts, name: str, of: Story) -> None:
            own = Story(chain(), TraversalId(f"{name}-{of.state.version}")).begin().change()
            try:
                await ports.journal.commit([own, change])
                outcomes.append(name)
                is_written = True
            except VersionConflict:
                is_written = False
            assert bool(await ports.journal.load([own.state.traversal])) == is_written

        for _ in range(40):
            change = story.succeed().change()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(write, first, "first", story)
                tasks.start_soon(write, second, "second", story)
        assert len(outcomes) == 40
        assert (await first.journal.load([A]))[A].state == story.state


async def test_writers_of_the_same_traversals_in_another_order_do_not_wait_for_ever(migrated: PostgresSettings) -> None:
    async with opened(migrated) as (first, _), opened(migrated) as (second, _):
        stories = [Story(chain(), id_of(number)).begin() for number in range(50)]
        await first.journal.commit([story.change() for story in stories])
        changes = [story.succeed().change() for story in stories]
        won: list[PostgresPorts] = []

        async def write(ports: PostgresPorts, ordered: Sequence[Change]) -> None:
            with contextlib.suppress(VersionConflict):
                await ports.journal.commit(ordered)
                won.append(ports)

        with anyio.fail_after(PATIENCE_SECONDS):
            async with anyio.create_task_group() as tasks:
                for number in range(10):
                    ports = first if number % 2 else second
                    tasks.start_soon(write, ports, changes if number > 4 else changes[::-1])
        assert len(won) == 1


async def test_a_caller_that_gives_up_in_the_middle_of_a_commit_spoils_nothing_for_those_after_it(
    migrated: PostgresSettings,
) -> None:
    async with opened(evolve(migrated, max_connections=2)) as (ports, database):
        for number in range(30):
            with anyio.move_on_after(number * 0.0002):
                await ports.journal.commit([listed(id_of(number))])
        for number in range(30):  # each was done whole, or not at all
            loaded = await ports.journal.load([id_of(number)])
            assert len(await ports.journal.decisions(id_of(number))) == (2 if loaded else 0)
        await ports.journal.commit([listed(id_of(100 + number)) for number in range(10)])
        await database.write("SELECT 1")


async def test_a_statement_that_is_given_up_gives_its_connection_back(migrated: PostgresSettings) -> None:
    async with open_postgres(evolve(migrated, max_connections=1)) as database:
        for _ in range(5):
            with anyio.move_on_after(0.05):
                await database.read("SELECT pg_sleep(60)")
        with anyio.fail_after(PATIENCE_SECONDS):
            assert await database.read("SELECT 1") == [(1,)]


async def test_a_killed_backend_costs_at_most_the_statement_that_it_ran(migrated: PostgresSettings) -> None:
    async with opened(evolve(migrated, max_connections=3)) as (ports, database):
        await ports.journal.commit([listed(id_of(1))])
        assert migrated.url is not None
        kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        with psycopg.connect(migrated.url, autocommit=True) as killer:
            for number in range(2, 5):  # what is idle is found to be dead before it is used
                with anyio.fail_after(PATIENCE_SECONDS):
                    while killer.execute(kill + " AND pid <> pg_backend_pid()").fetchall():
                        await anyio.sleep(0.02)
                await ports.journal.commit([listed(id_of(number))])

            async def sleep() -> None:
                with pytest.raises(Unavailable, match=r"terminat|closed"):
                    await database.write("SELECT pg_sleep(60)")

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(sleep)
                with anyio.fail_after(PATIENCE_SECONDS):
                    while not killer.execute(kill + " AND query LIKE 'SELECT pg_sleep%'").fetchall():
                        await anyio.sleep(0.02)
        assert len(await ports.journal.load([id_of(number) for number in range(1, 5)])) == 4


async def until_it_is_gone(ports: PostgresPorts) -> None:
    """Raises what a read raises: children of the server answer for a moment longer than it lives."""
    with anyio.fail_after(PATIENCE_SECONDS):
        while True:
            await ports.journal.load([A])


async def test_a_restart_of_the_server_is_survived_by_the_process(
    own: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert own.process is not None
    with own.migrated_database() as url:
        async with opened(PostgresSettings(url=url)) as (ports, _):
            story = Story(chain(60), A).begin()
            await ports.journal.commit([story.change()])
            for _ in range(2):
                own.process.kill()
                with monkeypatch.context() as patch:
                    patch.setattr(pool_of_connections, "_CONNECTION_SECONDS", 1.0)
                    with pytest.raises(Unavailable):
                        await until_it_is_gone(ports)
                own.process.start()
                with anyio.fail_after(PATIENCE_SECONDS):
                    await ports.journal.commit([story.succeed().change()])  # the next call
                assert (await ports.journal.load([A]))[A].state == story.state


async def test_a_commit_whose_server_died_was_done_or_not_and_a_writer_finds_out_which(own: Postgres) -> None:
    assert own.process is not None
    with own.migrated_database() as url:
        async with opened(PostgresSettings(url=url)) as (ports, _):
            committed: list[int] = []
            unsure: list[int] = []

            async def write() -> None:
                for number in range(100_000):
                    try:
                        await ports.journal.commit([listed(id_of(number))])
                        committed.append(number)
                    except Unavailable:
                        unsure.append(number)
                        return

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(write)
                with anyio.fail_after(PATIENCE_SECONDS):
                    while len(committed) < 50:
                        await anyio.sleep(0.01)
                await anyio.to_thread.run_sync(own.process.kill)
            own.process.start()
            kept = await ports.journal.load([id_of(number) for number in range(len(committed) + 2)])
            assert set(kept) - {id_of(number) for number in unsure} == {id_of(number) for number in committed}


async def test_watchers_hear_what_another_process_appends_and_again_after_their_connection_was_killed(
    migrated: PostgresSettings,
) -> None:
    def message(number: int) -> ChannelMessage:
        return ChannelMessage(
            channel="é" * 3_000, key=f"k{number}", traversal=A, data=number, at=listed(A).decisions[0].at
        )

    async with (
        opened(migrated) as (here, database),
        opened(migrated) as (there, _),
        here.channel_log.watch("é" * 3_000) as rings,
    ):
        seen = 0
        with anyio.fail_after(PATIENCE_SECONDS):
            for number in range(4):
                await there.channel_log.append([message(number)])
                while seen <= number:
                    await anext(rings)
                    seen = len(await here.channel_log.read("é" * 3_000, after=0, limit=10))
                await database.read(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND query LIKE 'LISTEN%%'"
                )


async def test_numbers_of_a_channel_have_no_gap_whoever_appends(migrated: PostgresSettings) -> None:
    def message(number: int) -> ChannelMessage:
        return ChannelMessage(
            channel=f"c{number % 2}", key=f"k{number}", traversal=A, data=None, at=listed(A).decisions[0].at
        )

    async with opened(migrated) as (first, _), opened(migrated) as (second, _):
        async with anyio.create_task_group() as tasks:
            for number in range(40):
                log = (first if number % 2 else second).channel_log
                tasks.start_soon(log.append, [message(number * 3 + each) for each in range(3)])
                tasks.start_soon(log.append, [message(number * 3 + each) for each in (2, 0, 1)])
        for channel in ("c0", "c1"):
            kept = await first.channel_log.read(channel, after=0, limit=1_000)
            assert [each.number for each in kept] == list(range(1, 61))
            assert await second.channel_log.last_number(channel) == 60


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A folder on a disk of its own, of 128 MiB; the server, which runs as another user, can reach it."""
    place = Path(tempfile.mkdtemp(prefix="waygrid-disk-"))
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128m,mode=0755", "tmpfs", place], check=False)
    if mounted.returncode != 0:
        place.rmdir()
        pytest.skip("a small disk has to be mounted, and only root may")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)
        place.rmdir()


async def test_a_full_disk_is_said_plainly_and_loses_nothing(small_disk: Path) -> None:
    settings = {"fsync": "on", "max_wal_size": "4MB", "min_wal_size": "2MB", "shared_buffers": "16MB"}
    with own_postgres(settings, small_disk) as server, server.migrated_database() as url:
        async with opened(PostgresSettings(url=url)) as (ports, _):
            await ports.journal.commit([listed(id_of(0))])
            filler = small_disk / "filler"
            room = os.statvfs(small_disk)
            left = 12 * 1024 * 1024  # more than the write-ahead log may take at once, before anything is written
            filler.write_bytes(b"x" * (room.f_bavail * room.f_bsize - left))
            written, refusal = 1, None
            while refusal is None:
                try:
                    await ports.journal.commit(
                        [Story(chain(1), id_of(written)).begin(os.urandom(100_000).hex()).change()]
                    )
                    written += 1
                except (StorageFull, Unavailable) as failure:  # no room for a table, or none for the write-ahead log
                    refusal = failure
            assert written > 1
            if isinstance(refusal, StorageFull):
                assert "make room" in str(refusal)
            filler.unlink()
            assert server.process is not None
            with anyio.fail_after(PATIENCE_SECONDS):
                while True:
                    try:
                        await ports.journal.commit([listed(id_of(10_000))])
                        break
                    except Unavailable:
                        if server.process.process is not None and server.process.process.poll() is not None:
                            server.process.start()  # without room for its log the server ends
                        await anyio.sleep(0.1)
            kept = await ports.journal.load([id_of(number) for number in range(written)])
            assert len(kept) == written


async def test_what_is_wrong_with_the_settings_is_said_in_a_sentence(servers: ClusterServers) -> None:
    base = servers.postgres.url.rpartition("/")[0]
    wrong = {
        None: "postgres.url is not set",
        "postgresql://host:port/x": "postgres.url cannot be read|port",
        f"postgresql://postgres:geheim@127.0.0.1:{free_port()}/x": "refused",
        f"{base}/nobody_has_made_it": "create it .CREATE DATABASE",
    }
    for url, sentence in wrong.items():
        with pytest.raises(Unavailable, match=sentence) as failure:
            await connect(PostgresSettings(url=url))
        assert "geheim" not in str(failure.value)


async def test_a_wrong_password_is_said_and_not_shown(own: Postgres) -> None:
    assert own.process is not None
    with psycopg.connect(own.url, autocommit=True) as connection:
        connection.execute("CREATE ROLE ada LOGIN PASSWORD 'right'")
        ((path,),) = connection.execute("SHOW hba_file").fetchall()
        hba = Path(path)
        hba.write_text("host all ada 127.0.0.1/32 scram-sha-256\n" + hba.read_text())
        connection.execute("SELECT pg_reload_conf()")
    url = own.url.replace("//postgres@", "//ada@")
    refusal = ""
    with anyio.fail_after(PATIENCE_SECONDS):
        while not refusal:  # until the server has read it
            try:
                await (await connect(PostgresSettings(url=url, password="geheim"))).close()
            except Unavailable as failure:
                refusal = str(failure)
    assert "refuses the password" in refusal
    assert "geheim" not in refusal
    await (await connect(PostgresSettings(url=url, password="right"))).close()


async def test_a_server_that_only_reads_is_said_so(migrated: PostgresSettings) -> None:
    assert migrated.url is not None
    read_only = PostgresSettings(url=f"{migrated.url}?options=-cdefault_transaction_read_only%3Don")
    async with opened(read_only) as (ports, _):
        with pytest.raises(Unavailable, match=r"only reads.*name the primary"):
            await ports.journal.commit([listed(id_of(1))])


async def test_an_old_server_is_refused_by_its_version(
    migrated: PostgresSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = await connect(migrated)
    try:
        monkeypatch.setattr("waygrid_shell.adapters.postgres.connecting.OLDEST_SERVER", 990_000)
        with pytest.raises(Unavailable, match="Waygrid needs 99 or newer"):
            await check_server(connection)
    finally:
        await connection.close()


async def test_a_server_that_would_forget_commits_does_not_do_so_for_us(migrated: PostgresSettings) -> None:
    assert migrated.url is not None
    hasty = PostgresSettings(url=f"{migrated.url}?options=-csynchronous_commit%3Doff")
    async with open_postgres(hasty) as database:
        assert await database.read("SHOW synchronous_commit") == [("on",)]


async def test_more_callers_than_connections_wait_their_turn(migrated: PostgresSettings) -> None:
    async with opened(evolve(migrated, max_connections=2)) as (ports, _), anyio.create_task_group() as tasks:
        for number in range(100):
            tasks.start_soon(ports.journal.commit, [listed(id_of(number))])
    async with opened(migrated) as (ports, _):
        assert len(await ports.journal.load([id_of(number) for number in range(100)])) == 100


async def test_a_damaged_value_is_said_and_not_guessed(migrated: PostgresSettings) -> None:
    async with opened(migrated) as (ports, database):
        await ports.journal.commit([Story(chain(), A).begin("x" * 5_000).change()])
        await database.change("DELETE FROM shared_value")
        with pytest.raises(ForeignStorage, match="lacks the value"):
            await ports.journal.load([A])
