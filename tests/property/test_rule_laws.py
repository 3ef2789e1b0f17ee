"""The laws of a traversal on random Specs with conditions, join strategies and retry policies of a user's, good ones
and bad ones; and what a Spec is without them.
"""

from hypothesis import given, note

from tests.property.ruled import ruled_documents, ruled_stories
from tests.unit.extension.rules import RULES
from waygrid_core.compile.pipeline import compile_document
from waygrid_core.dag.extensions import extensions_in, extensions_of
from waygrid_core.dag.flat import dag_from_json, dag_to_json, has_extensions
from waygrid_core.spec.check import check_spec
from waygrid_core.spec.write import write_spec
from waygrid_core.testing import laws, traversal_laws
from waygrid_core.testing.data import Document
from waygrid_core.testing.documents import documents
from waygrid_core.testing.stories import Story
from waygrid_core.testing.story_laws import STEERING, is_held_for_later


@given(ruled_stories(max_moves=12))
def test_law_1_any_signal_in_any_state_has_one_result_and_never_raises(story: Story) -> None:
    note(str(story))
    laws.is_deterministic(story.machine, story.steps)


@given(ruled_stories())
def test_law_2_a_refused_signal_changes_nothing(story: Story) -> None:
    note(str(story))
    laws.refusals_change_nothing(story.machine, story.steps)


@given(ruled_stories())
def test_law_3_the_journal_alone_rebuilds_the_state(story: Story) -> None:
    note(str(story))
    laws.replays(story.machine, story.steps)


@given(ruled_stories())
def test_law_4_a_traversal_ends_once_and_is_silent_afterwards(story: Story) -> None:
    note(str(story))
    laws.ends_at_most_once(story.machine, story.steps)
    traversal_laws.follows_up_exactly_if_there_is_an_on_end(story)
    traversal_laws.ends_as_its_terminal_effect_says(story)


@given(ruled_stories(max_moves=15))
def test_law_5_no_attempt_is_dispatched_twice_and_duplicates_change_nothing(story: Story) -> None:
    note(str(story))
    traversal_laws.dispatches_each_attempt_once(story)
    laws.duplicates_change_nothing(story.machine, story.steps, STEERING, is_held_for_later)


@given(ruled_stories())
def test_law_6_effects_are_the_difference_of_obligations(story: Story) -> None:
    note(str(story))
    laws.effects_are_the_difference_of_obligations(story.machine, story.steps)


@given(ruled_stories())
def test_law_7_a_traversal_is_never_stuck_and_comes_nearer_to_its_end_with_every_answer(story: Story) -> None:
    note(str(story))
    laws.is_never_stuck(story.machine, story.steps)
    traversal_laws.comes_nearer_to_its_end(story)


@given(ruled_stories(max_moves=12))
def test_law_8_signals_of_different_branches_commute(story: Story) -> None:
    note(str(story))
    traversal_laws.signals_of_different_branches_commute(story)


@given(ruled_documents())
def test_a_document_is_written_as_it_was_read(document: Document) -> None:
    checked = check_spec(document, extensions=RULES)
    assert checked.spec is not None
    assert checked.problems == ()
    assert check_spec(write_spec(checked.spec), extensions=RULES).spec == checked.spec


@given(ruled_documents())
def test_a_dag_is_read_from_its_flat_json_with_the_extensions_that_stand_in_it(document: Document) -> None:
    compiled = compile_document(document, extensions=RULES).unwrap()
    flat = dag_to_json(compiled)
    own = extensions_of((compiled.dag, *compiled.bodies.values()))
    read = dag_from_json(flat, extensions=own).unwrap()
    assert read.dag.hash == compiled.dag.hash
    assert dag_to_json(read) == flat


@given(documents(12, 1))
def test_a_spec_without_extensions_is_the_same_whatever_extensions_there_are(document: Document) -> None:
    compiled = compile_document(document).unwrap()
    given_some = compile_document(document, extensions=RULES).unwrap()
    assert given_some.dag.hash == compiled.dag.hash
    assert dag_to_json(given_some) == dag_to_json(compiled)
    dags = (compiled.dag, *compiled.bodies.values())
    assert not any(any(extensions_in(dag)) for dag in dags)
    assert not has_extensions(dag_to_json(compiled)) or "version" in str(document)
