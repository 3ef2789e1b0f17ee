"""A Redis that is not as the settings say is told from one that does not answer, with the setting that cures it."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import redis

from tests.free_port import free_port
from tests.servers.cluster import ClusterServers
from tests.servers.redis import Redis, own_redis
from waygrid_shell.adapters.redis.client import open_redis
from waygrid_shell.adapters.redis.probe import probe_redis
from waygrid_shell.adapters.redis.seen_ledger import RedisSeenLedger
from waygrid_shell.ports.failure import StorageFull, Unavailable
from waygrid_shell.ports.seen_ledger import Answer
from waygrid_shell.settings.settings import DataSettings, RedisSettings

pytestmark = pytest.mark.anyio


@pytest.fixture
def own() -> Iterator[Redis]:
    with own_redis() as started:
        yield started


async def said_of(settings: RedisSettings) -> str:
    """What whoever opens it is told; the doctor says the same."""
    with pytest.raises(Unavailable) as raised:
        async with open_redis(settings):
            pass
    (finding,) = await probe_redis(settings)
    assert finding.verdict == "fail"
    assert finding.what == str(raised.value)
    return finding.what


async def test_one_that_does_not_answer_is_named() -> None:
    url = f"redis://127.0.0.1:{free_port()}/0"
    for is_cluster in (False, True):
        said = await said_of(RedisSettings(url=url, cluster=is_cluster))
        assert url in said
        assert "is it running, and redis.url right?" in said


async def test_a_password_that_is_missing_or_wrong_is_told_and_not_shown(own: Redis) -> None:
    with redis.Redis.from_url(own.url) as client:
        client.config_set("requirepass", "geheim")
    assert "set redis.password (WAYGRID_REDIS_PASSWORD)" in await said_of(RedisSettings(url=own.url))
    for settings in (
        RedisSettings(url=own.url, password="verraten"),
        RedisSettings(url=own.url.replace("//", "//bob:verraten@")),
    ):
        said = await said_of(settings)
        assert "correct them in redis.url and redis.password" in said
        assert "verraten" not in said
    async with open_redis(RedisSettings(url=own.url, password="geheim")) as client:
        assert await client.ask("PING")


async def test_a_database_that_is_not_there_is_told(own: Redis, redis_cluster_url: str) -> None:
    assert "the number that redis.url ends in" in await said_of(RedisSettings(url=f"{own.url[:-1]}99"))
    cluster = RedisSettings(url=f"{redis_cluster_url}/3", cluster=True)
    assert "the number that redis.url ends in" in await said_of(cluster)


async def test_a_cluster_is_told_from_one_alone(servers: ClusterServers, redis_cluster_url: str) -> None:
    assert "set redis.cluster = true" in await said_of(RedisSettings(url=redis_cluster_url))
    assert "set redis.cluster = false" in await said_of(RedisSettings(url=servers.redis.url, cluster=True))


async def test_the_doctor_says_which_servers_answer(servers: ClusterServers, redis_cluster_url: str) -> None:
    (alone,) = await probe_redis(RedisSettings(url=servers.redis.url))
    assert alone.verdict == "ok"
    assert servers.redis.version in alone.what
    (cluster,) = await probe_redis(RedisSettings(url=redis_cluster_url, cluster=True))
    assert cluster.verdict == "ok"
    assert "as a Cluster" in cluster.what


async def test_the_doctor_warns_of_a_redis_that_drops_what_it_was_given(own: Redis) -> None:
    with redis.Redis.from_url(own.url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
    ok, warning = await probe_redis(RedisSettings(url=own.url))
    assert (ok.verdict, warning.verdict) == ("ok", "warn")
    assert "allkeys-lru" in warning.what
    assert warning.cure == "set maxmemory-policy noeviction"


async def test_where_no_memory_is_left_nothing_is_recorded_and_the_cure_is_told(own: Redis) -> None:
    async with open_redis(RedisSettings(url=own.url)) as client:
        ledger = RedisSeenLedger(client, DataSettings().keep_answers)
        now = datetime.now(UTC)
        await ledger.record([Answer("before", b"1", now)])
        await client.ask("CONFIG", "SET", "maxmemory", "1")
        with pytest.raises(StorageFull, match=r"raise its maxmemory, or shorten data\.keep_answers"):
            await ledger.record([Answer("after", b"2", now)])
        await client.ask("CONFIG", "SET", "maxmemory", "0")
        assert await ledger.recall(["before", "after"]) == {"before": b"1"}


async def test_a_replica_is_told_from_a_primary(own: Redis) -> None:
    with own_redis() as primary, redis.Redis.from_url(own.url) as plain:
        plain.replicaof("127.0.0.1", primary.url.rpartition(":")[2].removesuffix("/0"))
        verdicts = {finding.verdict: finding for finding in await probe_redis(RedisSettings(url=own.url))}
        assert "is a replica" in verdicts["fail"].what
        async with open_redis(RedisSettings(url=own.url)) as client:
            ledger = RedisSeenLedger(client, DataSettings().keep_answers)
            with pytest.raises(Unavailable, match=r"let redis\.url name the primary"):
                await ledger.record([Answer("a", b"1", datetime.now(UTC))])
