"""The published JSON Schema says what the parser says, but for what a schema cannot say."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import example, given

from tests.unit.spec.documents import FEW, JSON, MANY, SPECS, mutated
from tests.unit.spec.test_spec_check import ONE_FAULT
from waygrid_core.model.duration import DURATION_PATTERN
from waygrid_core.model.instant import INSTANT_PATTERN
from waygrid_core.spec.check import check_spec
from waygrid_core.spec.problem import SpecProblem
from waygrid_core.spec.schema import json_schema

SCHEMA = json_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def can_be_said(problem: SpecProblem, document: Any) -> bool:
    """Whether a schema can say this problem. These are all that it cannot."""
    match problem.code:
        case "too-deep" | "too-many-nodes":
            return False
        case "dead-edge":  # a condition after `Always`
            return problem.pointer.endswith("/onTimeout")
        case "bad-duration":  # zero, and more than 3650 days
            return re.fullmatch(DURATION_PATTERN, value_at(problem.pointer, document)) is None
        case "bad-instant":  # the calendar
            return re.fullmatch(INSTANT_PATTERN, value_at(problem.pointer, document)) is None
        case _:
            return True


def value_at(pointer: str, document: Any) -> Any:
    for step in pointer.split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        document = document[int(step)] if isinstance(document, list) else document[step]
    return document


def assert_both_say_the_same(document: Any) -> None:
    problems = check_spec(document).problems
    if VALIDATOR.is_valid(document):
        assert not [problem for problem in problems if can_be_said(problem, document)]
    elif not problems:
        raise AssertionError(
            "\n".join(f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(document))
        )


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$id"] == "urn:waygrid:spec:1"


def test_the_schema_is_the_published_one() -> None:
    # After a change on purpose: `waygrid schema > tests/unit/spec/spec.schema.json`.
    published = Path(__file__).with_name("spec.schema.json").read_text(encoding="utf-8")
    assert json.loads(published) == SCHEMA


def test_every_definition_helps_an_editor_and_is_used() -> None:
    used = set(re.findall(r"'#/\$defs/(\w+)'", str(SCHEMA)))
    assert used == set(SCHEMA["$defs"])
    for definition in SCHEMA["$defs"].values():
        assert definition["title"]
        assert definition["description"]


def test_a_caller_may_change_the_schema_that_it_got() -> None:
    json_schema()["$defs"].clear()
    assert json_schema() == SCHEMA


@pytest.mark.parametrize("document", [document for document, _, _ in ONE_FAULT])
def test_each_fault_of_the_parser_is_one_of_the_schema(document: Any) -> None:
    assert_both_say_the_same(document)


@given(SPECS)
@FEW
def test_what_is_right_for_the_parser_is_right_for_the_schema(document: Any) -> None:
    assert VALIDATOR.is_valid(document)


@given(mutated())
@MANY
@example({"entryPoints": [{"type": "pass", "label": "x\n"}], "timeout": "5s\n"})
@example({"entryPoints": [{"type": "pass", "id": "x\n"}]})
@example({"entryPoints": [{"type": "standard", "address": "waygrid://processor/x", "parameters": {"$from": 1}}]})
def test_one_change_to_a_right_document_means_the_same_to_both(document: Any) -> None:
    assert_both_say_the_same(document)


@given(JSON)
@FEW
def test_any_json_means_the_same_to_both(document: Any) -> None:
    assert_both_say_the_same(document)
