"""The laws of a traversal, one test each, on random Specs and stories.

Each docstring names the planted bug with which the law was seen to fail.
"""

from hypothesis import given, note

from waygrid_core.testing import laws, traversal_laws
from waygrid_core.testing.stories import Story
from waygrid_core.testing.story_laws import STEERING, is_held_for_later
from waygrid_core.testing.strategies import stories


@given(stories(max_moves=12))
def test_law_1_any_signal_in_any_state_has_one_result_and_never_raises(story: Story) -> None:
    """Seen to fail when a timer of a node that had not been reached raised `KeyError`, and when a retry's jitter was
    drawn from a counter instead of from the attempt."""
    note(str(story))
    laws.is_deterministic(story.machine, story.steps)


@given(stories())
def test_law_2_a_refused_signal_changes_nothing(story: Story) -> None:
    """Seen to fail when a refused signal left a reason in the state that the next decision started from."""
    note(str(story))
    laws.refusals_change_nothing(story.machine, story.steps)


@given(stories())
def test_law_3_the_journal_alone_rebuilds_the_state(story: Story) -> None:
    """Seen to fail when a transition counted itself in the version, beside its events."""
    note(str(story))
    laws.replays(story.machine, story.steps)


@given(stories())
def test_law_4_a_traversal_ends_once_and_is_silent_afterwards(story: Story) -> None:
    """Seen to fail when a completed traversal still heard a cancel, and when a cancel started no `onEnd`."""
    note(str(story))
    laws.ends_at_most_once(story.machine, story.steps)
    traversal_laws.follows_up_exactly_if_there_is_an_on_end(story)
    traversal_laws.ends_as_its_terminal_effect_says(story)


@given(stories(max_moves=15))
def test_law_5_no_attempt_is_dispatched_twice_and_duplicates_change_nothing(story: Story) -> None:
    """Seen to fail when an answer was not checked against the attempt in flight, when a paused traversal held the same
    signal twice, when a second start of an attempt was written again, and when a retry kept its attempt's number."""
    note(str(story))
    traversal_laws.dispatches_each_attempt_once(story)
    laws.duplicates_change_nothing(story.machine, story.steps, STEERING, is_held_for_later)


@given(stories())
def test_law_6_effects_are_the_difference_of_obligations(story: Story) -> None:
    """Seen to fail when a canceled retry kept its timer, when the timer of an answered attempt or of a decided join
    stayed set, and when an attempt whose answer was held was canceled."""
    note(str(story))
    laws.effects_are_the_difference_of_obligations(story.machine, story.steps)


@given(stories())
def test_law_7_a_traversal_is_never_stuck_and_comes_nearer_to_its_end_with_every_answer(story: Story) -> None:
    """Seen to fail when only the first branch of a fork ever opened the next one, when no number of lost branches
    failed a join, and when a retry policy's count was not read."""
    note(str(story))
    laws.is_never_stuck(story.machine, story.steps)
    traversal_laws.comes_nearer_to_its_end(story)


@given(stories(max_moves=12))
def test_law_8_signals_of_different_branches_commute(story: Story) -> None:
    """Seen to fail when a failed branch of an `Or` canceled the last branch that ran beside it."""
    note(str(story))
    traversal_laws.signals_of_different_branches_commute(story)
