"""What a join rule is asked about: how the branches of a fork stand; and what it may say."""

from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeAlias

from attrs import frozen

Verdict: TypeAlias = Literal["holds", "cannot-hold", "open"]
"""The join succeeds; it fails, whatever is still to come; it is not decided yet."""

VERDICTS: Final[frozenset[Verdict]] = frozenset({"holds", "cannot-hold", "open"})

Standing: TypeAlias = Literal["succeeded", "lost", "left"]
"""`lost`: failed, timed out or canceled. `left`: waits or runs."""


@frozen(eq=False)
class Tally:
    """How the branches of one fork stand. `names` are in name order; of an each, in the order of its list.

    The counts cost nothing; `names_of` looks at every branch.
    """

    names: tuple[str, ...]
    succeeded: int
    lost: int
    standing: Callable[[str], Standing]
    """How the branch of that name stands. Raises `KeyError` for another name."""

    @classmethod
    def of(cls, branches: Mapping[str, Standing]) -> "Tally":
        """The tally of these branches, in the order of their names."""
        standings = list(branches.values())
        names = tuple(sorted(branches))
        return cls(names, standings.count("succeeded"), standings.count("lost"), branches.__getitem__)

    @property
    def total(self) -> int:
        """How many branches there are."""
        return len(self.names)

    @property
    def left(self) -> int:
        """How many still wait or run."""
        return len(self.names) - self.succeeded - self.lost

    @property
    def is_over(self) -> bool:
        """Whether nobody is left: a rule that still says "open" then fails the join."""
        return self.left == 0

    def names_of(self, standing: Standing) -> tuple[str, ...]:
        """The branches that stand so, in the order of `names`."""
        return tuple(name for name in self.names if self.standing(name) == standing)
