"""The laws of a run in one table: those of the machine, and whatever invariants a user adds."""

from collections.abc import Callable, Sequence
from typing import Final

from attrs import evolve, frozen

from waygrid_core.testing import laws, traversal_laws
from waygrid_core.testing.invariants import Invariant, Violation, invariant_of
from waygrid_core.testing.stories import Step, Story, shown
from waygrid_core.traversal.signals import CancelBranches, Pause, Unpause

STEERING: Final = (Pause, Unpause)
"""Signals that mean something again when they come again."""


def is_held_for_later(step: Step) -> bool:
    """Whether the signal is a cancel of branches that a pause holds: what is held before it may open their fork."""
    return isinstance(step.signal, CancelBranches) and step.before.status == "Paused"


@frozen
class StoryLaw:
    """A law of a run. `breach` says how a story breaks it, and at which step; None if it keeps it."""

    name: str
    breach: Callable[[Story], Violation | None]


def laws_of(story: Story, invariants: Sequence[Invariant]) -> tuple[StoryLaw, ...]:
    """The invariants, the guarantees of the story's Spec, and the laws of the machine, in this order."""
    guarantees = [invariant_of(guarantee) for guarantee in story.compiled.annotations.guarantees]
    return (*(_of_invariant(each) for each in (*invariants, *guarantees)), *MACHINE_LAWS)


def _of_invariant(invariant: Invariant) -> StoryLaw:
    return StoryLaw(invariant.sentence, lambda story: invariant.watch(story.compiled, story.steps))


def _at_a_step(name: str, check: Callable[[Story], None]) -> StoryLaw:
    """A law that raises what is broken, and that a beginning of a story breaks where the whole does."""

    def breach(story: Story) -> Violation | None:
        why = _broken_by(check, story)
        if why is None:
            return None
        for last in range(len(story.steps)):
            earlier = _broken_by(check, evolve(story, steps=story.steps[: last + 1]))
            if earlier is not None:
                return Violation(last, earlier)
        return Violation(len(story.steps) - 1, why)

    return StoryLaw(name, breach)


def _at_the_end(name: str, check: Callable[[Story], None]) -> StoryLaw:
    """A law that raises what is broken, and that only a whole story breaks."""

    def breach(story: Story) -> Violation | None:
        why = _broken_by(check, story)
        return None if why is None else Violation(len(story.steps) - 1, why)

    return StoryLaw(name, breach)


def _broken_by(check: Callable[[Story], None], story: Story) -> str | None:
    try:
        check(story)
    except AssertionError as error:
        return shown(story.dag, str(error).partition("\n")[0])
    return None


def _ends_once(story: Story) -> None:
    laws.ends_at_most_once(story.machine, story.steps)
    traversal_laws.follows_up_exactly_if_there_is_an_on_end(story)
    traversal_laws.ends_as_its_terminal_effect_says(story)


MACHINE_LAWS: Final[tuple[StoryLaw, ...]] = (
    _at_a_step(
        "the same signal in the same state gives the same",
        lambda story: laws.decides_the_same_again(story.machine, story.steps),
    ),
    _at_a_step(
        "a refused signal changes nothing", lambda story: laws.refusals_change_nothing(story.machine, story.steps)
    ),
    _at_a_step("the journal alone rebuilds the state", lambda story: laws.replays(story.machine, story.steps)),
    _at_a_step("a traversal ends once and is silent afterwards", _ends_once),
    _at_a_step("no attempt is dispatched twice", traversal_laws.dispatches_each_attempt_once),
    _at_a_step(
        "a signal that comes again changes nothing",
        lambda story: laws.duplicates_change_nothing(story.machine, story.steps, STEERING, is_held_for_later),
    ),
    _at_a_step(
        "effects are the difference of obligations",
        lambda story: laws.effects_are_the_difference_of_obligations(story.machine, story.steps),
    ),
    _at_a_step("what runs waits for something", lambda story: laws.is_never_stuck(story.machine, story.steps)),
    _at_the_end("every answer brings a traversal nearer to its end", traversal_laws.comes_nearer_to_its_end),
    _at_a_step("signals of different branches commute", traversal_laws.signals_of_different_branches_commute),
)
