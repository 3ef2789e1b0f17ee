"""What is found about a Spec, and the verdict that follows from it."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

from attrs import frozen

from waygrid_core.verify.explore import Step
from waygrid_core.verify.levels import Level

Severity: TypeAlias = Literal["error", "warning"]

Verdict: TypeAlias = Literal["proved", "broken", "bounded"]
"""`proved`: all runs were gone through, and nothing is broken. `bounded`: nothing is broken in the runs that were."""

CODES: dict[str, tuple[Severity, str]] = {
    "guarantee-broken": ("error", "A guarantee of the Spec is broken."),
    "guarantee-guarded": ("warning", "A guard may end a run before a guarantee is kept."),
    "stuck": ("error", "A state waits for nothing and has not ended."),
    "ended-wrongly": ("error", "A traversal ends without saying so, or says so more than once."),
    "machine-refused": ("error", "The machine refuses an answer that it waits for."),
    "machine-raised": ("error", "The machine raises an exception."),
    "join-never-holds": ("error", "A join can never hold."),
    "until-never-holds": ("error", "The until of a loop can never hold."),
    "unreachable-node": ("error", "No run reaches a node."),
    "unreachable-edge": ("warning", "No run takes an edge."),
    "unhandled-failure": ("warning", "A failure that nothing handles ends the traversal."),
    "retry-budget": ("warning", "Retries need more time than there is."),
    "unbounded-await": ("warning", "An await may wait for ever."),
}
"""Everything that may be found: how grave it is, and what it means."""


@frozen(kw_only=True)
class Finding:
    """Something found. `nodes` are the titles of those that it is about, `run` a shortest run that shows it, if any."""

    code: str
    sentence: str
    nodes: tuple[str, ...] = ()
    run: tuple[Step, ...] = ()

    @property
    def severity(self) -> Severity:
        """How grave it is."""
        return CODES[self.code][0]


@frozen(kw_only=True)
class LevelReport:
    """What was found about one level. `ends` are the statuses in which runs end."""

    level: Level
    states: int
    transitions: int
    is_exhaustive: bool
    ends: tuple[str, ...]
    findings: tuple[Finding, ...]
    guarantees: int

    @property
    def verdict(self) -> Verdict:
        """What follows."""
        if any(finding.severity == "error" for finding in self.findings):
            return "broken"
        return "proved" if self.is_exhaustive else "bounded"


@frozen(kw_only=True)
class Verification:
    """A Spec that was verified: its own level first."""

    reports: tuple[LevelReport, ...]

    @property
    def verdict(self) -> Verdict:
        """That of the worst level."""
        verdicts: Sequence[Verdict] = ("broken", "bounded", "proved")
        return next(each for each in verdicts if any(report.verdict == each for report in self.reports))

    @property
    def findings(self) -> tuple[tuple[Level, Finding], ...]:
        """All of them, errors first, each with its level."""
        found = [(report.level, finding) for report in self.reports for finding in report.findings]
        return tuple(sorted(found, key=lambda each: each[1].severity != "error"))
