"""The document of an extension is read by the annotations of its class, strictly, and written back."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.unit.extension.rules import EVERYTHING, RULES, Even, Everything
from waygrid_core.extension.field_values import fields_preimage
from waygrid_core.extension.registry import NO_EXTENSIONS
from waygrid_core.model.address import ServiceAddress
from waygrid_core.spec.extended import read_extension, write_extension, write_versioned
from waygrid_core.spec.problem import ProblemSink


def read(document: Any) -> Any:
    problems = ProblemSink()
    extension = read_extension(document, "", problems, RULES.conditions, "a condition")
    assert problems.problems == ()
    return extension


def problems_of(document: Any) -> list[tuple[str, str]]:
    problems = ProblemSink()
    read_extension(document, "", problems, RULES.conditions, "a condition")
    return [(problem.pointer, problem.code) for problem in problems.problems]


def test_every_type_of_field_is_read() -> None:
    assert read(EVERYTHING) == Everything(
        text="é",
        whole_number=3,
        number=2.5,
        flag=True,
        delay=timedelta(seconds=90),
        at=datetime(2026, 1, 31, 7, tzinfo=UTC),
        to=ServiceAddress("processor", "openai"),
        level="high",
        anything={"$from": "/payload", "a": [None, 1.5]},
        names=("b", "a"),
        limits={"x": 1},
    )


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"perhaps": "5s"},
        {"positive": 7},
        {"many": [{"a": [1.5, 2.0]}, {}]},
        {"number": 2},
        {"wholeNumber": 3.0},
    ],
)
def test_what_is_written_is_read_as_what_it_was(more: Mapping[str, Any]) -> None:
    extension = read({**EVERYTHING, **more})
    assert read(write_extension(extension)) == extension
    assert read(write_versioned(extension)) == extension


def test_a_field_that_is_as_by_default_is_not_written() -> None:
    assert write_extension(read({**EVERYTHING, "positive": 1, "perhaps": None, "many": []})).keys() == EVERYTHING.keys()
    assert write_versioned(Even()) == {"type": "Even", "version": 1}


def test_what_is_hashed_has_one_form_for_all_ways_of_writing_it() -> None:
    hashed = fields_preimage(read({**EVERYTHING, "delay": "1.5m"}))
    assert hashed == fields_preimage(read({**EVERYTHING, "at": "2026-01-31T07:00:00Z"}))
    assert hashed["delay"] == 90_000_000
    assert hashed["at"] == int(datetime(2026, 1, 31, 7, tzinfo=UTC).timestamp()) * 1_000_000
    assert hashed["positive"] == 1


@pytest.mark.parametrize(
    ("name", "value", "place", "code"),
    [
        ("text", 1, "/text", "wrong-type"),
        ("wholeNumber", 1.5, "/wholeNumber", "wrong-type"),
        ("wholeNumber", True, "/wholeNumber", "wrong-type"),
        ("number", "1", "/number", "wrong-type"),
        ("number", 10**400, "/number", "out-of-range"),
        ("flag", 1, "/flag", "wrong-type"),
        ("delay", "5 sec", "/delay", "bad-duration"),
        ("delay", 5, "/delay", "wrong-type"),
        ("at", "tomorrow", "/at", "bad-instant"),
        ("to", "openai", "/to", "bad-address"),
        ("to", 3, "/to", "wrong-type"),
        ("level", "medium", "/level", "unknown-type"),
        ("level", 1, "/level", "wrong-type"),
        ("names", "a", "/names", "wrong-type"),
        ("names", ["a", 1], "/names/1", "wrong-type"),
        ("limits", [], "/limits", "wrong-type"),
        ("limits", {"a/b": "1"}, "/limits/a~1b", "wrong-type"),
        ("perhaps", 1, "/perhaps", "wrong-type"),
        ("many", [{"a": [1, "2"]}], "/many/0/a/1", "wrong-type"),
        ("positive", 0, "/positive", "out-of-range"),
        ("nobody", 0, "/nobody", "unknown-field"),
        ("version", 2, "/version", "conflicting-fields"),
        ("version", "1", "/version", "wrong-type"),
        ("version", True, "/version", "wrong-type"),
    ],
)
def test_a_field_that_is_wrong_is_one_problem_at_its_place(name: str, value: Any, place: str, code: str) -> None:
    assert problems_of({**EVERYTHING, name: value}) == [(place, code)]


def test_a_field_that_is_missing_is_named() -> None:
    document = {name: value for name, value in EVERYTHING.items() if name != "wholeNumber"}
    assert problems_of(document) == [("", "missing-field")]


def test_all_that_is_wrong_is_told_at_once() -> None:
    found = problems_of({**EVERYTHING, "text": 1, "delay": "x", "nobody": 1})
    assert found == [("/delay", "bad-duration"), ("/nobody", "unknown-field"), ("/text", "wrong-type")]


def test_data_that_nests_too_deep_is_a_problem_and_no_overflow() -> None:
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    assert problems_of({**EVERYTHING, "anything": deep}) == [("/anything", "too-deep")]


def test_a_version_that_is_not_the_classs_names_both() -> None:
    problems = ProblemSink()
    read_extension({"type": "Even", "version": 3}, "", problems, RULES.conditions, "a condition")
    (problem,) = problems.problems
    assert "version 3 of 'Even'" in problem.message
    assert "has version 1" in problem.message


def test_a_type_that_nobody_knows_says_the_nearest_and_how_an_extension_is_given() -> None:
    problems = ProblemSink()
    read_extension({"type": "Evn"}, "", problems, RULES.conditions, "a condition")
    (problem,) = problems.problems
    assert (problem.pointer, problem.code) == ("/type", "unknown-type")
    assert "'Evn'" in problem.message
    assert "'Even'" in problem.message
    assert "`extensions`" in problem.message


@pytest.mark.parametrize("document", [None, [], "Even", {}, {"type": 3}])
def test_what_is_no_extension_at_all_is_a_problem(document: Any) -> None:
    for kinds in (RULES.conditions, NO_EXTENSIONS.conditions):
        problems = ProblemSink()
        assert read_extension(document, "", problems, kinds, "a condition") is None
        assert len(problems) == 1
