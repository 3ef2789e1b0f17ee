"""What `waygrid doctor` says of PostgreSQL."""

import psycopg
import pytest
from attrs import evolve

from tests.free_port import free_port
from waygrid_shell.ports.finding import Finding
from waygrid_shell.runtime.cluster_wiring import migrate, probe_postgres
from waygrid_shell.settings.settings import PostgresSettings

pytestmark = pytest.mark.anyio


async def failures(settings: PostgresSettings) -> list[Finding]:
    return [finding for finding in await probe_postgres(settings) if finding.verdict == "fail"]


async def test_a_database_that_is_as_it_should_be_is_said_so(migrated: PostgresSettings) -> None:
    found = await probe_postgres(migrated)
    assert [finding for finding in found if finding.verdict == "fail"] == []
    assert any(finding.what.startswith("PostgreSQL 1") for finding in found)
    assert any("partitions for the weeks to come" in finding.what for finding in found)


async def test_what_has_to_be_migrated_is_said_with_the_cure(empty: PostgresSettings) -> None:
    (finding,) = await failures(empty)
    assert "0001_cluster.sql" in finding.what
    assert finding.cure == "Run waygrid migrate."
    await migrate(empty)
    assert await failures(empty) == []


async def test_a_server_that_is_not_there_is_one_finding() -> None:
    url = f"postgresql://ada:geheim@127.0.0.1:{free_port()}/waygrid"
    (finding,) = await probe_postgres(PostgresSettings(url=url))
    assert finding.verdict == "fail"
    assert "refused" in finding.what
    assert "geheim" not in finding.what


async def test_too_few_connections_and_commits_that_may_be_lost_are_warned_of(migrated: PostgresSettings) -> None:
    url = f"{migrated.url}?options=-csynchronous_commit%3Doff"
    found = await probe_postgres(evolve(migrated, url=url, max_connections=10_000))
    whats = {finding.what: finding for finding in found if finding.cure}
    assert any("synchronous_commit is off" in what for what in whats)
    assert any("connections are free, and a process takes up to 10001" in what for what in whats)


async def test_weeks_without_a_partition_are_warned_of(migrated: PostgresSettings) -> None:
    assert migrated.url is not None
    with psycopg.connect(migrated.url, autocommit=True) as connection:
        tables = connection.execute("SELECT relname FROM pg_stat_user_tables WHERE relname ~ '^journal_2'").fetchall()
        for (table,) in tables:
            connection.execute(f"DROP TABLE {table}".encode())
    found = await probe_postgres(migrated)
    assert any(finding.verdict == "warn" and "no partition for the week to come" in finding.what for finding in found)
