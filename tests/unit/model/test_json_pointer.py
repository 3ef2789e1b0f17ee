"""RFC 6901: the examples of its section 5, and what finds nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waygrid_core.model.json_pointer import find, parse_pointer, write_pointer
from waygrid_core.model.json_value import MISSING, JsonValue
from waygrid_core.outcome import Failure

DOCUMENT: JsonValue = {
    "foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, 'k"l': 6, " ": 7, "m~n": 8,
    "null": None, "object": {"0": "zero", "-": "dash"}, "nested": [[1, 2], {"x": False}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("", DOCUMENT),
        ("/foo", ["bar", "baz"]),
        ("/foo/0", "bar"),
        ("/", 0),
        ("/a~1b", 1),
        ("/c%d", 2),
        ("/e^f", 3),
        ("/g|h", 4),
        ("/i\\j", 5),
        ('/k"l', 6),
        ("/ ", 7),
        ("/m~0n", 8),
        ("/null", None),
        ("/object/0", "zero"),
        ("/object/-", "dash"),
        ("/nested/0/1", 2),
        ("/nested/1/x", False),
    ],
)
def test_a_pointer_finds_what_is_there(pointer: str, value: JsonValue) -> None:
    assert find(DOCUMENT, parse_pointer(pointer).unwrap()) == value


@pytest.mark.parametrize(
    "pointer",
    [
        "/bar",
        "/foo/2",
        "/foo/-",
        "/foo/-1",
        "/foo/00",
        "/foo/01",
        "/foo/+1",
        "/foo/1e0",
        "/foo/",
        "/foo/length",
        "/foo/\u0660",
        "/foo/\u00b2",
        "/foo/0/0",
        "/null/x",
        "/a~1b/x",
        "/foo/" + "9" * 5000,
        "/nested/1/x/y",
    ],
)
def test_where_nothing_is_nothing_is_found(pointer: str) -> None:
    assert find(DOCUMENT, parse_pointer(pointer).unwrap()) is MISSING


@pytest.mark.parametrize("text", ["foo", "#/foo", "/~", "/~2", "/a~", "/a~x/b"])
def test_what_is_no_pointer_gets_a_sentence(text: str) -> None:
    assert isinstance(parse_pointer(text), Failure)


@given(st.lists(st.text()).map(tuple))
def test_a_pointer_reads_back_from_its_text(tokens: tuple[str, ...]) -> None:
    assert parse_pointer(write_pointer(tokens)).unwrap() == tokens
