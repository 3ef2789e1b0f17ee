"""`{"type": "Majority"}`: more than half of the branches must succeed, however many there are."""

from attrs import frozen

from waygrid_core.extension.extension import JoinRule
from waygrid_core.extension.tally import Tally, Verdict


@frozen
class Majority(JoinRule):
    """Holds as soon as more than half have succeeded, and no longer can once half have not."""

    name = "Majority"
    is_symmetric = True  # only counts matter to it

    def judge(self, tally: Tally) -> Verdict:
        """A verdict of what is known so far; whatever is still to come, "holds" and "cannot-hold" stay so."""
        if 2 * tally.succeeded > tally.total:
            return "holds"
        return "open" if 2 * (tally.succeeded + tally.left) > tally.total else "cannot-hold"
