"""A journal is exported whole, and however long it is, a little of it is in memory at a time."""

from collections.abc import Sequence

import pytest
from attrs import evolve

from tests.integration.api.serving import Api, serving
from waygrid_core.codec.json_bytes import read_json, write_json
from waygrid_core.history.journal_file import read_journal, write_journal
from waygrid_core.model.identifiers import TraversalId
from waygrid_shell.adapters.memory.journal import MemoryJournal
from waygrid_shell.client import Unreachable, WaygridClient
from waygrid_shell.ports.failure import Unavailable
from waygrid_shell.ports.journal import Decision
from waygrid_shell.runtime.wiring import memory_ports
from waygrid_shell.services.history import export

pytestmark = pytest.mark.anyio

LOOP = {
    "entryPoints": [
        {
            "type": "loop",
            "id": "again",
            "atMost": 5,
            "until": {"type": "JsonEquals", "pointer": "/n", "value": "never"},
            "body": {"type": "pass", "output": {"n": {"$from": "/payload/n"}}},
            "input": {"n": "\u00e9"},
            "onFailure": {"type": "pass"},
        }
    ]
}


class WatchedJournal(MemoryJournal):
    """Says how many decisions it was asked for at most; and may break off after some answers."""

    def __init__(self) -> None:
        super().__init__()
        self.limits: list[int | None] = []
        self.breaks_after = 1_000_000

    async def decisions(
        self, traversal: TraversalId, *, after: int = 0, limit: int | None = None
    ) -> Sequence[Decision]:
        self.limits.append(limit)
        if len(self.limits) > self.breaks_after:
            raise Unavailable("journal", "it went away")
        return await super().decisions(traversal, after=after, limit=limit)


async def looped(api: Api) -> str:
    traversal: str = (await api.outcome(LOOP))["id"]
    return traversal


async def test_a_journal_is_exported_a_few_decisions_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bug that this noticed: all decisions of all traversals below were read before the first was sent."""
    monkeypatch.setattr(export, "_DECISIONS_AT_ONCE", 2)
    journal = WatchedJournal()
    async with serving(evolve(memory_ports(), journal=journal)) as api:
        traversal = await looped(api)
        journal.limits.clear()
        reply = await api.ask("GET", f"/v1/traversals/{traversal}/journal")
        assert reply.status == 200
        file = read_journal(reply.document).unwrap()
        assert write_json(write_journal(file)) == reply.content
        assert len(file.traversals) > 5
        assert max(len(each.decisions) for each in file.traversals) > 4
        assert set(journal.limits) == {2}
        pieces: list[bytes] = []
        async with WaygridClient(api.url) as client:
            await client.save_journal(traversal, pieces.append)
            assert await client.export_journal(traversal) == read_json(b"".join(pieces))
        assert b"".join(pieces) == reply.content
        missing = await api.ask("GET", "/v1/traversals/01HF7YAT0060RK4CSM6MV3EE1S/journal")
        assert missing.status == 404


async def test_an_export_that_breaks_off_is_no_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "_DECISIONS_AT_ONCE", 2)
    journal = WatchedJournal()
    async with serving(evolve(memory_ports(), journal=journal)) as api:
        traversal = await looped(api)
        journal.limits.clear()
        journal.breaks_after = 5
        async with WaygridClient(api.url) as client:
            with pytest.raises(Unreachable, match="broke off; ask again"):
                await client.save_journal(traversal, lambda piece: None)


async def test_what_a_sink_raises_is_raised_and_nothing_is_asked_again() -> None:
    def full(piece: bytes) -> None:
        asked.append(piece)
        raise BrokenPipeError

    asked: list[bytes] = []
    async with serving(memory_ports()) as api:
        traversal = await looped(api)
        async with WaygridClient(api.url) as client:
            with pytest.raises(BrokenPipeError):
                await client.save_journal(traversal, full)
    assert len(asked) == 1
