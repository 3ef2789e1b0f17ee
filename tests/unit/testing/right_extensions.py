"""Extensions that keep every law: what the kit must let pass."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from attrs import field, frozen, validators

from waygrid_core.extension.answers import Ask, Done, Heard, Refuse, Stop
from waygrid_core.extension.extension import ConditionRule, Guard, JoinRule, NodeKind, RetryRule, SignalKind
from waygrid_core.extension.look import Action, EndBranches, FailNode, Look, SucceedNode
from waygrid_core.extension.tally import Tally, Verdict
from waygrid_core.model.address import ServiceAddress
from waygrid_core.model.json_value import JsonValue


@frozen
class Majority(JoinRule):
    """More than half, or more than half of those named."""

    name = "Majority"
    of: tuple[str, ...] = ()

    def judge(self, tally: Tally) -> Verdict:
        counted = [name for name in tally.names if not self.of or name in self.of]
        standings = [tally.standing(name) for name in counted]
        needed = len(counted) // 2 + 1
        if standings.count("succeeded") >= needed:
            return "holds"
        return "open" if standings.count("succeeded") + standings.count("left") >= needed else "cannot-hold"

    def fits(self, branches: Sequence[str]) -> str | None:
        unknown = [name for name in self.of if name not in branches]
        return f"there is no branch {unknown[0]}" if unknown else None


@frozen
class HasWord(ConditionRule):
    """The text of the output has a word in it."""

    name = "HasWord"
    word: str = field(validator=validators.min_len(1))

    def holds(self, output: JsonValue) -> bool:
        return isinstance(output, dict) and self.word in str(output.get("text", "")).split()


@frozen
class Patient(RetryRule):
    """Waits a little longer each time, and longer for a service that is down."""

    name = "Patient"
    base: timedelta
    most: int = field(default=3, validator=[validators.ge(1), validators.le(100)])
    per_code: Mapping[str, timedelta] = field(factory=dict)

    def delay(self, attempt: int, code: str, draw: float) -> timedelta | None:
        return None if attempt > self.most else self.per_code.get(code, self.base) * (attempt + draw)


@frozen
class Approvals(NodeKind):
    """Asks until so many have said yes; one no is enough."""

    name = "Approvals"
    most_rounds = 12
    needed: int = field(default=2, validator=[validators.ge(1), validators.le(10)])
    by: str | None = None

    @property
    def address(self) -> ServiceAddress:
        return ServiceAddress("processor", "ask")

    def parameters(self, memory: JsonValue, input: JsonValue) -> Mapping[str, JsonValue]:  # noqa: A002
        return {"so-far": memory, "by": self.by}

    def start(self, input: JsonValue) -> JsonValue:  # noqa: A002
        return 0

    def heard(self, memory: JsonValue, answer: JsonValue) -> Heard:
        assert isinstance(memory, int)
        if isinstance(answer, dict) and answer.get("flag") is False:
            return Refuse("refused", "somebody said no")
        return Done({"approvals": memory + 1}) if memory + 1 >= self.needed else Ask(memory + 1)


@frozen
class Skip(SignalKind):
    """Somebody says that a node need not be waited for."""

    name = "Skip"

    def handle(self, look: Look, data: JsonValue) -> Sequence[Action]:
        node = data.get("node") if isinstance(data, dict) else None
        if not isinstance(node, str) or node not in look.nodes:
            return [EndBranches("ready", ("second",))] if data is None else []
        return [SucceedNode(node, {}) if look.nodes[node] == "running" else FailNode(node, "skipped")]


@frozen
class Budget(Guard):
    """Ends a traversal that has done too much."""

    name = "Budget"
    most: int = field(default=4, validator=validators.ge(1))

    def start(self) -> JsonValue:
        return 0

    def watch(self, memory: JsonValue, events: Sequence[object], now: datetime) -> JsonValue | Stop:
        assert isinstance(memory, int)
        spent = memory + len(events)
        return Stop("over-budget", f"{spent} things happened") if spent > self.most else spent
