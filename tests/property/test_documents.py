"""Any JSON at all, and any text at all, gives a Spec or errors; never an exception."""

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from waygrid_core.compile.pipeline import compile_document, compile_text
from waygrid_core.model.json_value import JsonValue
from waygrid_core.outcome import Failure
from waygrid_core.spec.problem import PROBLEM_CODES
from waygrid_core.testing.data import Document
from waygrid_core.testing.documents import documents
from waygrid_core.testing.values import any_json

FIELDS = (
    "type", "id", "ref", "entryPoints", "onSuccess", "onFailure", "onTimeout", "always", "onConditions", "condition",
    "to", "branches", "join", "joinNodeId", "strategy", "n", "of", "concurrency", "timeout", "retryPolicy", "base",
    "maxRetries", "deliveryStrategy", "delay", "time", "parameters", "input", "output", "$from", "$text", "$secret",
    "$literal", "$default", "body", "over", "until", "atMost", "every", "event", "key", "code", "message", "onEnd",
    "repeatPolicy", "guarantees", "address", "pointer", "op", "value", "cond", "all", "any", "dag", "label",
)  # fmt: skip
TYPES = (
    "standard", "pass", "fail", "fork", "join", "await", "call", "each", "loop", "And", "Or", "Quorum", "Not", "Always",
    "JsonExists", "JsonEquals", "JsonCompare", "Linear", "FullJitter", "ScheduleAfter", "ScheduleAt", "Times", "None",
)  # fmt: skip

odd_scalars: st.SearchStrategy[JsonValue] = st.one_of(
    st.sampled_from(TYPES),
    st.sampled_from((None, True, 0, -1, 1, 2, 1.5, 1e308, 10**40, "", "5s", "/payload", "a", "{", "}", "é", "\ud800")),
    st.sampled_from(("waygrid://processor/a", "2026-01-01T00:00:00Z", "0" * 64, "/nodes/a/output", "x" * 70)),
)
odd_json: st.SearchStrategy[JsonValue] = st.recursive(
    odd_scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(FIELDS), inner, max_size=5)),
    max_leaves=15,
)
"""JSON made of the words of Specs, which gets further than JSON of any words."""


def is_told(document: JsonValue) -> None:
    """A DAG, or problems with known codes and a sentence each, in the order of their places."""
    outcome = compile_document(document)
    if isinstance(outcome, Failure):
        problems = outcome.failure()
        assert problems
        assert all(problem.code in PROBLEM_CODES and problem.message for problem in problems)
        assert len(set(problems)) == len(problems), "a fault is told twice"


@given(any_json)
def test_any_json_gives_a_spec_or_errors(document: JsonValue) -> None:
    is_told(document)


@given(odd_json)
def test_json_made_of_the_words_of_specs_gives_a_spec_or_errors(document: JsonValue) -> None:
    is_told(document)
    is_told({"entryPoints": [document]})


@given(documents(), st.data())
def test_a_valid_document_with_one_part_replaced_by_any_json_gives_a_spec_or_errors(
    document: Document, data: st.DataObject
) -> None:
    edited = copy.deepcopy(document)
    for _ in range(data.draw(st.integers(1, 3))):
        place: Any = edited
        while True:
            step = data.draw(st.sampled_from([*place] if isinstance(place, dict) else range(len(place))))
            inner = place[step]
            if not (isinstance(inner, dict | list) and inner) or data.draw(st.sampled_from((False, False, True))):
                break
            place = inner
        if isinstance(place, dict) and data.draw(st.sampled_from((False, False, True))):
            place[data.draw(st.sampled_from(FIELDS))] = data.draw(odd_json)
        else:
            place[step] = data.draw(odd_json)
    is_told(edited)


@given(st.one_of(st.text(), st.text('{}[]":,1aé \\u0'), st.binary()), st.sampled_from(("json", "yaml", "auto")))
def test_any_text_gives_a_spec_or_errors(text: str | bytes, written_in: str) -> None:
    outcome = compile_text(text, format=written_in)  # type: ignore[arg-type]
    if isinstance(outcome, Failure):
        assert outcome.failure()
