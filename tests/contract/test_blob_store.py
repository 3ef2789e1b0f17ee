"""The contract of the store of blobs."""

from collections.abc import AsyncIterator
from datetime import timedelta

import anyio
import pytest

from tests.contract.traversals import NOON
from waygrid_core.model.digest import digest_hex
from waygrid_shell.adapters.memory.blob_store import MemoryBlobStore
from waygrid_shell.ports.blob_store import BlobStore
from waygrid_shell.runtime.cluster_wiring import postgres_ports
from waygrid_shell.settings.settings import PostgresSettings, Settings

pytestmark = pytest.mark.anyio
HOUR = timedelta(hours=1)


@pytest.fixture(params=["memory", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[BlobStore]:
    if request.param == "memory":
        yield MemoryBlobStore()
        return
    settings = Settings(postgres=PostgresSettings(url=request.getfixturevalue("migrated_database")))
    async with postgres_ports(settings) as ports:
        yield ports.blob_store


async def test_values_come_back_by_their_digests(store: BlobStore) -> None:
    values = [b"", b"\x00" * 1_000_000, b"a", b"a"]
    digests = await store.put(values, NOON)
    assert list(digests) == [digest_hex(value) for value in values]
    assert await store.get([*digests, "0" * 64]) == dict(zip(digests, values, strict=True))
    assert await store.get([]) == {}
    assert await store.put([], NOON) == []


async def test_what_was_put_again_is_kept_from_then_on(store: BlobStore) -> None:
    old, again = await store.put([b"old", b"again"], NOON)
    await store.put([b"again"], NOON + HOUR)
    await store.put([b"again"], NOON - HOUR)
    assert await store.forget(NOON) == 0
    assert await store.forget(NOON + HOUR) == 1
    assert await store.get([old, again]) == {again: b"again"}


async def test_however_many_are_old_all_are_forgotten(store: BlobStore) -> None:
    await store.put([str(number).encode() for number in range(450)], NOON)
    assert await store.forget(NOON + HOUR) == 450


async def test_the_same_may_be_put_by_many_at_once(store: BlobStore) -> None:
    values = [str(number).encode() * 100 for number in range(50)]
    async with anyio.create_task_group() as tasks:
        for number in range(8):
            tasks.start_soon(store.put, values if number % 2 else values[::-1], NOON)
    assert set((await store.get([digest_hex(value) for value in values])).values()) == set(values)
