"""What workers answer: the outcomes of a scenario, and how far each list of them has been used."""

from collections.abc import Mapping
from typing import Final

from waygrid_core.simulation.naming import Place
from waygrid_core.simulation.scenario import IsDone, ScriptedOutcome, Succeeds

DEFAULT_OUTCOME: Final = ScriptedOutcome(Succeeds({}))
"""What a node without a script comes to."""


class Script:
    """Hands out scripted outcomes. An attempt takes the next entry at its place; the last one is repeated.

    The position goes on over the runs of a series, the rounds of a loop and the attempts of a call, for they share a
    place; each member of an each has a position of its own.
    """

    __slots__ = ("_fresh", "_outcomes", "_positions")

    def __init__(self, outcomes: Mapping[str, tuple[ScriptedOutcome, ...]]) -> None:
        self._outcomes = outcomes
        self._positions: dict[tuple[str, tuple[int, ...]], int] = {}
        self._fresh = 0

    def has(self, place: Place, name: str | None) -> bool:
        """Whether the node called `name` there is scripted."""
        return name is not None and bool(self._outcomes) and place.prefix + name in self._outcomes

    def is_done(self, place: Place, name: str | None) -> bool:
        """Whether the script says what the kind of the node called `name` there makes of answers, instead of them."""
        entries = () if name is None else self._outcomes.get(place.prefix + name, ())
        return any(isinstance(outcome.result, IsDone) for outcome in entries)

    def next_outcome(self, place: Place, name: str) -> ScriptedOutcome:
        """What the next attempt of the node called `name` there comes to."""
        full_name = place.prefix + name
        entries = self._outcomes.get(full_name)
        if not entries:
            return DEFAULT_OUTCOME
        key = (full_name, place.members)
        position = self._positions.get(key, 0)
        self._positions[key] = position + 1
        if position < len(entries):
            self._fresh += 1
            return entries[position]
        return entries[-1]

    @property
    def taken(self) -> int:
        """How many entries have been taken for the first time."""
        return self._fresh

    @property
    def is_used_up(self) -> bool:
        """Whether no list that was begun has an entry that nobody took."""
        return all(position >= len(self._outcomes[name]) for (name, _), position in self._positions.items())
