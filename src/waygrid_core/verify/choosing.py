"""A transition of a twin under every way in which its choices may fall.

What a transition asks is known only as it asks: one choice may lead to another. So it is made first with the first
answer to whatever it asks, and again for each other answer at each place, as one walks a tree depth first.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from attrs import evolve, frozen

from waygrid_core.model.json_value import JsonValue
from waygrid_core.outcome import Failure
from waygrid_core.traversal.machine import Transition, transition
from waygrid_core.traversal.rejections import TraversalError
from waygrid_core.traversal.signals import Begin, Signal
from waygrid_core.traversal.state import TraversalState
from waygrid_core.verify.twin import Question, Twin

NOON: Final = datetime(2026, 1, 1, 12, tzinfo=UTC)
"""The instant of everything: the machine compares no instants but those that a twin has made choices of."""


@frozen
class Chosen:
    """A transition, and the answers that it was given."""

    choices: tuple[tuple[Question, JsonValue], ...]
    outcome: Transition | TraversalError


class _Answers(dict[str, JsonValue]):
    """A payload that answers what it is asked: as `path` says, and beyond it with the first option."""

    def __init__(self, options: Mapping[Question, tuple[JsonValue, ...]], path: tuple[int, ...]) -> None:
        super().__init__()
        self._options = options
        self._path = path
        self.asked: list[Question] = []
        self.taken: list[int] = []

    def __contains__(self, question: object) -> bool:
        return question in self._options

    def __getitem__(self, question: Question) -> JsonValue:
        if question in self.asked:
            at = self.asked.index(question)
        else:
            at = len(self.asked)
            self.asked.append(question)
            self.taken.append(self._path[at] if at < len(self._path) else 0)
        return self._options[question][self.taken[at]]


def every_transition(twin: Twin, state: TraversalState, signal: Signal) -> Iterator[Chosen]:
    """Every transition that `signal` may make of `state`. The states they reach have an empty payload again."""
    waiting: list[tuple[int, ...]] = [()]
    while waiting:
        path = waiting.pop()
        answers = _Answers(twin.options, path)
        if isinstance(signal, Begin):
            outcome = transition(twin.dag, state, evolve(signal, payload=answers), NOON)
        else:
            outcome = transition(twin.dag, evolve(state, payload=answers), signal, NOON)
        taken = tuple(answers.taken)
        for place in range(len(taken) - 1, len(path) - 1, -1):
            alternatives = range(len(twin.options[answers.asked[place]]) - 1, 0, -1)
            waiting.extend((*taken[:place], other) for other in alternatives)
        choices = tuple(
            (question, twin.options[question][index]) for question, index in zip(answers.asked, taken, strict=True)
        )
        yield Chosen(choices, outcome.failure() if isinstance(outcome, Failure) else _emptied(outcome.unwrap()))


def transition_with(
    twin: Twin, state: TraversalState, signal: Signal, choices: Sequence[tuple[Question, JsonValue]]
) -> Transition | None:
    """The transition that answers with these choices; None if it is refused or raises."""
    try:
        for chosen in every_transition(twin, state, signal):
            if chosen.choices == tuple(choices) and isinstance(chosen.outcome, Transition):
                return chosen.outcome
    except Exception:  # the seam: an extension's code may raise anything, and that was noted when it did first
        return None
    return None


def _emptied(made: Transition) -> Transition:
    return Transition(evolve(made.state, payload=None), made.events, made.effects)
