"""Whatever happened: the pages of its history, through JSON and back, fold to the state that the journal keeps."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from waygrid_core.children.plan import SinglePlan
from waygrid_core.codec.wire import EVENTS
from waygrid_core.compile.pipeline import compile_document
from waygrid_core.testing.stories import TRAVERSAL, Story
from waygrid_core.testing.strategies import stories
from waygrid_core.traversal.fold import fold
from waygrid_core.traversal.state import new_traversal
from waygrid_shell.ports.journal import Change, Decision, Origin
from waygrid_shell.runtime.wiring import Ports, memory_ports, sqlite_ports
from waygrid_shell.services.history.cursor import Cursor, parse_cursor
from waygrid_shell.services.history.service import History

ORIGIN = Origin(plan=None, parent=None, root=TRAVERSAL)


async def keep(ports: Ports, story: Story) -> None:
    """Commit a story, one change a step, as the waystation would."""
    await ports.dag_store.put(compile_document(story.document).unwrap())
    origin = evolve(ORIGIN, plan=SinglePlan(story.dag.hash))
    for number, step in enumerate(story.steps):
        if step.decided is not None and step.decided.events:
            decision = Decision(
                version=step.after.version,
                cause=str(number),
                at=step.now,
                events=step.decided.events,
                effects=step.decided.effects,
            )
            change = Change(origin=origin, base=step.before.version, decisions=(decision,), state=step.after)
            await ports.journal.commit([change])


async def assert_folds(ports: Ports, story: Story, limit: int) -> None:
    await keep(ports, story)
    history = History(journal=ports.journal, dag_store=ports.dag_store)
    events: list[Any] = []
    after: Cursor | None = None
    while True:
        page = await history.of_all(TRAVERSAL, after=after, limit=limit)
        if page is None:
            assert story.end == new_traversal(TRAVERSAL), "only what nothing happened to has no history"
            return
        assert len(page.entries) <= limit
        for entry in page.entries:
            events += [EVENTS.from_json(EVENTS.to_json(event)).unwrap() for event in entry.decision.events]
            assert len(entry.lines) == len(entry.decision.events)
        if not page.has_more:
            break
        after = parse_cursor(str(page.entries[-1].cursor))
        assert after == page.entries[-1].cursor
    stored = (await ports.journal.load([TRAVERSAL]))[TRAVERSAL]
    assert fold(events, new_traversal(TRAVERSAL)) == stored.state == story.end


@given(stories(), st.integers(1, 5))
def test_a_history_in_memory_folds_to_the_state(story: Story, limit: int) -> None:
    """Seen to fail when a page did not look whether something follows it."""
    asyncio.run(assert_folds(memory_ports(), story, limit))


@settings(max_examples=15)
@given(stories(), st.integers(1, 5))
def test_a_history_in_a_file_folds_to_the_state(story: Story, limit: int) -> None:
    async def run() -> None:
        with TemporaryDirectory() as folder:
            async with sqlite_ports(Path(folder)) as ports:
                await assert_folds(ports, story, limit)

    asyncio.run(run())
