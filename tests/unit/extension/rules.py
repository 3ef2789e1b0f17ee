"""Rules of a user's, good and bad, for the tests of extensions."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from attrs import field, frozen, validators
from review_rules import Majority, PerCode, Weighted

from waygrid_core.extension.extension import ConditionRule, JoinRule, RetryRule
from waygrid_core.extension.registry import Extensions
from waygrid_core.extension.tally import Tally, Verdict
from waygrid_core.model.address import ServiceAddress
from waygrid_core.model.json_value import JsonValue


@frozen
class Even(ConditionRule):
    """The number at a key of the output is even."""

    name = "Even"
    key: str = "n"

    def holds(self, output: JsonValue) -> bool:
        return isinstance(output, dict) and output[self.key] % 2 == 0


@frozen
class Odd(ConditionRule):
    """Says whatever it is told to say: `raise`, a number, nothing."""

    name = "Odd"
    says: JsonValue = None

    def holds(self, output: JsonValue) -> bool:
        if self.says == "raise":
            raise RuntimeError("it is Sunday")
        return self.says  # type: ignore[return-value]


@frozen
class OddJoin(JoinRule):
    """Does not decide: raises, or says what is no verdict, or nothing at all is decided."""

    name = "OddJoin"
    says: str = "open"

    def judge(self, tally: Tally) -> Verdict:
        if self.says == "raise":
            raise KeyError("nobody")
        return self.says  # type: ignore[return-value]

    def fits(self, branches: Sequence[str]) -> str | None:
        return "it suits nobody" if self.says == "misfit" else None


@frozen
class First(JoinRule):
    """The branch of that name must succeed; the others may do as they like."""

    name = "First"
    branch: str

    def judge(self, tally: Tally) -> Verdict:
        if self.branch not in tally.names:
            return "cannot-hold"
        verdicts: dict[str, Verdict] = {"succeeded": "holds", "lost": "cannot-hold", "left": "open"}
        return verdicts[tally.standing(self.branch)]


@frozen
class OddRetry(RetryRule):
    """Retries for ever, or waits for less than nothing, or raises, or says no duration."""

    name = "OddRetry"
    how: Literal["for-ever", "backwards", "raise", "text", "a-century"] = "for-ever"

    def delay(self, attempt: int, code: str, draw: float) -> timedelta | None:
        answers: dict[str, Any] = {
            "for-ever": timedelta(0),
            "backwards": timedelta(seconds=-1),
            "text": "5s",
            "a-century": timedelta(days=36_500),
        }
        answer: timedelta | None = answers[self.how]
        return answer


@frozen
class Everything(ConditionRule):
    """A field of every type that there is."""

    name = "Everything"

    text: str
    whole_number: int
    number: float
    flag: bool
    delay: timedelta
    at: datetime
    to: ServiceAddress
    level: Literal["low", "high"]
    anything: JsonValue
    names: tuple[str, ...]
    limits: Mapping[str, int]
    perhaps: timedelta | None = None
    many: tuple[Mapping[str, tuple[float, ...]], ...] = ()
    positive: int = field(default=1, validator=validators.ge(1))

    def holds(self, output: JsonValue) -> bool:
        return False


RULES = Extensions.of(Even, Odd, OddJoin, First, OddRetry, Everything, Majority, Weighted, PerCode)

EVERYTHING: dict[str, Any] = {
    "type": "Everything",
    "text": "é",
    "wholeNumber": 3,
    "number": 2.5,
    "flag": True,
    "delay": "90s",
    "at": "2026-01-31T08:00:00+01:00",
    "to": "waygrid://processor/openai",
    "level": "high",
    "anything": {"$from": "/payload", "a": [None, 1.5]},
    "names": ["b", "a"],
    "limits": {"x": 1},
}
