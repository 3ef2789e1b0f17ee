"""What a journal tells is enough: of every decision the signal, and with that the machine decides it again."""

import json
from typing import Any

from hypothesis import assume, given, note
from hypothesis import strategies as st

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


def _damaged(document: Any, data: st.DataObject) -> str:
    """Does to a journal what a bad copy, or somebody's editor, may do; what it did."""
    decisions = document["traversals"][0]["decisions"]
    decision = data.draw(st.sampled_from(decisions))
    events = decision["events"]
    what: str = data.draw(
        st.sampled_from(["a decision less", "an event less", "another node", "turned round", "twice", "no events"])
    )
    match what:
        case "a decision less":
            decisions.remove(decision)
        case "an event less":
            events.remove(data.draw(st.sampled_from(events)))
        case "another node":
            changed = data.draw(st.sampled_from(events))
            changed |= {name: "f" * 16 for name in ("node", "fork", "join") if name in changed}
        case "turned round":
            decisions.reverse()
        case "twice":
            document["traversals"] *= 2
        case _:
            decision["events"] = []
    return what


@given(stories(), st.data())
def test_a_damaged_journal_is_refused_with_a_sentence_or_gone_through(story: Story, data: st.DataObject) -> None:
    compiled = compile_document(story.document).unwrap()
    whole = recorded(story)
    assume(whole.decisions)
    file = JournalFile(traversal=TRAVERSAL, traversals=(whole,), dags={compiled.dag.hash: compiled})
    document: Any = json.loads(json.dumps(write_journal(file)))
    what = _damaged(document, data)
    read = read_journal(document)
    if isinstance(read, Failure):
        assert TRAVERSAL in read.failure()
    else:
        assert what not in ("twice", "an event less", "no events")
        list(moments(read.unwrap().traversals[0], story.dag))
