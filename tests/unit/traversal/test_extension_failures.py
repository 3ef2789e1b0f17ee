"""What a user's extension fails with: the words of it, and what the node's handler and the journal are told."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import pytest
from attrs import frozen

from tests.unit.traversal.driver import TRAVERSAL, Driver
from tests.unit.traversal.extensions import EXTENSIONS, ORACLE
from waygrid_core.extension.answers import Ask, Heard, Stop
from waygrid_core.extension.extension import Guard, NodeKind
from waygrid_core.extension.registry import Extensions
from waygrid_core.model.address import ServiceAddress
from waygrid_core.model.json_value import JsonValue
from waygrid_core.traversal.effects import Complete, Fail
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.events import GuardRemembered, NodeFailed, NodeSucceeded
from waygrid_core.traversal.signals import Told

KIND = """
entryPoints:
  - type: %s
    %s
    id: n
    timeout: 9s
    onFailure: {type: pass, id: sorry}
    onTimeout: {type: pass, id: late}
"""
TOLD = """
signals: [{type: Do}]
entryPoints: [{type: pass, id: n, deliveryStrategy: {type: ScheduleAfter, delay: 5s}}]
"""


@frozen
class Counts(Guard):
    """Counts events up to a number, and has nothing more to remember then."""

    name = "Counts"

    most: int

    def start(self) -> int:
        return 0

    def watch(self, memory: object, events: Sequence[object], now: datetime) -> int | Stop:
        assert isinstance(memory, int)
        return min(self.most, memory + len(events))


@frozen
class NoStart(Guard):
    """Cannot begin."""

    name = "NoStart"

    def start(self) -> None:
        raise RuntimeError("no idea")

    def watch(self, memory: object, events: Sequence[object], now: datetime) -> None:
        return None


@frozen
class Stops(Guard):
    """Ends whatever it sees."""

    name = "Stops"

    def start(self) -> None:
        return None

    def watch(self, memory: object, events: Sequence[object], now: datetime) -> Stop:
        return Stop("stopped", "enough")


@frozen
class AsksOnce(NodeKind):
    """Knows what to ask at first, and not what to ask then."""

    name = "AsksOnce"

    @property
    def address(self) -> ServiceAddress:
        return ORACLE

    def parameters(self, memory: JsonValue, input: JsonValue) -> Mapping[str, JsonValue]:  # noqa: A002
        if memory is not None:
            raise RuntimeError("what now?")
        return {}

    def heard(self, memory: JsonValue, answer: JsonValue) -> Heard:
        return Ask(1)


def failed_as(driver: Driver, code: str, message: str, attempt: int = 1) -> None:
    """The node failed with that, on the input of the traversal, and its handler was given both."""
    assert NodeFailed(driver.node("n"), attempt, {"q": 1}, ErrorDetail(code, message)) in driver.events
    error = {"code": code, "message": message, "node": "n", "attempt": attempt}
    assert driver.state.output == {"error": error, "input": {"q": 1}}
    assert driver.node("sorry") in driver.state.completed
    assert driver.node("late") not in driver.state.nodes


def test_a_refusal_goes_where_failures_go() -> None:
    driver = Driver(KIND % ("Poll", "needed: 1"), EXTENSIONS)
    driver.begin({"q": 1})
    driver.succeed("n", "no")
    failed_as(driver, "said-no", "it said no")


def test_a_kind_that_answers_nonsense_fails_on_what_arrived() -> None:
    driver = Driver(KIND % ("Odd", "wrong: answer"), EXTENSIONS)
    driver.begin({"q": 1})
    driver.succeed("n", 1)
    failed_as(driver, "extension-error", "the extension 'Odd', asked for heard, gave str, not Done, Refuse or Ask")


def test_a_kind_that_is_exhausted_fails_on_what_arrived() -> None:
    driver = Driver(KIND % ("Poll", "needed: 9"), EXTENSIONS)
    driver.begin({"q": 1})
    for attempt in range(1, 6):
        driver.succeed("n", "yes", attempt=attempt)
    failed_as(driver, "exhausted", "it asked 5 times, and was not done", attempt=5)


def test_a_kind_that_does_not_know_what_to_ask_next_fails_on_what_arrived() -> None:
    driver = Driver(KIND % ("AsksOnce", "label: once"), Extensions.of(AsksOnce))
    driver.begin({"q": 1})
    driver.succeed("n", "yes")
    failed_as(
        driver, "extension-error", "the extension 'AsksOnce', asked for parameters, raised RuntimeError: what now?"
    )


@pytest.mark.parametrize(
    ("guard", "message"),
    [
        ("NoStart", "the extension 'NoStart', asked for start, raised RuntimeError: no idea"),
        ("OddGuard, at: 0", "the extension 'OddGuard', asked for watch, raised RuntimeError: it does not know"),
    ],
)
def test_a_guard_that_raises_says_so_in_the_error_of_the_traversal(guard: str, message: str) -> None:
    spec = f"{{guards: [{{type: {guard}}}], entryPoints: [{{type: standard, id: n, address: waygrid://processor/x}}]}}"
    driver = Driver(spec, Extensions.of(*EXTENSIONS.classes, NoStart))
    assert driver.begin() == (Fail(ErrorDetail("extension-error", message)),)


def test_a_guard_that_remembers_nothing_new_writes_nothing() -> None:
    spec = "{guards: [{type: Counts, most: 2}], entryPoints: [{type: standard, id: a, address: waygrid://processor/x, \
onSuccess: {type: standard, address: waygrid://processor/x}}]}"
    driver = Driver(spec, Extensions.of(Counts))
    driver.begin()
    driver.succeed("a")
    assert [event for event in driver.events if isinstance(event, GuardRemembered)] == [GuardRemembered(0, 2)]

    at_first = Driver(spec.replace("most: 2", "most: 0"), Extensions.of(Counts))
    at_first.begin()
    assert at_first.events[-1] == GuardRemembered(0, 0)

    growing = Driver(spec.replace("most: 2", "most: 9"), Extensions.of(Counts))
    growing.begin()
    growing.succeed("a")
    assert [event for event in growing.events if isinstance(event, GuardRemembered)] == [
        GuardRemembered(0, 2),
        GuardRemembered(0, 4),
    ]


def test_a_node_that_is_told_to_end_ends_on_what_had_arrived_at_it() -> None:
    fails = Driver(TOLD, EXTENSIONS)
    fails.begin({"q": 1})
    (*_, failed) = fails.send(Told(TRAVERSAL, "m", "Do", [["fail", "n", "no-time", "go home"]]))
    assert failed == Fail(ErrorDetail("no-time", "go home"))
    assert NodeFailed(fails.node("n"), 1, {"q": 1}, ErrorDetail("no-time", "go home")) in fails.events

    succeeds = Driver(TOLD, EXTENSIONS)
    succeeds.begin({"q": 1})
    assert succeeds.send(Told(TRAVERSAL, "m", "Do", [["succeed", "n", 7]]))[-1] == Complete(7)
    assert NodeSucceeded(succeeds.node("n"), 1, {"q": 1}, 7) in succeeds.events


def test_a_traversal_that_has_ended_by_itself_is_shown_to_no_guard() -> None:
    spec = "{guards: [{type: Stops}], entryPoints: [{type: %s}]}"
    ended = Driver(spec % "pass, output: 1", Extensions.of(Stops))
    assert ended.begin() == (Complete(1),)
    going_on = Driver(spec % "standard, address: waygrid://processor/x", Extensions.of(Stops))
    assert going_on.begin() == (Fail(ErrorDetail("stopped", "enough")),)


def test_each_guard_has_a_memory_of_its_own() -> None:
    spec = "{guards: [{type: Counts, most: 9}, {type: Counts, most: 3}, {type: Counts, most: 9}], entryPoints: \
[{type: standard, id: a, address: waygrid://processor/x, onSuccess: {type: standard, address: waygrid://processor/x}}]}"
    driver = Driver(spec, Extensions.of(Counts))
    driver.begin()
    assert driver.state.memories.guards == (2, 2, 2)
    driver.succeed("a")
    assert driver.state.memories.guards == (4, 3, 4)
