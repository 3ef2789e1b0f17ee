"""`verify` on Specs with node kinds, guards and signals of a user's: what answers do is free, and nothing is called."""

import json
from typing import Any

import pytest

from tests.unit.traversal.extensions import EXTENSIONS
from tests.unit.verify.specs import Document, at_most, fork, never, spec, task
from waygrid_core.compile.pipeline import compile_document
from waygrid_core.outcome import Failure
from waygrid_core.simulation.reading import load_scenarios
from waygrid_core.simulation.runner import run_scenario
from waygrid_core.traversal.events import NodeDispatched
from waygrid_core.verify.findings import Verification
from waygrid_core.verify.rehearsal import rehearse
from waygrid_core.verify.verification import verify

POLL: Document = {"type": "Poll", "needed": 2, "id": "poll"}
EXISTS: Document = {"type": "JsonExists", "pointer": "/yes"}


def verified(document: Document) -> Verification:
    return verify(compile_document(document, extensions=EXTENSIONS).unwrap())


def codes(document: Document) -> set[str]:
    return {finding.code for _, finding in verified(document).findings}


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
