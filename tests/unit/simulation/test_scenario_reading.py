"""A scenario file is read as strictly as a Spec: every problem at once, with its place."""

from datetime import UTC, datetime, timedelta

import pytest

from waygrid_core.outcome import Failure
from waygrid_core.simulation import Scenario, load_scenarios, run_scenario
from waygrid_core.simulation.scenario import (
    CancelBranchesSignal,
    CancelSignal,
    EventSignal,
    Fails,
    IsDone,
    NeverAnswers,
    Once,
    PauseSignal,
    ScriptedOutcome,
    Shuffled,
    SpecDocument,
    SpecText,
    Succeeds,
    TellSignal,
    TimedSignal,
    Twice,
    UnpauseSignal,
)
from waygrid_core.traversal.error import ErrorDetail

FILES = {"orders.yaml": b"entryPoints: []"}


def load(path: str) -> bytes:
    if path not in FILES:
        raise FileNotFoundError(2, "No such file or directory", path)
    return FILES[path]


def scenarios_in(text: str) -> tuple[Scenario, ...]:
    outcome = load_scenarios(text.encode(), load)
    assert not isinstance(outcome, Failure), outcome.failure()
    return outcome.unwrap()


def scenario_in(fields: str) -> Scenario:
    (scenario,) = scenarios_in("spec: orders.yaml\nexpect: {}\n" + fields)
    return scenario


def test_a_file_may_be_larger_than_a_spec_may_be() -> None:
    text = "x" * 600_000
    one = f"spec: {{description: {text}, entryPoints: [{{type: pass}}]}}\nexpect: {{status: completed}}\n"
    first, second = scenarios_in(f"{one}---\n{one}")
    assert run_scenario(first).passed
    assert run_scenario(second).passed


def test_a_spec_in_a_scenario_that_is_too_large_is_invalid() -> None:
    text = "x" * 1024 * 1024
    (scenario,) = scenarios_in(f"""
spec: {{description: {text}, entryPoints: [{{type: pass}}]}}
expect: {{status: invalid, errors: [too-large]}}
""")
    assert run_scenario(scenario).passed


def problems_in(text: str) -> list[tuple[int, str, str]]:
    outcome = load_scenarios(text.encode(), load)
    assert isinstance(outcome, Failure)
    return [(found.document, found.problem.pointer, found.problem.code) for found in outcome.failure()]


def test_the_example_of_the_design_is_read() -> None:
    scenario = scenario_in("""
name: the second provider answers first
payload: {query: x}
entry: 1
start: 2026-02-01T00:00:00+01:00
known: {geocode: {lat: 1}}
outcomes:
  provider-a: [{succeed: {n: 1}, after: 10s}]
  provider-b: [{fail: boom, code: upstream}, {fail: boom}, {after: 2s}]
  provider-c: [{never: true}]
  approval: [{done: {by: Ada}, after: 1s}, {fail: no}, {done: 7}]
signals:
  - {at: 3s, cancel: changed my mind}
  - {at: 0s, pause: true}
  - {at: 1.5s, unpause: true}
  - {at: 1s, cancelBranches: {fork: j, branches: [a, b]}}
  - {at: 1h, event: approved, key: o-1, data: {by: Ada}}
  - {at: 2h, event: approved}
  - {at: 3h, tell: Skip, data: {node: a}}
  - {at: 4h, tell: Skip}
deliver: twice
""")
    assert scenario.name == "the second provider answers first"
    assert (scenario.payload, scenario.entry, scenario.known) == ({"query": "x"}, 1, {"geocode": {"lat": 1}})
    assert scenario.start == datetime(2026, 1, 31, 23, tzinfo=UTC)
    assert scenario.outcomes == {
        "provider-a": (ScriptedOutcome(Succeeds({"n": 1}), timedelta(seconds=10)),),
        "provider-b": (
            ScriptedOutcome(Fails(ErrorDetail("upstream", "boom"))),
            ScriptedOutcome(Fails(ErrorDetail("failed", "boom"))),
            ScriptedOutcome(Succeeds({}), timedelta(seconds=2)),
        ),
        "provider-c": (ScriptedOutcome(NeverAnswers()),),
        "approval": (
            ScriptedOutcome(IsDone({"by": "Ada"}), timedelta(seconds=1)),
            ScriptedOutcome(Fails(ErrorDetail("failed", "no"))),
            ScriptedOutcome(IsDone(7)),
        ),
    }
    assert scenario.signals == (
        TimedSignal(timedelta(seconds=3), CancelSignal("changed my mind")),
        TimedSignal(timedelta(0), PauseSignal()),
        TimedSignal(timedelta(seconds=1.5), UnpauseSignal()),
        TimedSignal(timedelta(seconds=1), CancelBranchesSignal("j", ("a", "b"))),
        TimedSignal(timedelta(hours=1), EventSignal("approved", "o-1", {"by": "Ada"})),
        TimedSignal(timedelta(hours=2), EventSignal("approved", None, {})),
        TimedSignal(timedelta(hours=3), TellSignal("Skip", {"node": "a"})),
        TimedSignal(timedelta(hours=4), TellSignal("Skip", {})),
    )
    assert scenario.deliver == Twice()


def test_what_is_left_out_has_its_default() -> None:
    scenario = scenario_in("")
    assert (scenario.name, scenario.payload, scenario.entry) == ("scenario 1", {}, 0)
    assert scenario.start == datetime(2026, 1, 1, tzinfo=UTC)
    assert (scenario.signals, scenario.outcomes, scenario.known) == ((), {}, {})
    assert scenario.deliver == Once()


def test_a_spec_is_a_path_beside_the_scenario_or_stands_inline() -> None:
    assert scenario_in("").spec == SpecText(b"entryPoints: []")
    (inline,) = scenarios_in("spec: {entryPoints: []}\nexpect: {}")
    assert inline.spec == SpecDocument({"entryPoints": []})


def test_the_expectation_tells_an_output_of_null_from_none() -> None:
    (null, none) = scenarios_in("spec: {}\nexpect: {output: null}\n---\nspec: {}\nexpect: {}")
    assert null.expect.output is None
    assert repr(none.expect.output) == "MISSING"


@pytest.mark.parametrize("deliver", ["{shuffled: 7}", "{shuffled: -7}"])
def test_a_shuffle_has_a_seed(deliver: str) -> None:
    assert isinstance(scenario_in(f"deliver: {deliver}").deliver, Shuffled)


def test_a_file_holds_several_scenarios_and_an_empty_one_is_none() -> None:
    text = "---\nname: a\nspec: {}\nexpect: {}\n---\nname: b\nspec: {}\nexpect: {}\n---\n"
    assert [scenario.name for scenario in scenarios_in(text)] == ["a", "b"]


def test_a_scenario_may_be_json() -> None:
    (scenario,) = scenarios_in('{"spec": {}, "expect": {},\n\t"name": "a"}')
    assert scenario.name == "a"


@pytest.mark.parametrize("text", ["", "---\n", "7", "[]"])
def test_a_file_without_a_scenario_is_a_problem(text: str) -> None:
    assert problems_in(text) == [(1, "", "wrong-type")]


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ("nam: x", "/nam", "unknown-field"),
        ("name: 7", "/name", "wrong-type"),
        ("entry: -1", "/entry", "out-of-range"),
        ("start: 2026-01-01", "/start", "bad-instant"),
        ("known: []", "/known", "wrong-type"),
        ("outcomes: []", "/outcomes", "wrong-type"),
        ("outcomes: {a: {succeed: 1}}", "/outcomes/a", "wrong-type"),
        ("outcomes: {a/b: [7]}", "/outcomes/a~1b/0", "wrong-type"),
        ("outcomes: {a: [{suceed: 1}]}", "/outcomes/a/0/suceed", "unknown-field"),
        ("outcomes: {a: [{succeed: 1, fail: x}]}", "/outcomes/a/0/fail", "conflicting-fields"),
        ("outcomes: {a: [{succeed: 1, code: x}]}", "/outcomes/a/0/code", "conflicting-fields"),
        ("outcomes: {a: [{never: false}]}", "/outcomes/a/0/never", "wrong-type"),
        ("outcomes: {a: [{fail: [1]}]}", "/outcomes/a/0/fail", "wrong-type"),
        ("outcomes: {a: [{after: 5 s}]}", "/outcomes/a/0/after", "bad-duration"),
        ("outcomes: {a: [{after: 5}]}", "/outcomes/a/0/after", "wrong-type"),
        ("outcomes: {a: [{succeed: 1, done: 1}]}", "/outcomes/a/0/done", "conflicting-fields"),
        ("outcomes: {a: [{succeed: 1}, {done: 1}]}", "/outcomes/a", "conflicting-fields"),
        ("signals: [{at: 1s, cancel: x, data: 1}]", "/signals/0/data", "conflicting-fields"),
        ("signals: [{at: 1s, tell: Skip, key: k}]", "/signals/0/key", "conflicting-fields"),
        ("signals: [{at: 1s, tell: 7}]", "/signals/0/tell", "wrong-type"),
        ("signals: {}", "/signals", "wrong-type"),
        ("signals: [{cancel: x}]", "/signals/0", "missing-field"),
        ("signals: [{at: 1s}]", "/signals/0", "missing-field"),
        ("signals: [{at: -1s, cancel: x}]", "/signals/0/at", "bad-duration"),
        ("signals: [{at: 1s, cancel: x, pause: true}]", "/signals/0/pause", "conflicting-fields"),
        ("signals: [{at: 1s, cancel: 7}]", "/signals/0/cancel", "wrong-type"),
        ("signals: [{at: 1s, cancel: x, key: k}]", "/signals/0/key", "conflicting-fields"),
        ("signals: [{at: 1s, event: x, key: 7}]", "/signals/0/key", "wrong-type"),
        ("signals: [{at: 1s, cancelBranches: {fork: j}}]", "/signals/0/cancelBranches", "missing-field"),
        ("deliver: thrice", "/deliver", "unknown-type"),
        ("deliver: {shuffled: x}", "/deliver/shuffled", "wrong-type"),
    ],
)
def test_a_mistake_is_told_with_its_place(fields: str, pointer: str, code: str) -> None:
    assert problems_in("spec: {}\nexpect: {}\n" + fields) == [(1, pointer, code)]


@pytest.mark.parametrize(
    ("expect", "pointer", "code"),
    [
        ("{statuss: completed}", "/expect/statuss", "unknown-field"),
        ("{status: done}", "/expect/status", "unknown-type"),
        ("{errors: [bad-thing]}", "/expect/errors/0", "unknown-type"),
        ("{nodes: {a: done}}", "/expect/nodes/a", "unknown-type"),
        ("{nodes: {a: 7}}", "/expect/nodes/a", "wrong-type"),
        ("{dispatched: a}", "/expect/dispatched", "wrong-type"),
        ("{elapsed: 5}", "/expect/elapsed", "wrong-type"),
        ("{runs: 1.5}", "/expect/runs", "wrong-type"),
        ("7", "/expect", "wrong-type"),
    ],
)
def test_a_mistake_in_what_is_expected_is_told_with_its_place(expect: str, pointer: str, code: str) -> None:
    assert problems_in(f"spec: {{}}\nexpect: {expect}") == [(1, pointer, code)]


def test_all_problems_of_all_scenarios_of_a_file_are_told_at_once() -> None:
    text = "spec: {}\nexpect: {}\nnam: x\nentry: -1\n---\nspec: {}\nexpect: {}\n---\nspec: nowhere.yaml"
    assert problems_in(text) == [
        (1, "/entry", "out-of-range"),
        (1, "/nam", "unknown-field"),
        (3, "", "missing-field"),
        (3, "/spec", "unknown-ref"),
    ]


def test_a_file_that_is_no_yaml_is_a_problem() -> None:
    assert [code for _, _, code in problems_in("a: [")] == ["not-json"]
