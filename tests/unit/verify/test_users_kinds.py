"""`verify` on Specs with node kinds, guards and signals of a user's: what answers do is free, and nothing is called."""

import json
from typing import Any

import pytest

from tests.unit.traversal.extensions import EXTENSIONS
from tests.unit.verify.specs import Document, always, at_most, fork, never, spec, task
from waygrid_core.compile.pipeline import compile_document
from waygrid_core.outcome import Failure
from waygrid_core.simulation.reading import load_scenarios
from waygrid_core.simulation.runner import run_scenario
from waygrid_core.traversal.events import NodeDispatched
from waygrid_core.verify.findings import Verification
from waygrid_core.verify.rehearsal import rehearse
from waygrid_core.verify.telling import tell_run
from waygrid_core.verify.verification import verify

POLL: Document = {"type": "Poll", "needed": 2, "id": "poll"}
EXISTS: Document = {"type": "JsonExists", "pointer": "/yes"}


def verified(document: Document) -> Verification:
    return verify(compile_document(document, extensions=EXTENSIONS).unwrap())


def codes(document: Document) -> set[str]:
    return {finding.code for _, finding in verified(document).findings}


def sentences(document: Document, code: str) -> list[str]:
    return [finding.sentence for _, finding in verified(document).findings if finding.code == code]


GUARDS = [{"type": "Budget", "most": 1}]


def test_what_a_guard_may_prevent_is_said_and_is_no_error() -> None:
    nodes = task("a", always=task("b", always={"type": "pass"}))
    document = spec(nodes, guarantees=[always("b"), at_most("b", 1)], guards=GUARDS)
    (sentence,) = sentences(document, "guarantee-guarded")
    assert sentence.startswith("a run may end without a dispatch of b if Budget ends it early; ")
    assert verified(document).verdict == "proved"
    assert verified(document).reports[0].ends == ("completed", "failed")
    assert codes({**document, "guards": []}) == set()


def test_a_body_with_a_guard_may_fail() -> None:
    body = spec(task("a", always={"type": "pass"}))
    called = {"type": "call", "id": "c", "body": body, "onFailure": task("sorry", always={"type": "pass"})}
    assert codes(spec(called)) == {"unreachable-node"}
    assert codes(spec({**called, "body": {**body, "guards": GUARDS}})) == set()
    assert codes(spec({**called, "body": {**body, "signals": [{"type": "Do"}]}})) == set()


def test_a_signal_may_have_any_node_with_an_id_end_in_any_way() -> None:
    body = {"type": "fail", "code": "no"}
    ends = {"onSuccess": task("fine", always={"type": "pass"}), "onFailure": task("sorry", always={"type": "pass"})}
    document = spec({"type": "call", "id": "c", "body": body, **ends}, guarantees=[always("sorry")])
    assert codes(document) == {"unreachable-node"}
    assert codes({**document, "signals": [{"type": "Do"}]}) == {"guarantee-broken"}


def test_a_signal_may_end_what_still_waits_to_be_dispatched() -> None:
    later = {"type": "ScheduleAfter", "delay": "1h"}
    document = spec(task("a", deliveryStrategy=later, always={"type": "pass"}), guarantees=[always("a")])
    assert codes(document) == set()
    told = verified({**document, "signals": [{"type": "Do"}]})
    ((level, finding),) = [each for each in told.findings if each[1].code == "guarantee-broken"]
    assert tell_run(level, finding.run) == (
        "it begins: a waits",
        "a signal has a succeed: a pass succeeds, the traversal completes",
    )


@pytest.mark.parametrize(
    "document",
    [
        spec(
            {**POLL, "onSuccess": task("payout"), "onFailure": {"ref": "payout"}}, guarantees=[never("payout", "poll")]
        ),
        spec(
            {
                **POLL,
                "onConditions": [{"condition": EXISTS, "to": task("ask", onSuccess=task("payout"))}],
                "onSuccess": {"ref": "payout"},
            },
            guarantees=[never("payout", "ask")],
        ),
        spec(
            fork({"a": POLL, "b": task("reserve", onSuccess=task("payout"))}, {"type": "And"}),
            guarantees=[never("payout", "poll")],
            signals=[{"type": "Do"}],
        ),
    ],
)
def test_a_broken_promise_is_shown_by_a_run_that_goes_that_way_for_real(document: Document) -> None:
    ((level, finding),) = [each for each in verified(document).findings if each[1].code == "guarantee-broken"]
    scenario: Any = {"spec": document, **rehearse(level, finding.run), "expect": {}}
    loaded = load_scenarios(json.dumps(scenario).encode(), lambda path: b"")
    assert not isinstance(loaded, Failure), loaded.failure()
    observed = run_scenario(loaded.unwrap()[0], extensions=EXTENSIONS).actual
    shown = [
        level.title(event.node) for step in finding.run for event in step.events if isinstance(event, NodeDispatched)
    ]
    assert list(observed.dispatched[: len(shown)]) == shown


def test_what_a_kind_makes_of_answers_is_free_so_both_ways_are_reached() -> None:
    document = spec(
        {**POLL, "onSuccess": task("yes"), "onFailure": task("no"), "timeout": "1h", "onTimeout": task("late")}
    )
    assert "unreachable-node" not in codes(document)
    assert "unreachable-edge" not in codes(document)


def test_a_kind_is_never_asked() -> None:
    for wrong in ("start", "parameters", "answer", "memory"):
        document = spec({"type": "Odd", "id": "odd", "wrong": wrong, "onSuccess": task("payout")})
        assert {finding.code for _, finding in verified(document).findings} == {"unhandled-failure"}


def test_a_kind_may_ask_as_often_as_it_likes() -> None:
    assert "guarantee-broken" in codes(spec(POLL, guarantees=[at_most("poll", 1)]))
    assert "guarantee-broken" in codes(spec(POLL, guarantees=[at_most("poll", 3)]))


def test_a_guard_hides_nothing_that_happens_before_it_ends_a_traversal() -> None:
    document = spec(task("a", onSuccess=task("b")), guards=[{"type": "Budget", "most": 0}])
    assert codes(document) == {"unhandled-failure"}


def test_an_event_of_its_own_that_nothing_bounds_in_time_is_told() -> None:
    unbounded: Document = {"type": "Hears", "id": "hears", "event": "approved"}
    assert "unbounded-await" in codes(spec(unbounded))
    assert "unbounded-await" not in codes(spec({**unbounded, "timeout": "1h"}))
    assert "unbounded-await" not in codes(spec(POLL))
