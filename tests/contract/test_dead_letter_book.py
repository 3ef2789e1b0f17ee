"""The contract of the book of dead letters."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio
import pytest

from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_shell.adapters.memory.dead_letter_book import MemoryDeadLetterBook
from waygrid_shell.ports.dead_letter_book import DeadLetterBook, FoundLetter
from waygrid_shell.runtime.cluster_wiring import postgres_ports
from waygrid_shell.settings.settings import PostgresSettings, Settings

pytestmark = pytest.mark.anyio


def letter(offset: int, *, partition: int = 0, topic: str = "processor.x") -> FoundLetter:
    record = TransportEnvelope(
        topic=topic, key=f"k\u0000é{offset}", headers={"ce_id": f"m{offset}", "é": "\u0000\\"}, value=b"\x00\xff"
    )
    return FoundLetter(partition, offset, record, f"because\u0000 of {offset}")


@asynccontextmanager
async def in_memory() -> AsyncIterator[DeadLetterBook]:
    yield MemoryDeadLetterBook()


@asynccontextmanager
async def in_postgres(url: str) -> AsyncIterator[DeadLetterBook]:
    async with postgres_ports(Settings(postgres=PostgresSettings(url=url))) as ports:
        yield ports.dead_letter_book


@pytest.fixture(params=["memory", "postgres"])
async def book(request: pytest.FixtureRequest) -> AsyncIterator[DeadLetterBook]:
    opened: AbstractAsyncContextManager[DeadLetterBook] = in_memory()
    if request.param == "postgres":
        opened = in_postgres(request.getfixturevalue("migrated_database"))
    async with opened as opened_book:
        yield opened_book


async def test_letters_come_back_as_they_were_in_the_order_of_entering(book: DeadLetterBook) -> None:
    entered = [letter(3), letter(0, partition=1), letter(4), letter(0, topic="system.inbox")]
    await book.enter(entered)
    found = await book.read(after=0, limit=10)
    assert [each.record for each in found] == [each.record for each in entered]
    assert [each.reason for each in found] == [each.reason for each in entered]
    assert [each.position for each in found] == sorted(each.position for each in found)
    assert list(await book.read(after=found[1].position, limit=1)) == [found[2]]
    assert list(await book.get([found[2].position, 10**9, found[0].position])) == [found[0], found[2]]
    assert await book.count() == {"processor.x": 3, "system.inbox": 1}
    assert await book.progress() == {("processor.x", 0): 5, ("processor.x", 1): 1, ("system.inbox", 0): 1}


async def test_a_letter_that_was_entered_is_not_entered_again_even_if_it_was_removed(book: DeadLetterBook) -> None:
    await book.enter([letter(0), letter(1), letter(1)])
    first, second = await book.read(after=0, limit=10)
    assert await book.remove([first.position, first.position + 10**6]) == 1
    await book.enter([letter(0), letter(1), letter(2)])
    assert [each.record.id for each in await book.read(after=0, limit=10)] == ["m1", "m2"]
    assert await book.remove([first.position]) == 0
    assert await book.get([second.position]) == [second]


async def test_whatever_two_enter_at_once_is_there_once(book: DeadLetterBook) -> None:
    async with anyio.create_task_group() as tasks:
        for _ in range(8):
            tasks.start_soon(book.enter, [letter(number, partition=number % 3) for number in range(30)])
    assert len(await book.read(after=0, limit=100)) == 30
    assert await book.progress() == {("processor.x", 0): 28, ("processor.x", 1): 29, ("processor.x", 2): 30}


async def test_an_empty_book_is_empty(book: DeadLetterBook) -> None:
    await book.enter([])
    assert await book.progress() == {}
    assert await book.read(after=0, limit=10) == []
    assert await book.get([]) == []
    assert await book.remove([]) == 0
    assert await book.count() == {}
