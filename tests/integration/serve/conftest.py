"""A folder with an app, and the environment of a cluster that nobody else uses."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.servers.cluster import ClusterServers, cluster_settings
from waygrid_shell.settings.settings import Settings

APP = '''
import asyncio
import pathlib

from waygrid_shell.processors.function import App

app = App()


@app.processor("double")
def double(order):
    return {"n": order["n"] * 2}


@app.processor("slow")
async def slow(order):
    """Works until there is a file `go`."""
    pathlib.Path("working").touch()
    while not pathlib.Path("go").exists():
        await asyncio.sleep(0.01)
    return {"done": True}
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where commands run."""
    (tmp_path / "shop.py").write_text(APP)
    return tmp_path


@pytest.fixture
def cluster(servers: ClusterServers) -> Iterator[Mapping[str, str]]:
    """What the environment says of a cluster whose database is migrated, and which has no topics yet."""
    with cluster_settings(servers) as settings:
        yield environment_of(settings)


@pytest.fixture
def bare_cluster(servers: ClusterServers) -> Iterator[Mapping[str, str]]:
    """The same, with a database that is empty."""
    with cluster_settings(servers) as settings, servers.postgres.database() as url:
        yield {**environment_of(settings), "WAYGRID_POSTGRES_URL": url}


def environment_of(settings: Settings) -> Mapping[str, str]:
    """The settings, as variables."""
    return {
        "WAYGRID_KAFKA_SERVERS": ",".join(settings.kafka.servers),
        "WAYGRID_KAFKA_TOPIC_PREFIX": settings.kafka.topic_prefix,
        "WAYGRID_KAFKA_PARTITIONS": str(settings.kafka.partitions),
        "WAYGRID_POSTGRES_URL": settings.postgres.url or "",
        "WAYGRID_REDIS_URL": settings.redis.url or "",
        "WAYGRID_REDIS_KEY_PREFIX": settings.redis.key_prefix,
        "WAYGRID_LOG_FORMAT": "json",
    }
