"""What is read can be written, and what is written reads the same."""

import json
from typing import Any

import pytest
from hypothesis import given

from tests.unit.spec.documents import FEW, JSON, SPECS
from waygrid_core.spec.check import check_spec
from waygrid_core.spec.node import Hole, Spec
from waygrid_core.spec.write import write_json_text, write_spec


@given(SPECS)
@FEW
def test_a_spec_that_is_written_reads_the_same(document: Any) -> None:
    spec = check_spec(document).spec
    assert spec is not None
    written = write_spec(spec)
    again = check_spec(written)
    assert again.problems == ()
    assert again.spec == spec
    assert again.spec is not None
    assert write_spec(again.spec) == written


def test_defaults_are_not_written() -> None:
    document: Any = {
        "entryPoints": [
            {
                "type": "each",
                "body": {"entryPoints": [{"type": "pass"}], "repeatPolicy": {"type": "NoRepeat"}},
                "over": {"$from": "/payload"},
                "atMost": 1_000,
                "retryPolicy": {"type": "None"},
                "deliveryStrategy": {"type": "Immediate"},
                "onConditions": [],
            }
        ],
        "repeatPolicy": {"type": "NoRepeat"},
        "guarantees": [],
    }
    spec = check_spec(document).spec
    assert spec is not None
    each = {"type": "each", "over": {"$from": "/payload"}, "body": {"entryPoints": [{"type": "pass"}]}}
    assert write_spec(spec) == {"entryPoints": [each]}


@pytest.mark.parametrize(
    "body", [{"type": "pass"}, {"entryPoints": [{"type": "pass"}]}, {"ref": "a"}, {"dag": "0" * 64}]
)
def test_a_body_is_written_in_the_form_that_it_had(body: Any) -> None:
    document = {"entryPoints": [{"type": "call", "body": body}], "onEnd": body}
    spec = check_spec(document).spec
    assert spec is not None
    assert write_spec(spec) == document


def test_a_chain_of_ten_thousand_nodes_is_written_and_read_as_text() -> None:
    end: Any = {"type": "pass"}
    for _ in range(9_999):
        end = {"type": "pass", "onSuccess": end}
    spec = check_spec({"entryPoints": [end]}).spec
    assert spec is not None
    text = write_json_text(write_spec(spec))
    assert text.count('"onSuccess"') == 9_999
    assert text.startswith('{"entryPoints":[{"type":"pass","onSuccess":{"type":"pass",')


def test_a_spec_with_a_hole_has_no_document() -> None:
    with pytest.raises(ValueError, match="'/a' could not be read"):
        write_spec(Spec(entry_points=(Hole(place="/a"),)))


@given(JSON)
@FEW
def test_json_text_is_what_the_standard_library_writes(value: Any) -> None:
    compact = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    assert write_json_text(value) == compact
    assert write_json_text(value, indent=2) == json.dumps(value, ensure_ascii=False, indent=2)


def test_json_text_has_no_number_that_json_does_not_have() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json_text([float("nan")])
