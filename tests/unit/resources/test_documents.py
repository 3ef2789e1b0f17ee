"""Documents are read strictly, and what is wrong with one is said with its place."""

from datetime import UTC, datetime
from typing import Any

import pytest

from waygrid_core.outcome import Failure
from waygrid_shell.resources.document import read_request, read_response, to_json
from waygrid_shell.resources.submission import Batch, Submission
from waygrid_shell.resources.traversal import ErrorView, NodeView, TraversalView

VIEW = TraversalView(
    id="01ARZ3NDEKTSV4RRFFQ69G5FAV",
    status="timed-out",
    dag=None,
    root="01ARZ3NDEKTSV4RRFFQ69G5FAV",
    version=3,
    begun_at=datetime(2026, 1, 2, 3, 4, 5, 600_000, UTC),
    labels={"a/b": "c"},
    error=ErrorView(code="timeout"),
    nodes=(NodeView(id="n", name="charge", kind="standard", status="not-reached", output=[None, {"x": 1.5}]),),
)


def problems(document: Any, kind: type[Any] = Submission) -> list[tuple[str, str]]:
    read = read_request(document, kind)
    assert isinstance(read, Failure)
    return list(read.failure())


def test_a_document_reads_back_as_it_was_written() -> None:
    for read in (read_request, read_response):
        assert read(to_json(VIEW), TraversalView).unwrap() == VIEW


def test_fields_are_in_camel_case_and_defaults_are_left_out() -> None:
    written = to_json(VIEW)
    assert isinstance(written, dict)
    assert written["begunAt"] == "2026-01-02T03:04:05.600000Z"
    assert "endedAt" not in written
    assert written["error"] == {"code": "timeout"}


def test_a_pointer_is_that_of_the_document_not_of_the_class() -> None:
    written = to_json(VIEW)
    assert isinstance(written, dict)
    found = problems({**written, "begunAt": "yesterday", "nodes": [{"dueAt": 1}], "labels": {"a/b": 1}}, TraversalView)
    assert [pointer for pointer, _ in found] == [
        "/begunAt",
        "/labels/a~1b",
        "/nodes/0/id",
        "/nodes/0/name",
        "/nodes/0/kind",
        "/nodes/0/status",
        "/nodes/0/dueAt",
    ]


def test_every_unknown_field_of_a_request_is_told_and_of_an_answer_none() -> None:
    assert problems({"spec": {}, "b": 1, "a~": 2}) == [
        ("/a~0", "there is no field 'a~'; there are dag, entry, labels, name, payload, spec"),
        ("/b", "there is no field 'b'; there are dag, entry, labels, name, payload, spec"),
    ]
    assert read_response({"spec": {}, "b": 1}, Submission).unwrap() == Submission(spec={})


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"entry": "1"}, "it must be a whole number, not a text"),
        ({"entry": True}, "it must be a whole number, not true or false"),
        ({"entry": 1.0}, "it must be a whole number, not a number"),
        ({"entry": None}, "it must be a whole number, not null"),
        ({"name": ["x"]}, "it must be a text, not an array"),
        ({"labels": []}, "it must be an object, not an array"),
        ({"labels": None}, "it must be an object, not null"),
        ({"labels": {"a": {}}}, "it must be a text, not an object"),
    ],
)
def test_nothing_is_converted_by_itself(document: Any, said: str) -> None:
    assert [message for _, message in problems(document)] == [said]


def test_a_text_is_no_array_of_its_letters() -> None:
    assert problems({"payloads": "abc"}, Batch) == [("/payloads", "it must be an array, not a text")]
    assert problems({"payloads": {"a": 1}}, Batch) == [("/payloads", "it must be an array, not an object")]


def test_a_word_that_is_none_is_told_which_there_are() -> None:
    written = to_json(VIEW)
    assert isinstance(written, dict)
    ((pointer, said),) = problems({**written, "status": "done"}, TraversalView)
    assert pointer == "/status"
    assert "timed-out" in said


def test_what_is_no_object_is_no_document() -> None:
    documents: list[Any] = [[], "x", 1, None, True]
    for document in documents:
        ((pointer, said),) = problems(document)
        assert pointer == ""
        assert said.startswith("it must be an object")


def test_json_in_a_document_stays_as_it_is() -> None:
    value: Any = {"snake_case": [1, 2.5, None, {"deep": "x"}], "10": True}
    assert read_request({"spec": value, "payload": [value]}, Submission).unwrap() == Submission(
        spec=value, payload=[value]
    )
