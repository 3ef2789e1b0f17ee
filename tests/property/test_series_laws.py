"""Laws 1 to 7 for the machine of a series and of a loop, and what makes it a series: its grid, and no overlap."""

from hypothesis import given, note

from waygrid_core.children.plan import LoopPlan, SeriesPlan
from waygrid_core.children.series_effects import StartRun
from waygrid_core.children.series_events import RunEnded, RunStarted
from waygrid_core.policy.repeat import Indefinitely, NoRepeat, Times, Until
from waygrid_core.testing import laws
from waygrid_core.testing.series_stories import Repeating, SeriesStory, repeating, tell_series
from waygrid_core.testing.stories import START, Plot, plots
from waygrid_core.traversal.effects import StartFollowUp
from waygrid_core.traversal.signals import Cancel, Pause, Unpause


def told(plot: Plot, repeats: Repeating) -> SeriesStory:
    """The story, noted for the report of a failure."""
    story = tell_series(plot, repeats)
    note(str(story))
    return story


@given(plots(12), repeating())
def test_law_1_any_signal_in_any_state_has_one_result_and_never_raises(plot: Plot, repeats: Repeating) -> None:
    story = told(plot, repeats)
    laws.is_deterministic(story.machine, story.steps[:30])


@given(plots(), repeating())
def test_law_2_a_refused_signal_changes_nothing(plot: Plot, repeats: Repeating) -> None:
    story = told(plot, repeats)
    laws.refusals_change_nothing(story.machine, story.steps)


@given(plots(), repeating())
def test_law_3_the_journal_alone_rebuilds_the_state(plot: Plot, repeats: Repeating) -> None:
    story = told(plot, repeats)
    laws.replays(story.machine, story.steps)


@given(plots(), repeating())
def test_law_4_a_series_ends_once_and_is_silent_afterwards(plot: Plot, repeats: Repeating) -> None:
    story = told(plot, repeats)
    laws.ends_at_most_once(story.machine, story.steps)
    follow_ups = [
        effect for step in story.steps if step.decided for effect in step.decided.effects
        if isinstance(effect, StartFollowUp)
    ]  # fmt: skip
    end = story.steps[-1].after
    assert len(follow_ups) == (1 if end.has_ended and end.has_begun and repeats.dag.on_end is not None else 0)


@given(plots(), repeating())
def test_law_5_no_run_is_started_twice_and_duplicates_change_nothing(plot: Plot, repeats: Repeating) -> None:
    """Seen to fail when any run's end was taken for the end of the run in flight."""
    story = told(plot, repeats)
    laws.duplicates_change_nothing(story.machine, story.steps, (Pause, Unpause))
    started = [
        effect.run for step in story.steps if step.decided for effect in step.decided.effects
        if isinstance(effect, StartRun)
    ]  # fmt: skip
    assert started == [*range(1, len(started) + 1)]


@given(plots(), repeating())
def test_law_6_effects_are_the_difference_of_obligations(plot: Plot, repeats: Repeating) -> None:
    """Seen to fail when a cancel between two runs left the timer of the next one set."""
    story = told(plot, repeats)
    laws.effects_are_the_difference_of_obligations(story.machine, story.steps)


@given(plots(), repeating())
def test_law_7_a_series_is_never_stuck_and_ends_within_its_bound(plot: Plot, repeats: Repeating) -> None:
    """Seen to fail when a series of n runs had n + 1."""
    story = told(plot, repeats)
    laws.is_never_stuck(story.machine, story.steps)
    assert story.steps[-1].after.has_ended
    runs = story.steps[-1].after.runs
    match repeats:
        case Repeating(plan=LoopPlan(at_most=at_most)):
            assert runs <= at_most
        case Repeating(dag=dag):
            match dag.repeat_policy:
                case NoRepeat():
                    assert runs <= 1
                case Times(times=times):
                    assert runs <= times
                case Until(every=every, until=until):
                    assert runs <= 1 + (until - START) / every
                case Indefinitely():
                    pass


@given(plots(), repeating())
def test_runs_keep_to_the_grid_of_planned_starts_and_never_overlap(plot: Plot, repeats: Repeating) -> None:
    """A series has a grid and gives every run the payload; a loop starts `every` after the last real start, and gives
    each round the output of the one before. Seen to fail when a late run moved the grid, and when a paused series went
    on."""
    story = told(plot, repeats)
    running: RunStarted | None = None
    last: RunStarted | None = None
    output: object = plot.payload
    for step in story.steps:
        if step.before.status == "Paused" and not isinstance(step.signal, Unpause | Cancel) and step.decided:
            assert not step.decided.effects, "a paused series does nothing"
        for event in () if step.decided is None else step.decided.events:
            match event:
                case RunStarted(planned=planned, started=started, payload=payload):
                    assert running is None, "two runs at once"
                    assert started == step.now
                    assert planned <= started
                    if isinstance(repeats.plan, SeriesPlan):
                        assert payload == plot.payload
                        policy = repeats.dag.repeat_policy
                        assert last is None or not isinstance(policy, NoRepeat)
                        if last is not None and not isinstance(policy, NoRepeat):
                            assert planned == last.planned + policy.every
                    else:
                        assert payload == output
                        assert last is None or started >= last.started + (repeats.plan.every or started - last.started)
                    running = last = event
                case RunEnded(end=end):
                    assert running is not None
                    running = None
                    output = getattr(end, "output", None)
                case _:
                    pass
