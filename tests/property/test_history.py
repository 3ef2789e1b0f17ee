"""What people are told and shown, on random Specs and stories."""

from hypothesis import given, note

from waygrid_core.children.plan import SinglePlan
from waygrid_core.children.series_events import SeriesEvent
from waygrid_core.dag.dag import CompiledDag
from waygrid_core.dag.naming import names_of
from waygrid_core.history.picture import pictures
from waygrid_core.history.standing import Standing
from waygrid_core.history.status import status_after
from waygrid_core.history.story import AnyEvent
from waygrid_core.history.story import Story as ToldStory
from waygrid_core.history.waiting import waits
from waygrid_core.testing.series_stories import Repeating, repeating, tell_series
from waygrid_core.testing.stories import TRAVERSAL, Plot, Story, plots
from waygrid_core.testing.strategies import stories
from waygrid_core.traversal.node_status import node_status
from waygrid_core.traversal.obligations import obligations
from waygrid_core.traversal.state import TraversalStatus


def standing_of(story: Story) -> Standing:
    compiled = CompiledDag(dag=story.dag)
    return Standing(TRAVERSAL, TRAVERSAL, SinglePlan(story.dag.hash), compiled, compiled.annotations)


@given(stories())
def test_every_event_of_every_story_is_told_in_one_line(story: Story) -> None:
    """Seen to fail when a node that waits for its time had no sentence."""
    note(str(story))
    told = ToldStory(standing_of(story))
    for step in story.steps:
        if step.decided is not None:
            events: tuple[AnyEvent, ...] = step.decided.events
            lines = told.tell(events, step.now)
            assert len(lines) == len(events)
            assert all(line and "\n" not in line and not line.endswith(".") for line in lines), lines


@given(stories())
def test_what_is_shown_of_a_traversal_is_its_state(story: Story) -> None:
    """Seen to fail when a paused traversal showed nothing that it waits for."""
    note(str(story))
    standing = standing_of(story)
    names = names_of(story.dag, standing.annotations)
    for state in [step.after for step in story.steps]:
        shown = {picture.id: picture for picture in pictures(standing, state)}
        assert shown.keys() >= names.keys()
        for node, picture in shown.items():
            assert picture.name == names.get(node, picture.name)
            run = state.nodes.get(node)
            assert picture.status == ("not-reached" if run is None else node_status(run))
        assert len(waits(standing, state)) == len(obligations(state))


@given(stories())
def test_the_status_after_an_event_is_that_of_the_state(story: Story) -> None:
    """Seen to fail when a canceled traversal was left running."""
    status: TraversalStatus = "New"
    for step in story.steps:
        if step.decided is not None:
            for event in step.decided.events:
                status = status_after(status, event)
            assert status == step.after.status


@given(plots(12), repeating())
def test_every_event_of_every_series_is_told_in_one_line(plot: Plot, repeats: Repeating) -> None:
    """Seen to fail when a resumed series stayed paused."""
    story = tell_series(plot, repeats)
    compiled = CompiledDag(dag=repeats.dag)
    standing = Standing(TRAVERSAL, TRAVERSAL, repeats.plan, compiled, compiled.annotations)
    told = ToldStory(standing)
    status: TraversalStatus = "New"
    for step in story.steps:
        if step.decided is not None:
            events: tuple[SeriesEvent, ...] = step.decided.events
            lines = told.tell(events, step.now)
            assert len(lines) == len(events)
            assert all(line and "\n" not in line for line in lines), lines
            for event in events:
                status = status_after(status, event)
            assert status == step.after.status
            assert len(waits(standing, step.after)) <= 1
