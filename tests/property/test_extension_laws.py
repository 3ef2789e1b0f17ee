"""The laws of a traversal on random Specs with node kinds, guards and signals of a user's, good ones and bad ones.

Where a docstring names a planted bug, the law was seen to fail with it here.
"""

from hypothesis import given, note

from tests.property.extended import extended_documents, extended_stories
from tests.unit.traversal.extensions import EXTENSIONS
from waygrid_core.compile.pipeline import compile_document
from waygrid_core.dag.flat import dag_from_json, dag_to_json
from waygrid_core.spec.check import check_spec
from waygrid_core.spec.write import write_spec
from waygrid_core.testing import laws, traversal_laws
from waygrid_core.testing.data import Document
from waygrid_core.testing.stories import Story
from waygrid_core.testing.story_laws import STEERING, is_held_for_later


@given(extended_stories(max_moves=12))
def test_law_1_any_signal_in_any_state_has_one_result_and_never_raises(story: Story) -> None:
    """Seen to fail when a kind was given the state's own memory, and changed it in place."""
    note(str(story))
    laws.is_deterministic(story.machine, story.steps)


@given(extended_stories())
def test_law_2_a_refused_signal_changes_nothing(story: Story) -> None:
    note(str(story))
    laws.refusals_change_nothing(story.machine, story.steps)


@given(extended_stories())
def test_law_3_the_journal_alone_rebuilds_the_state(story: Story) -> None:
    note(str(story))
    laws.replays(story.machine, story.steps)


@given(extended_stories())
def test_law_4_a_traversal_ends_once_and_is_silent_afterwards(story: Story) -> None:
    note(str(story))
    laws.ends_at_most_once(story.machine, story.steps)
    traversal_laws.follows_up_exactly_if_there_is_an_on_end(story)
    traversal_laws.ends_as_its_terminal_effect_says(story)


@given(extended_stories(max_moves=15))
def test_law_5_no_attempt_is_dispatched_twice_and_duplicates_change_nothing(story: Story) -> None:
    """Seen to fail when what was told twice was heard twice."""
    note(str(story))
    traversal_laws.dispatches_each_attempt_once(story)
    laws.duplicates_change_nothing(story.machine, story.steps, STEERING, is_held_for_later)


@given(extended_stories())
def test_law_6_effects_are_the_difference_of_obligations(story: Story) -> None:
    """Seen to fail when a node that a signal ended left its attempt and its timer behind."""
    note(str(story))
    laws.effects_are_the_difference_of_obligations(story.machine, story.steps)


@given(extended_stories())
def test_law_7_a_traversal_is_never_stuck_and_comes_nearer_to_its_end_with_every_answer(story: Story) -> None:
    note(str(story))
    laws.is_never_stuck(story.machine, story.steps)
    traversal_laws.comes_nearer_to_its_end(story)


@given(extended_stories(max_moves=12, guards=False))
def test_law_8_signals_of_different_branches_commute(story: Story) -> None:
    """Guards are left out: they see an order, and may mind it."""
    note(str(story))
    traversal_laws.signals_of_different_branches_commute(story)


@given(extended_documents())
def test_a_document_is_written_as_it_was_read(document: Document) -> None:
    checked = check_spec(document, extensions=EXTENSIONS)
    assert checked.spec is not None
    assert checked.problems == ()
    assert check_spec(write_spec(checked.spec), extensions=EXTENSIONS).spec == checked.spec


@given(extended_documents())
def test_a_flat_dag_reads_as_the_dag_that_it_was_written_from(document: Document) -> None:
    compiled = compile_document(document, extensions=EXTENSIONS).unwrap()
    read = dag_from_json(dag_to_json(compiled), extensions=EXTENSIONS).unwrap()
    assert read == compiled
    assert read.dag.nodes == compiled.dag.nodes
    assert (read.dag.guards, read.dag.signals) == (compiled.dag.guards, compiled.dag.signals)
