"""The contract of the journal."""

from typing import Any

import pytest
from attrs import evolve

from tests.contract.traversals import NOON, Story, chain, loop_change
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.traversal.error import ErrorDetail
from waygrid_shell.ports.failure import VersionConflict
from waygrid_shell.ports.journal import Change, Decision, Stored
from waygrid_shell.runtime.wiring import OpenPorts

pytestmark = pytest.mark.anyio
A, B = TraversalId("A"), TraversalId("B")


async def test_what_was_committed_is_loaded_as_it_was(open_kept_ports: OpenPorts) -> None:
    story = Story(chain(), A).begin({"n": 10**30, "text": "é\u0000"}).succeed([1.5, None])
    change = story.change()
    async with open_kept_ports() as ports:
        await ports.journal.commit([change])
        assert await ports.journal.load([A]) == {A: Stored(origin=story.origin, state=story.state)}
    async with open_kept_ports() as ports:
        assert await ports.journal.load([A, B]) == {A: Stored(origin=story.origin, state=story.state)}
        assert list(await ports.journal.decisions(A)) == list(change.decisions)
        assert list(await ports.journal.decisions(B)) == []


async def test_a_series_is_loaded_as_it_was(open_kept_ports: OpenPorts) -> None:
    change, state = loop_change(A)
    async with open_kept_ports() as ports:
        await ports.journal.commit([change])
    async with open_kept_ports() as ports:
        assert await ports.journal.load([A]) == {A: Stored(origin=change.origin, state=state)}


async def test_a_long_story_is_loaded_as_it_was(open_kept_ports: OpenPorts) -> None:
    """Longer than what is folded without a snapshot."""
    story = Story(chain(300), A).begin({"n": 1})
    async with open_kept_ports() as ports:
        await ports.journal.commit([story.change()])
        for number in range(299):
            story.succeed({"n": number})
            await ports.journal.commit([story.change()])
    async with open_kept_ports() as ports:
        assert (await ports.journal.load([A]))[A].state == story.state
        assert len(await ports.journal.decisions(A)) == 300


async def test_a_change_on_an_old_version_is_refused_with_its_whole_batch(open_kept_ports: OpenPorts) -> None:
    story, other = Story(chain(), A).begin(), Story(chain(), B).begin()
    first, begun = story.change(), other.change()
    stale = evolve(story.succeed().change(), base=first.state.version - 1)
    async with open_kept_ports() as ports:
        await ports.journal.commit([first])
        for wrong in (stale, evolve(stale, base=0)):
            with pytest.raises(VersionConflict):
                await ports.journal.commit([begun, wrong])
        assert await ports.journal.load([B]) == {}
        assert (await ports.journal.load([A]))[A].state == first.state


async def test_a_message_that_made_a_decision_is_known(open_kept_ports: OpenPorts) -> None:
    story = Story(chain(), A).begin().succeed()
    change = story.change()
    async with open_kept_ports() as ports:
        await ports.journal.commit([change])
    async with open_kept_ports() as ports:
        found = await ports.journal.recorded([(A, "cause-2"), (A, "cause-3"), (B, "cause-1")])
        assert found == {(A, "cause-2"): change.decisions[1]}


async def test_summaries_tell_how_a_traversal_stands(open_kept_ports: OpenPorts) -> None:
    running, failed = Story(chain(), A).begin(), Story(chain(), B).begin().fail()
    done = Story(chain(1), "C").begin().succeed({"n": 1})
    async with open_kept_ports() as ports:
        await ports.journal.commit([running.change(), failed.change(), done.change()])
    async with open_kept_ports() as ports:
        found = await ports.journal.summaries([A, B, TraversalId("C"), TraversalId("D")])
        assert [each.status for each in found.values()] == ["Running", "Failed", "Completed"]
        assert found[B].error == ErrorDetail("no-route", "é")
        assert found[TraversalId("C")].output == {"n": 1}
        assert found[A].ended_at is None
        ended_at = found[B].ended_at
        assert ended_at is not None
        assert found[B].begun_at < ended_at
        assert found[A].origin == running.origin
        assert [each.traversal for each in await ports.journal.unfinished()] == [A]


async def test_what_ends_is_unfinished_no_longer(open_kept_ports: OpenPorts) -> None:
    story = Story(chain(1), A).begin()
    async with open_kept_ports() as ports:
        await ports.journal.commit([story.change()])
        await ports.journal.commit([story.succeed().change()])
        assert await ports.journal.unfinished() == []
        assert (await ports.journal.load([A]))[A].state == story.state


async def test_an_empty_batch_is_no_batch(open_kept_ports: OpenPorts) -> None:
    async with open_kept_ports() as ports:
        await ports.journal.commit([])
        assert await ports.journal.load([]) == {}
        assert await ports.journal.summaries([]) == {}
        assert await ports.journal.recorded([]) == {}


async def test_instants_keep_their_microseconds(open_kept_ports: OpenPorts) -> None:
    change = Story(chain(), A).begin().change()
    (decision,) = change.decisions
    exact: Decision = evolve(decision, at=NOON.replace(microsecond=123_457))
    async with open_kept_ports() as ports:
        await ports.journal.commit([evolve(change, decisions=(exact,))])
    async with open_kept_ports() as ports:
        assert list(await ports.journal.decisions(A)) == [exact]
        assert (await ports.journal.unfinished())[0].begun_at == exact.at


@pytest.mark.parametrize(
    "user_data", ["x" * 10_000, {"$shared": "0" * 64}, {"$shared": ["x" * 600]}, [{"a": "b" * 600}] * 3]
)
async def test_data_comes_back_as_it_was_however_large_and_whatever_it_looks_like(
    open_kept_ports: OpenPorts, user_data: Any
) -> None:
    story = Story(chain(300), A).begin(user_data)
    async with open_kept_ports() as ports:
        await ports.journal.commit([story.change()])
    async with open_kept_ports() as ports:
        for _ in range(210):  # past the first snapshot
            story.succeed(user_data)
        change = story.change()
        await ports.journal.commit([change])
    async with open_kept_ports() as ports:
        assert (await ports.journal.load([A]))[A].state == story.state
        assert list(await ports.journal.decisions(A))[1:] == list(change.decisions)


async def test_decisions_are_read_from_any_version_on(open_kept_ports: OpenPorts) -> None:
    story = Story(chain(5), A).begin()
    for _ in range(5):
        story.succeed()
    made = list(story.change().decisions)
    async with open_kept_ports() as ports:
        await ports.journal.commit([Change(origin=story.origin, base=0, decisions=tuple(made), state=story.state)])
        for place, decision in enumerate(made):
            assert list(await ports.journal.decisions(A, after=decision.version)) == made[place + 1 :]
            assert (
                list(await ports.journal.decisions(A, after=decision.version - 1, limit=2)) == made[place : place + 2]
            )
