"""Templates: what leaves find, what they leave out, and the text of pointers and texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.json_value import MISSING, JsonValue
from waygrid_core.outcome import Failure
from waygrid_core.template.evaluate import Sight, evaluate, read_operand, see_nothing
from waygrid_core.template.pointer import parse_data_pointer, parse_text, write_data_pointer, write_text
from waygrid_core.template.template import (
    ArrayTemplate,
    Constant,
    DataPointer,
    FromLeaf,
    LiteralLeaf,
    ObjectTemplate,
    Template,
    TextLeaf,
)


def output_of(author_id: str) -> JsonValue:
    return {"score": 0.5, "tags": ["a"]} if author_id == "score" else None


SIGHT = Sight({"id": 7, "name": "Ada", "none": None}, [10, 20], TraversalId("01T"), 2, output_of)


def from_leaf(*pointers: str, default: JsonValue = None, has_default: bool = False) -> FromLeaf:
    parsed = tuple(parse_data_pointer(pointer).unwrap() for pointer in pointers)
    return FromLeaf(parsed, default if has_default else MISSING)


def text(written: str) -> TextLeaf:
    return parse_text(written).unwrap()


@pytest.mark.parametrize(
    ("template", "value"),
    [
        (Constant({"a": [1]}), {"a": [1]}),
        (LiteralLeaf({"$from": "/payload"}), {"$from": "/payload"}),
        (from_leaf("/payload/id"), 7),
        (from_leaf("/payload"), {"id": 7, "name": "Ada", "none": None}),
        (from_leaf("/input/1"), 20),
        (from_leaf("/traversal"), {"id": "01T", "run": 2}),
        (from_leaf("/traversal/run"), 2),
        (from_leaf("/nodes/score/output/tags/0"), "a"),
        (from_leaf("/nodes/score/output"), {"score": 0.5, "tags": ["a"]}),
        (from_leaf("/payload/nowhere", "/payload/name", "/payload/id"), "Ada"),
        (from_leaf("/payload/none", default=1, has_default=True), None),
        (from_leaf("/payload/nowhere", default=[1], has_default=True), [1]),
        (from_leaf("/payload/nowhere", default=None, has_default=True), None),
        (from_leaf("/payload/nowhere"), None),
        (ObjectTemplate({"a": from_leaf("/payload/nowhere"), "b": from_leaf("/payload/none")}), {"b": None}),
        (ArrayTemplate((from_leaf("/payload/nowhere"), from_leaf("/payload/id"), Constant("x"))), [None, 7, "x"]),
        (ObjectTemplate({"a": ArrayTemplate((ObjectTemplate({"b": from_leaf("/input/9")}),))}), {"a": [{}]}),
        (text("Order {/payload/id} of {/payload/name}"), "Order 7 of Ada"),
        (text("{/input}{/nodes/score/output/score}{/payload/none}"), "[10,20]0.5null"),
        (text("<{/payload/nowhere}>"), "<>"),
        (text("{{{/payload/id}}} {{}}"), "{7} {}"),
        (text(""), ""),
    ],
)
def test_a_template_gives(template: Template, value: JsonValue) -> None:
    assert evaluate(template, SIGHT) == value


def test_an_operand_that_finds_nothing_is_missing_and_not_null() -> None:
    assert read_operand(from_leaf("/payload/nowhere"), SIGHT) is MISSING
    assert read_operand(from_leaf("/payload/none"), SIGHT) is None
    assert read_operand(from_leaf("/payload/nowhere", default=None, has_default=True), SIGHT) is None
    assert read_operand(Constant(1), SIGHT) == 1
    assert read_operand(text("{/payload/nowhere}"), SIGHT) == ""
    assert read_operand(LiteralLeaf(None), SIGHT) is None
    unseen = Sight(None, None, TraversalId("01T"), 1, see_nothing)
    assert read_operand(from_leaf("/nodes/score/output"), unseen) is MISSING


def test_a_default_object_is_data_and_no_template() -> None:
    leaf = from_leaf("/payload/nowhere", default={"$from": "/payload/id"}, has_default=True)
    assert evaluate(leaf, SIGHT) == {"$from": "/payload/id"}


@pytest.mark.parametrize(
    ("written", "pointer"),
    [
        ("/payload", DataPointer("payload")),
        ("/payload/", DataPointer("payload", ("",))),
        ("/payload/a~1b/~0", DataPointer("payload", ("a/b", "~"))),
        ("/input/0", DataPointer("input", ("0",))),
        ("/traversal/id", DataPointer("traversal", ("id",))),
        ("/nodes/score/output", DataPointer("node", (), "score")),
        ("/nodes/score/output/nodes/x", DataPointer("node", ("nodes", "x"), "score")),
    ],
)
def test_a_pointer_names_its_root(written: str, pointer: DataPointer) -> None:
    assert parse_data_pointer(written).unwrap() == pointer
    assert write_data_pointer(pointer) == written


@pytest.mark.parametrize(
    "written",
    [
        "",
        "/",
        "payload",
        "/payloads",
        "/Payload",
        "/nodes",
        "/nodes/a",
        "/nodes/a/input",
        "/nodes//output",
        "/output",
        "/payload/~2",
        "/payload/~",
    ],
)
def test_a_pointer_at_nothing_visible_gets_a_sentence(written: str) -> None:
    assert isinstance(parse_data_pointer(written), Failure)


@pytest.mark.parametrize(
    "written",
    [
        "{",
        "}",
        "a}b",
        "{/payload",
        "{/payload/{}",
        "{{}",
        "{}}",
        "{}",
        "{ /payload }",
        "{/order}",
        "{/payload}}",
        "{{{/payload}}",
        "{payload}",
        "{/payload/~3}",
    ],
)
def test_a_text_with_a_stray_brace_or_a_bad_pointer_gets_a_sentence(written: str) -> None:
    assert isinstance(parse_text(written), Failure)


def test_a_text_is_parts_and_pointers() -> None:
    assert text("a{{b{/payload/x}{/input}c}}").parts == (
        "a{b",
        DataPointer("payload", ("x",)),
        DataPointer("input"),
        "c}",
    )


@given(st.lists(st.text("ab{}/", min_size=1, max_size=4) | st.just(DataPointer("payload", ("x~", "y/z"))), max_size=5))
def test_a_text_reads_back_from_what_is_written(parts: list[str | DataPointer]) -> None:
    merged: list[str | DataPointer] = []
    for part in parts:
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        else:
            merged.append(part)
    leaf = TextLeaf(tuple(merged))
    assert parse_text(write_text(leaf)).unwrap() == leaf


@given(st.text("a{}/payload~"))
def test_any_text_is_a_leaf_or_a_sentence_and_reads_back(written: str) -> None:
    parsed = parse_text(written)
    if not isinstance(parsed, Failure):
        assert write_text(parsed.unwrap()) == written
