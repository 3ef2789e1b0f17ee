"""The laws of a run say nothing of what is right."""

from typing import Any

from waygrid_core.compile.pipeline import compile_document
from waygrid_core.model.json_value import JsonValue
from waygrid_core.testing.judging import breach_of
from waygrid_core.testing.moves import BranchesCanceled, Fired, Told
from waygrid_core.testing.stories import Plot
from waygrid_core.testing.strategies import Example


def test_a_cancel_that_was_held_for_a_fork_that_did_not_open_may_be_refused_when_it_comes_again() -> None:
    work: dict[str, JsonValue] = {"type": "standard", "address": "waygrid://processor/work"}
    late: JsonValue = {
        "type": "fork",
        "joinNodeId": "late",
        "branches": {"a": {**work, "id": "a"}, "b": {**work, "id": "b"}},
        "join": {"type": "join", "joinNodeId": "late", "strategy": {"type": "And"}},
    }
    retries: JsonValue = {"type": "Linear", "base": "1s", "maxRetries": 1}
    document: dict[str, Any] = {
        "entryPoints": [{**work, "id": "first", "timeout": "5s", "retryPolicy": retries, "onTimeout": late}]
    }
    moves = (Told("pause"), Fired(0, 0), BranchesCanceled(0, 1, of_any=True), Told("unpause"))
    plot = Plot({}, entry=0, known=(), run=1, before=(), moves=moves, replies=({},), fires_first=False)
    breach = breach_of(Example(document, compile_document(document).unwrap()), plot, ())
    assert breach is None, str(breach)
