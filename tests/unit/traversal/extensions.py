"""Extensions of a user's, good and bad, for the tests of the machine."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from attrs import frozen

from waygrid_core.extension.answers import Ask, Done, Heard, Refuse, Stop
from waygrid_core.extension.extension import Guard, NodeKind, SignalKind
from waygrid_core.extension.look import Action, End, EndBranches, FailNode, Look, SucceedNode
from waygrid_core.extension.registry import Extensions
from waygrid_core.model.address import ServiceAddress
from waygrid_core.model.json_value import JsonValue
from waygrid_core.traversal.events import NodeDispatched

ORACLE = ServiceAddress("processor", "oracle")


@frozen
class Poll(NodeKind):
    """Asks a service until it has said yes so often; a no is refused."""

    name = "Poll"
    most_rounds: ClassVar[int] = 5

    needed: int
    service: ServiceAddress = ORACLE

    @property
    def address(self) -> ServiceAddress:
        return self.service

    def start(self, input: JsonValue) -> JsonValue:  # noqa: A002
        return {"yes": 0}

    def parameters(self, memory: JsonValue, input: JsonValue) -> Mapping[str, JsonValue]:  # noqa: A002
        assert isinstance(memory, dict)
        return {"round": memory["yes"]}

    def heard(self, memory: JsonValue, answer: JsonValue) -> Heard:
        assert isinstance(memory, dict)
        if answer == "no":
            return Refuse("said-no", "it said no")
        if answer != "yes":
            return Ask(memory)
        memory["yes"] += 1  # in place, as people do
        return Done({"yes": memory["yes"]}) if memory["yes"] >= self.needed else Ask(memory)


@frozen
class Hears(NodeKind):
    """Waits for one event of its own, perhaps of a key of its own."""

    name = "Hears"

    event: str
    key: str | None = None

    @property
    def signal(self) -> str | None:
        return self.event

    def parameters(self, memory: JsonValue, input: JsonValue) -> Mapping[str, JsonValue]:  # noqa: A002
        return {} if self.key is None else {"key": self.key}

    def heard(self, memory: JsonValue, answer: JsonValue) -> Heard:
        return Done(answer)


@frozen
class Odd(NodeKind):
    """Does one thing wrong, whichever it is told to."""

    name = "Odd"

    wrong: str

    @property
    def address(self) -> ServiceAddress:
        if self.wrong == "address":
            raise RuntimeError("nobody")
        return ServiceAddress("system", "waystation") if self.wrong == "system" else ServiceAddress("processor", "x")

    def start(self, input: JsonValue) -> JsonValue:  # noqa: A002
        memory: Any = float("nan") if self.wrong == "start" else None
        return memory  # type: ignore[no-any-return]

    def parameters(self, memory: JsonValue, input: JsonValue) -> Mapping[str, JsonValue]:  # noqa: A002
        given: Any = {1: 2} if self.wrong == "parameters" else {}
        return given  # type: ignore[no-any-return]

    def heard(self, memory: JsonValue, answer: JsonValue) -> Heard:
        given: Any = "yes" if self.wrong == "answer" else Ask({"not": {"JSON"}})  # type: ignore[dict-item]
        return given  # type: ignore[no-any-return]


@frozen
class Budget(Guard):
    """At most so many dispatches."""

    name = "Budget"

    most: int

    def start(self) -> JsonValue:
        return 0

    def watch(self, memory: JsonValue, events: Sequence[object], now: datetime) -> JsonValue | Stop:
        assert isinstance(memory, int)
        spent = memory + sum(isinstance(event, NodeDispatched) for event in events)
        return Stop("budget", f"more than {self.most} dispatches") if spent > self.most else spent


@frozen
class OddGuard(Guard):
    """Raises at the first look, or at the second."""

    name = "OddGuard"

    at: int

    def start(self) -> JsonValue:
        return 0

    def watch(self, memory: JsonValue, events: Sequence[object], now: datetime) -> JsonValue | Stop:
        assert isinstance(memory, int)
        if memory >= self.at:
            raise RuntimeError("it does not know")
        return memory + 1


@frozen
class Do(SignalKind):
    """Does what the data says."""

    name = "Do"

    def handle(self, look: Look, data: JsonValue) -> Sequence[Action]:
        assert isinstance(data, list)
        return [_action(look, *each) for each in data]


@frozen
class Skip(SignalKind):
    """Has a node be done without being done."""

    name = "Skip"

    def handle(self, look: Look, data: JsonValue) -> Sequence[Action]:
        return [SucceedNode(str(data["node"]), {"skipped": True})] if isinstance(data, dict) else []


def _action(look: Look, what: str, *rest: Any) -> Action:
    match what:
        case "succeed":
            return SucceedNode(rest[0], rest[1])
        case "fail":
            return FailNode(*rest)
        case "branches":
            return EndBranches(rest[0], tuple(rest[1]))
        case "statuses":
            return SucceedNode(rest[0], {**look.nodes, "payload": look.payload})
        case _:
            return End(rest[0])


EXTENSIONS = Extensions.of(Poll, Hears, Odd, Budget, OddGuard, Do, Skip)
