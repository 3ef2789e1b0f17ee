"""What a journal tells is enough: of every decision the signal, and with that the machine decides it again."""

from hypothesis import given, note

from tests.property.extended import extended_stories
from waygrid_core.children.plan import SinglePlan
from waygrid_core.compile.pipeline import compile_document
from waygrid_core.history.journal_file import (
    JournalFile,
    RecordedDecision,
    RecordedTraversal,
    read_journal,
    write_journal,
)
from waygrid_core.history.replaying import moments, suppose
from waygrid_core.outcome import Failure
from waygrid_core.testing.stories import TRAVERSAL, Story
from waygrid_core.testing.strategies import stories
from waygrid_core.traversal.machine import transition


def recorded(story: Story) -> RecordedTraversal:
    decisions = tuple(
        RecordedDecision(
            version=step.after.version,
            cause=str(number),
            at=step.now,
            events=step.decided.events,
            effects=step.decided.effects,
        )
        for number, step in enumerate(story.steps)
        if step.decided is not None and step.decided.events
    )
    plan = SinglePlan(story.dag.hash)
    return RecordedTraversal(traversal=TRAVERSAL, root=TRAVERSAL, plan=plan, parent=None, decisions=decisions)


@given(stories())
def test_the_signal_of_each_decision_makes_it_again(story: Story) -> None:
    note(str(story))
    for moment in moments(recorded(story), story.dag):
        assert moment.signal is not None, moment.events
        outcome = transition(story.dag, moment.before, moment.signal, moment.at)  # type: ignore[arg-type]
        assert not isinstance(outcome, Failure), outcome.failure()
        assert (outcome.unwrap().events, outcome.unwrap().effects) == (moment.events, moment.effects)


@given(extended_stories())
def test_so_it_does_where_extensions_decide(story: Story) -> None:
    note(str(story))
    for moment in moments(recorded(story), story.dag):
        assert moment.signal is not None, moment.events
        outcome = transition(story.dag, moment.before, moment.signal, moment.at)  # type: ignore[arg-type]
        assert not isinstance(outcome, Failure), outcome.failure()
        assert (outcome.unwrap().events, outcome.unwrap().effects) == (moment.events, moment.effects)


@given(stories())
def test_supposing_what_was_so_changes_nothing(story: Story) -> None:
    note(str(story))
    whole = recorded(story)
    for moment in moments(whole, story.dag):
        supposed = suppose(whole, story.dag, moment.number, moment.signal)
        assert supposed.unheard == ()
        assert supposed.state == story.end
        assert [each.events for each in supposed.moments] == [
            each.events for each in whole.decisions[moment.number - 1 :]
        ]


@given(stories())
def test_a_journal_that_is_written_is_read_as_it_was(story: Story) -> None:
    compiled = compile_document(story.document).unwrap()
    file = JournalFile(traversal=TRAVERSAL, traversals=(recorded(story),), dags={compiled.dag.hash: compiled})
    read = read_journal(write_journal(file))
    assert not isinstance(read, Failure), read.failure()
    assert read.unwrap() == file
