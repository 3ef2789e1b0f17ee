"""Databases for the tests of what stands on PostgreSQL."""

from collections.abc import Iterator

import pytest

from tests.servers.cluster import ClusterServers
from waygrid_shell.settings.settings import PostgresSettings


@pytest.fixture
def empty(servers: ClusterServers) -> Iterator[PostgresSettings]:
    """A database without tables."""
    with servers.postgres.database() as url:
        yield PostgresSettings(url=url)


@pytest.fixture
def migrated(servers: ClusterServers) -> Iterator[PostgresSettings]:
    """A database with the tables of this version."""
    with servers.postgres.migrated_database() as url:
        yield PostgresSettings(url=url)
