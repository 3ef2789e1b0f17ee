"""Laws and invariants held against a Spec: what is found, how short it is, and that its scenario fails the same way."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml
from attrs import frozen
from hypothesis import strategies as st

from waygrid_core import Node, Spec
from waygrid_core.extension.answers import Ask, Done, Heard
from waygrid_core.extension.extension import NodeKind, SignalKind
from waygrid_core.extension.look import Action, End, Look
from waygrid_core.extension.registry import Extensions
from waygrid_core.model.address import ServiceAddress
from waygrid_core.model.json_value import JsonValue
from waygrid_core.simulation.comparison import ScenarioResult
from waygrid_core.simulation.reading import load_scenarios
from waygrid_core.simulation.runner import run_scenario
from waygrid_core.testing import (
    Invariant,
    LawBroken,
    RunSoFar,
    always,
    at_most,
    check_laws,
    failed,
    invariant,
    never,
    succeeded,
)

PAYOUT = """
entryPoints:
  - type: fork
    joinNodeId: ready
    branches:
      approval: {type: standard, id: approval, address: waygrid://processor/ask}
      money:
        type: standard
        id: reserve
        address: waygrid://processor/bank
        retryPolicy: {type: Linear, base: 1s, maxRetries: 1}
        onSuccess: {type: standard, id: payout, address: waygrid://processor/bank}
    join: {type: join, joinNodeId: ready, strategy: {type: And}}
"""


@frozen
class Asks(NodeKind):
    """Asks until it hears yes."""

    name = "Asks"

    @property
    def address(self) -> ServiceAddress:
        return ServiceAddress("processor", "oracle")

    def heard(self, memory: JsonValue, answer: JsonValue) -> Heard:
        return Done(answer) if answer == "yes" else Ask(memory)


@frozen
class Enough(SignalKind):
    """Ends it."""

    name = "Enough"

    def handle(self, look: Look, data: JsonValue) -> Sequence[Action]:
        return [End("enough")]


def broken_by(*invariants: Invariant, spec: str = PAYOUT) -> LawBroken:
    with pytest.raises(LawBroken) as raised:
        check_laws(spec, invariants=invariants)
    return raised.value


def run(scenario: str | None) -> ScenarioResult:
    assert scenario is not None
    (loaded,) = load_scenarios(scenario.encode(), lambda path: Path(path).read_bytes()).unwrap()
    return run_scenario(loaded)


def test_money_that_goes_out_before_anybody_has_approved_is_found_in_two_steps() -> None:
    breach = broken_by(never(dispatch="payout", before=succeeded("approval"))).breach
    assert breach.law == "payout is never dispatched before approval has succeeded"
    assert len(breach.story) <= 2
    assert breach.story[-1].endswith("payout was dispatched")


def test_the_message_has_the_law_the_spec_the_story_and_how_to_keep_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WAYGRID_SAVE_STORIES", raising=False)
    message = str(broken_by(never(dispatch="payout", before=succeeded("approval"))))
    assert message.startswith("the law 'payout is never dispatched before approval has succeeded' is broken: ")
    assert "\nThe Spec:\n  entryPoints:\n  - type: fork\n" in message
    assert "\nThe story:\n  1. it begins with {}: " in message
    assert message.endswith("WAYGRID_SAVE_STORIES=FOLDER writes a scenario file that `waygrid test` runs.")


def test_a_kept_story_is_a_scenario_that_fails_in_the_same_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYGRID_SAVE_STORIES", str(tmp_path / "kept"))
    error = broken_by(never(dispatch="payout", before=succeeded("approval")))
    (path,) = (tmp_path / "kept").iterdir()
    assert path.name == "payout-is-never-dispatched-before-approval-has-succeeded.scenarios.yaml"
    assert str(path) in str(error)
    (difference,) = run(path.read_text(encoding="utf-8")).differences
    assert difference.field == "dispatched"
    assert "payout" in str(difference.actual)
    assert "payout" not in str(difference.expected)


def test_a_retry_is_a_second_dispatch() -> None:
    breach = broken_by(at_most(1, dispatch="reserve")).breach
    assert breach.why == "reserve is dispatched 2 times"
    assert len(breach.story) <= 5
    assert [each.field for each in run(breach.scenario).differences] == ["dispatched"]


def test_what_should_follow_a_failure_and_does_not_is_found() -> None:
    breach = broken_by(always(dispatch="payout", after=failed("reserve"))).breach
    assert breach.why == "the traversal has ended, and payout was not dispatched after reserve has failed"
    (difference,) = run(breach.scenario).differences
    assert difference.expected == [*difference.actual, "payout"]  # type: ignore[misc]


def test_an_invariant_of_ones_own_is_one_line() -> None:
    breach = broken_by(invariant("nobody may cancel it", lambda run: run.status != "canceled")).breach
    assert breach.why == "after the last step it is not so that nobody may cancel it"
    assert "somebody cancels it" in breach.story[-1]
    assert yaml.safe_load(breach.scenario or "")["signals"][0]["cancel"] == "changed my mind"


def test_an_invariant_that_raises_is_told_as_that() -> None:
    breach = broken_by(invariant("it is a number", lambda run: bool(run.state.output + 1))).breach  # type: ignore[operator]
    assert breach.law == "it is a number"
    assert breach.why.startswith("asked after the last step it raised TypeError: ")
    assert len(breach.story) == 1


def test_what_asks_on_and_on_makes_no_long_story() -> None:
    document: JsonValue = {"entryPoints": [{"type": "Asks", "id": "ask", "onSuccess": {"type": "pass", "id": "end"}}]}
    with pytest.raises(LawBroken) as raised:
        check_laws(
            document,
            extensions=Extensions.of(Asks),
            invariants=[invariant("it is never over", lambda run: run.status == "running")],
            answers=st.just({}),
        )
    assert len(raised.value.breach.story) <= 5


def test_a_run_that_a_signal_of_the_spec_cancels_owes_nothing() -> None:
    work: dict[str, JsonValue] = {"type": "standard", "id": "work", "address": "waygrid://processor/ask"}
    first: JsonValue = {**work, "always": {**work, "id": "after"}}
    document: JsonValue = {"signals": [{"type": "Enough"}], "entryPoints": [first]}
    check_laws(document, extensions=Extensions.of(Enough), invariants=[always(dispatch="after")])


def test_an_invariant_sees_names_statuses_and_dispatches() -> None:
    def holds(run: RunSoFar) -> bool:
        return not ("payout" in run.dispatched and run.nodes["ready"] == "succeeded" and run.status == "completed")

    assert broken_by(invariant("it is not well paid", holds)).breach.story[-1].endswith("the traversal completed")


def test_what_holds_is_found_to_hold() -> None:
    mended = """
    entryPoints:
      - {type: standard, id: approval, address: waygrid://processor/ask, onSuccess: {type: standard, id: payout,
         address: waygrid://processor/bank}}
    """
    check_laws(
        mended,
        invariants=[
            never(dispatch="payout", before=succeeded("approval")),
            never(dispatch="payout", after=failed("approval")),
            at_most(1, dispatch="payout"),
            always(dispatch="payout", after=succeeded("approval")),
        ],
    )


def test_the_guarantees_of_a_spec_are_held_against_its_stories() -> None:
    guarantee = "guarantees: [{never: {dispatch: payout, before: {succeeded: approval}}}]"
    assert broken_by(spec=f"{PAYOUT}\n{guarantee}").breach.law == (
        "payout is never dispatched before approval has succeeded"
    )


def test_answers_lead_to_every_condition_of_the_spec() -> None:
    guarded = """
    entryPoints:
      - type: standard
        id: score
        address: waygrid://processor/score
        onConditions:
          - condition: {type: JsonCompare, pointer: /risk/points, op: gt, value: 871}
            to: {type: standard, id: refuse, address: waygrid://processor/mail}
    """
    breach = broken_by(at_most(0, dispatch="refuse"), spec=guarded).breach
    assert breach.story[-1].startswith('score answers {"risk":{"points":')


def test_answers_and_payloads_may_be_ones_own() -> None:
    seen: set[str] = set()

    def holds(run: RunSoFar) -> bool:
        seen.add(f"{run.state.payload} {run.state.output}" if run.status == "completed" else run.status)
        return True

    check_laws(
        Spec.single(Node.standard("waygrid://processor/ask")),
        invariants=[invariant("it is looked at", holds)],
        payloads=st.sampled_from(["one", "two"]),
        answers=st.just({"yes": True}),
    )
    assert {"one {'yes': True}", "two {'yes': True}"} <= seen


def test_an_invariant_about_a_node_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="no node is called 'pay', so 'pay is dispatched at most 1 time' says nothing"):
        check_laws(PAYOUT, invariants=[at_most(1, dispatch="pay")])


def test_a_spec_that_is_wrong_is_told_with_all_its_problems() -> None:
    with pytest.raises(ValueError, match=r"/entryPoints/0: .*address"):
        check_laws({"entryPoints": [{"type": "standard"}]})
    with pytest.raises(ValueError, match="never says one thing"):
        never(dispatch="a", before=succeeded("b"), after=failed("b"))
