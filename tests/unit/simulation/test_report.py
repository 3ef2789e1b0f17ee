"""What a scenario's result says: only what differs, readable by a person, and each expectation can fail."""

import pytest

from tests.unit.simulation.scenarios import result_of
from waygrid_core.simulation import Difference, report_line, report_result
from waygrid_core.simulation.report import report_trace

STEPS = """
name: two steps
spec:
  entryPoints:
    - type: standard
      id: a
      address: waygrid://processor/x
      onSuccess: {type: standard, id: b, address: waygrid://processor/x}
outcomes: {b: [{succeed: {n: 1}, after: 2s}]}
"""


@pytest.mark.parametrize(
    "expect",
    [
        "status: completed",
        "nodes: {a: succeeded, b: succeeded}",
        "dispatched: [a, b]",
        "elapsed: 2s",
        "elapsed: 2000ms",
        "output: {n: 1.0}",
        "runs: 1",
    ],
)
def test_what_is_met_makes_no_difference(expect: str) -> None:
    result = result_of(STEPS + f"expect: {{{expect}}}")
    assert result.passed
    assert report_result(result) == report_line(result) == "ok   two steps"


@pytest.mark.parametrize(
    ("expect", "difference"),
    [
        ("status: failed", Difference("status", "failed", "completed")),
        ("error: boom", Difference("error", "boom", None)),
        ("errors: [cycle]", Difference("errors", ["cycle"], [])),
        ("nodes: {b: failed}", Difference("nodes.b", "failed", "succeeded")),
        ("nodes: {c: not-reached}", Difference("nodes.c", "not-reached", "(no node has this name)")),
        ("dispatched: [b, a]", Difference("dispatched", ["b", "a"], ["a", "b"])),
        ("elapsed: 3s", Difference("elapsed", "3s", "2s")),
        ("output: {n: true}", Difference("output", {"n": True}, {"n": 1})),
        ("runs: 2", Difference("runs", 2, 1)),
    ],
)
def test_what_is_not_met_is_a_difference(expect: str, difference: Difference) -> None:
    result = result_of(STEPS + f"expect: {{{expect}}}")
    assert not result.passed
    assert result.differences == (difference,)
    assert report_result(result).startswith("FAIL two steps\n")


def test_all_differences_are_told_at_once() -> None:
    result = result_of(STEPS + "expect: {status: failed, runs: 2, elapsed: 0s}")
    assert [difference.field for difference in result.differences] == ["status", "elapsed", "runs"]


def test_a_list_that_differs_is_told_as_a_diff() -> None:
    result = result_of(STEPS + "expect: {dispatched: [a, c]}")
    assert report_result(result).splitlines()[1:] == [
        "     dispatched:",
        "         a",
        "       - c",
        "       + b",
    ]


def test_an_output_that_is_not_there_is_none() -> None:
    (difference,) = result_of(STEPS + "signals: [{at: 1s, cancel: x}]\nexpect: {output: null}").differences
    assert difference == Difference("output", None, "(none)")


@pytest.mark.parametrize("error", ["canceled", "timeout", "boom"])
def test_the_error_is_the_code_of_how_it_ended(error: str) -> None:
    fields = {
        "canceled": "signals: [{at: 1s, cancel: x}]\nexpect: {status: canceled, error: canceled}",
        "timeout": "expect: {status: timed-out, error: timeout}",
        "boom": "expect: {status: failed, error: boom}",
    }
    steps = STEPS.replace("{succeed: {n: 1}, after: 2s}", "{fail: x, code: boom, after: 2s}")
    if error == "timeout":
        steps = steps.replace("spec:\n", "spec:\n  timeout: 1s\n")
    assert result_of(steps + fields[error]).passed


def test_a_spec_that_is_invalid_is_a_result_too() -> None:
    spec = "name: bad\nspec: {entryPoints: [{type: pass, id: A}, {type: pass, x: 1}]}\n"
    assert result_of(spec + "expect: {status: invalid, errors: [unknown-field, bad-id]}").passed
    result = result_of(spec + "expect: {status: completed, errors: [bad-id]}")
    assert [difference.field for difference in result.differences] == ["status", "errors"]
    assert "the Spec: /entryPoints/0/id: bad-id" in report_result(result)


def test_an_entry_that_the_spec_does_not_have_fails_the_scenario() -> None:
    (difference,) = result_of(STEPS + "entry: 3\nexpect: {}").differences
    assert difference.field == "entry"
    assert "MissingEntryNode" in str(difference.actual)


def test_names_that_no_node_has_are_warned_of() -> None:
    result = result_of(STEPS + "known: {typo: 1}\nexpect: {status: completed}")
    assert result.passed
    assert result.warnings == ("known: no node is called 'typo'",)


def test_the_trace_tells_what_happened_when() -> None:
    trace = report_trace(result_of(STEPS + "expect: {}")).splitlines()
    assert trace[0].split() == ["0s", "main:", "begins"]
    assert ["2s", "main:", "b", "succeeded,", "attempt", "1"] in [line.split() for line in trace]
    assert "status: completed" in trace
