"""`{"type": "Weighted", "weights": {"legal": 3, "sales": 1}, "needed": 3}`: some branches count more than others."""

from collections.abc import Mapping, Sequence

from attrs import field, frozen, validators

from waygrid_core.extension.extension import JoinRule
from waygrid_core.extension.tally import Standing, Tally, Verdict


@frozen
class Weighted(JoinRule):
    """Holds when the branches that succeeded weigh `needed` together. A branch without a weight weighs 1."""

    name = "Weighted"

    needed: int = field(validator=validators.ge(1))
    weights: Mapping[str, int] = field(factory=dict, validator=validators.deep_mapping(None, validators.ge(0)))

    def judge(self, tally: Tally) -> Verdict:
        """The sums of weights say it."""
        if self._weight(tally, "succeeded") >= self.needed:
            return "holds"
        reachable = self._weight(tally, "succeeded") + self._weight(tally, "left")
        return "open" if reachable >= self.needed else "cannot-hold"

    def fits(self, branches: Sequence[str]) -> str | None:
        """Asked when a Spec is compiled: a mistake that shows there is no surprise at night."""
        strangers = sorted(set(self.weights) - set(branches))
        if strangers:
            return f"the fork has no branch {strangers[0]!r}; it has {', '.join(branches)}"
        together = sum(self.weights.get(name, 1) for name in branches)
        if together < self.needed:
            return f"all branches together weigh {together}, and {self.needed} is needed"
        return None

    def _weight(self, tally: Tally, standing: Standing) -> int:
        return sum(self.weights.get(name, 1) for name in tally.names_of(standing))
