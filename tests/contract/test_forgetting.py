"""The contract of the journal: what it forgets, and that nothing else is harmed."""

from datetime import timedelta

import pytest
from attrs import evolve

from tests.contract.listed import child_of, id_of, listed
from tests.contract.traversals import NOON, Story, chain
from waygrid_shell.ports.journal import Query
from waygrid_shell.runtime.wiring import OpenPorts

pytestmark = pytest.mark.anyio
HOUR = timedelta(hours=1)


async def test_what_ended_before_that_is_forgotten_with_its_descendants(open_kept_ports: OpenPorts) -> None:
    old, young, running = id_of(1), id_of(2), id_of(3)
    children = [child_of(old, number) for number in range(200)]
    async with open_kept_ports() as ports:
        await ports.journal.commit(
            [
                listed(old, labels={"a": "b"}, name="n"),
                *(listed(child, root=old, begun_at=NOON + 2 * HOUR) for child in children),
                listed(young, begun_at=NOON, ended_after=HOUR, labels={"a": "b"}, name="n"),
                listed(running, status="Running", labels={"a": "b"}, name="n"),
            ]
        )
        assert await ports.journal.forget(NOON + HOUR, 10) == 1
    async with open_kept_ports() as ports:
        assert set(await ports.journal.load([old, young, running, *children])) == {young, running}
        assert set(await ports.journal.summaries([old, young, running, *children])) == {young, running}
        assert len(await ports.journal.decisions(old)) == 0
        assert len(await ports.journal.decisions(children[0])) == 0
        assert await ports.journal.recorded([(old, "cause-1")]) == {}
        for query in (Query(labels={"a": "b"}), Query(name="n"), Query(with_children=True)):
            assert [each.traversal for each in await ports.journal.search(query)] == [running, young]
        assert await ports.journal.forget(NOON + HOUR, 10) == 0


async def test_one_with_a_descendant_that_has_not_ended_is_kept(open_kept_ports: OpenPorts) -> None:
    old, child = id_of(1), child_of(id_of(1), 1)
    async with open_kept_ports() as ports:
        await ports.journal.commit([listed(old), listed(child, root=old, status="Running")])
        assert await ports.journal.forget(NOON + HOUR, 10) == 0
        assert set(await ports.journal.load([old, child])) == {old, child}


async def test_no_more_are_forgotten_than_that(open_kept_ports: OpenPorts) -> None:
    async with open_kept_ports() as ports:
        await ports.journal.commit([listed(id_of(number)) for number in range(150)])
        assert await ports.journal.forget(NOON + HOUR, 70) == 70
        assert await ports.journal.forget(NOON + HOUR, 70) == 70
        assert await ports.journal.forget(NOON + HOUR, 70) == 10
        assert await ports.journal.search(Query()) == []


async def test_a_forgotten_traversal_may_begin_again(open_kept_ports: OpenPorts) -> None:
    change = listed(id_of(1), labels={"a": "b"})
    async with open_kept_ports() as ports:
        await ports.journal.commit([change])
        assert await ports.journal.forget(NOON + HOUR, 10) == 1
        await ports.journal.commit([change])
        assert (await ports.journal.load([id_of(1)]))[id_of(1)].state == change.state


async def test_large_values_that_others_have_too_stay_with_them(open_kept_ports: OpenPorts) -> None:
    stories = [Story(chain(1), id_of(number)).begin(["x" * 2_000]).succeed(["y" * 2_000]) for number in range(2)]
    changes = [story.change() for story in stories]
    changes[1] = evolve(changes[1], decisions=tuple(evolve(each, at=NOON + HOUR) for each in changes[1].decisions))
    changes = [evolve(each, origin=evolve(each.origin, root=each.state.traversal)) for each in changes]
    async with open_kept_ports() as ports:
        await ports.journal.commit(changes)
        assert await ports.journal.forget(NOON + HOUR, 10) == 1
    async with open_kept_ports() as ports:
        assert (await ports.journal.load([id_of(1)]))[id_of(1)].state == stories[1].state


async def test_a_child_that_begins_after_its_family_was_forgotten_is_forgotten_when_it_is_old(
    open_kept_ports: OpenPorts,
) -> None:
    root, young, old, running = id_of(1), child_of(id_of(1), 1), child_of(id_of(1), 2), child_of(id_of(2), 3)
    async with open_kept_ports() as ports:
        await ports.journal.commit(
            [
                listed(old, root=root),
                listed(young, root=id_of(3), begun_at=NOON + HOUR),
                listed(running, root=id_of(2), status="Running"),
            ]
        )
        assert await ports.journal.forget(NOON + HOUR, 10) == 0
        assert set(await ports.journal.load([young, old, running])) == {young, running}
