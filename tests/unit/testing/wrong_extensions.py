"""Extensions that are wrong on purpose, each in one way. The kit must say which."""

import os
import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from attrs import field, frozen

from waygrid_core.extension.answers import Ask, Done, Heard, Stop
from waygrid_core.extension.extension import ConditionRule, Guard, JoinRule, NodeKind, RetryRule, SignalKind
from waygrid_core.extension.look import Action, FailNode, Look, SucceedNode
from waygrid_core.extension.tally import Tally, Verdict
from waygrid_core.model.address import ServiceAddress
from waygrid_core.model.json_value import JsonValue


@frozen
class ReadsTheClock(ConditionRule):
    """Holds until midday."""

    name = "ReadsTheClock"

    def holds(self, output: JsonValue) -> bool:
        return datetime.now().hour < 12


@frozen
class DrawsAtRandom(RetryRule):
    """Jitter of its own, which a replay draws anew."""

    name = "DrawsAtRandom"

    def delay(self, attempt: int, code: str, draw: float) -> timedelta | None:
        return timedelta(seconds=random.random()) if attempt < 3 else None


@frozen
class ReadsTheEnvironment(ConditionRule):
    """Is another condition on another machine."""

    name = "ReadsTheEnvironment"

    def holds(self, output: JsonValue) -> bool:
        return os.environ.get("FEATURE") == "on"


@frozen
class CountsItsCalls(ConditionRule):
    """Keeps a number in its class."""

    name = "CountsItsCalls"
    calls: ClassVar[int] = 0

    def holds(self, output: JsonValue) -> bool:
        type(self).calls += 1
        return True


_SEEN: list[JsonValue] = []


@frozen
class HoldsOnce(ConditionRule):
    """Keeps what it saw in its module, and holds of everything once."""

    name = "HoldsOnce"

    def holds(self, output: JsonValue) -> bool:
        is_new = output not in _SEEN
        _SEEN.append(output)
        return is_new


@frozen
class SortsTheOutput(ConditionRule):
    """Writes to what it is given."""

    name = "SortsTheOutput"

    def holds(self, output: JsonValue) -> bool:
        if isinstance(output, dict) and isinstance(output.get("items"), list):
            output["items"].sort(key=repr)
        return True


@frozen
class BelievesInObjects(ConditionRule):
    """Raises where the output is no object with a number in it."""

    name = "BelievesInObjects"

    def holds(self, output: JsonValue) -> bool:
        return output["n"] > 1  # type: ignore[index,operator,call-overload]


@frozen
class IsTruthy(ConditionRule):
    """Gives the value that it found instead of true or false."""

    name = "IsTruthy"

    def holds(self, output: JsonValue) -> bool:
        return isinstance(output, dict) and output.get("text", "")


@frozen
class ForgetsAField(JoinRule):
    """Has a field that decides and is in no hash."""

    name = "ForgetsAField"
    needed: int = field(default=1, validator=lambda _self, _field, value: _within(value))

    def preimage(self) -> JsonValue:
        return {}

    def judge(self, tally: Tally) -> Verdict:
        if tally.succeeded >= min(self.needed, tally.total):
            return "holds"
        return "cannot-hold" if tally.succeeded + tally.left < min(self.needed, tally.total) else "open"


def _within(value: int) -> None:
    if not 1 <= value <= 5:
        raise ValueError("needed must be 1 to 5")


@frozen
class HashesBySetOrder(RetryRule):
    """Puts a set into its hash as it comes."""

    name = "HashesBySetOrder"
    codes: tuple[str, ...] = ()

    def preimage(self) -> JsonValue:
        return list({*self.codes, "failed", "timeout", "upstream", "http-503"})

    def delay(self, attempt: int, code: str, draw: float) -> timedelta | None:
        return timedelta(seconds=1) if attempt < 3 and code in self.codes else None


def _one_more(value: int) -> int:
    return value + 1


@frozen
class ChangesWhenRead(RetryRule):
    """Has a converter that does something each time."""

    name = "ChangesWhenRead"
    most: int = field(converter=_one_more)

    def delay(self, attempt: int, code: str, draw: float) -> timedelta | None:
        return timedelta(seconds=1) if attempt < self.most else None


@frozen
class NeverDecides(JoinRule):
    """Waits for all to succeed, and for nothing else."""

    name = "NeverDecides"

    def judge(self, tally: Tally) -> Verdict:
        return "holds" if tally.succeeded == tally.total else "open"


@frozen
class WantsExactlyOne(JoinRule):
    """Holds of one success, and no longer of two."""

    name = "WantsExactlyOne"

    def judge(self, tally: Tally) -> Verdict:
        if tally.succeeded == 1:
            return "holds"
        return "cannot-hold" if tally.is_over or tally.succeeded > 1 else "open"


@frozen
class HasAFavourite(JoinRule):
    """Follows its first branch, and says that names do not matter."""

    name = "HasAFavourite"
    is_symmetric = True

    def judge(self, tally: Tally) -> Verdict:
        favourite = tally.standing(tally.names[0])
        return "holds" if favourite == "succeeded" else "cannot-hold" if favourite == "lost" else "open"


@frozen
class RetriesForEver(RetryRule):
    """Never says that it is enough."""

    name = "RetriesForEver"

    def delay(self, attempt: int, code: str, draw: float) -> timedelta | None:
        return timedelta(hours=1)


@frozen
class RetriesBefore(RetryRule):
    """Waits a little less than nothing."""

    name = "RetriesBefore"

    def delay(self, attempt: int, code: str, draw: float) -> timedelta | None:
        return timedelta(seconds=1 - attempt) if attempt < 4 else None


class _AsksAProcessor(NodeKind):
    """What the wrong kinds have in common."""

    __slots__ = ()

    @property
    def address(self) -> ServiceAddress:
        return ServiceAddress("processor", "a")


@frozen
class AsksForEver(_AsksAProcessor):
    """Wants to hear yes."""

    name = "AsksForEver"

    def heard(self, memory: JsonValue, answer: JsonValue) -> Heard:
        return Done(answer) if answer == "yes" else Ask(memory)


@frozen
class ComputesNothingUseful(_AsksAProcessor):
    """Gives a mean of nothing, which is no number."""

    name = "ComputesNothingUseful"

    def heard(self, memory: JsonValue, answer: JsonValue) -> Heard:
        numbers = [number for number in answer if isinstance(number, float)] if isinstance(answer, list) else []
        return Done(sum(numbers) / len(numbers) if numbers else float("nan"))


@frozen
class RemembersASet(_AsksAProcessor):
    """Begins with what no state can hold."""

    name = "RemembersASet"

    def start(self, input: JsonValue) -> JsonValue:  # noqa: A002
        return {1, 2}  # type: ignore[return-value]

    def heard(self, memory: JsonValue, answer: JsonValue) -> Heard:
        return Done(answer)


@frozen
class WaitsForNothing(NodeKind):
    """Asks the inbox, and does not say for which event it waits."""

    name = "WaitsForNothing"

    def heard(self, memory: JsonValue, answer: JsonValue) -> Heard:
        return Done(answer)


@frozen
class RemembersATuple(_AsksAProcessor):
    """Believes that what it remembers comes back as it was."""

    name = "RemembersATuple"

    def start(self, input: JsonValue) -> JsonValue:  # noqa: A002
        return ("waiting", 2)

    def heard(self, memory: JsonValue, answer: JsonValue) -> Heard:
        return Done("as it was" if isinstance(memory, tuple) else "another")


@frozen
class WritesToItsMemory(_AsksAProcessor):
    """Counts in the memory that the state still holds."""

    name = "WritesToItsMemory"

    def start(self, input: JsonValue) -> JsonValue:  # noqa: A002
        return {"rounds": 0}

    def heard(self, memory: JsonValue, answer: JsonValue) -> Heard:
        assert isinstance(memory, dict)
        memory["rounds"] = int(str(memory["rounds"])) + 1
        return Done(memory["rounds"]) if memory["rounds"] == 3 else Ask(memory)


@frozen
class ParametersAreAList(_AsksAProcessor):
    """Gives parameters without names."""

    name = "ParametersAreAList"

    def parameters(self, memory: JsonValue, input: JsonValue) -> Mapping[str, JsonValue]:  # noqa: A002
        return ["model"]  # type: ignore[return-value]

    def heard(self, memory: JsonValue, answer: JsonValue) -> Heard:
        return Done(answer)


@frozen
class ActsTwice(SignalKind):
    """Lets a node succeed and fail at once."""

    name = "ActsTwice"

    def handle(self, look: Look, data: JsonValue) -> Sequence[Action]:
        running = sorted(node for node, status in look.nodes.items() if status == "running")
        return [action for node in running for action in (SucceedNode(node), FailNode(node, "told"))]


@frozen
class StopsWithoutACode(Guard):
    """Forgets to say why it stops."""

    name = "StopsWithoutACode"

    def watch(self, memory: JsonValue, events: Sequence[object], now: datetime) -> JsonValue | Stop:
        return Stop("") if len(events) > 2 else memory


@frozen
class RemembersEvents(Guard):
    """Keeps what no JSON holds."""

    name = "RemembersEvents"

    def watch(self, memory: JsonValue, events: Sequence[object], now: datetime) -> JsonValue | Stop:
        return events[-1]  # type: ignore[return-value]
