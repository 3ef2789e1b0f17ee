"""JSON text out and in: whatever the machine holds reads back as it was."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from immutables import Map

from waygrid_core.codec.json_bytes import read_json, read_whole_number, write_json
from waygrid_core.model.json_text import write_whole_number
from waygrid_core.model.json_value import JsonValue, json_equal

JSON: st.SearchStrategy[JsonValue] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**60), 10**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters()),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(), max_size=3), inner, max_size=4)
    ),
)


def same(left: JsonValue, right: JsonValue) -> bool:
    return json_equal(left, right) and repr(left) == repr(right)


@given(JSON)
def test_what_is_written_reads_back_with_its_types_and_the_order_of_its_keys(value: JsonValue) -> None:
    assert same(read_json(write_json(value)), value)


@given(JSON, st.sampled_from([None, 1]), st.booleans())
def test_texts_of_others_are_read_as_python_reads_them(value: JsonValue, indent: int | None, is_ascii: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=is_ascii).encode("utf-8", "replace")
    assert same(read_json(text), json.loads(text))


@given(st.text('[]{}:,"0123456789.eE+-\\ \ntrufalsn') | st.text())
def test_a_text_is_json_or_a_value_error(text: str) -> None:
    data = text.encode("utf-8", "replace")
    many_digits = b"[1234567890123456789," + data + b"]"
    for candidate in (data, many_digits):
        try:
            expected = json.loads(candidate, parse_constant=_refuse, parse_float=_finite)
        except ValueError:
            with pytest.raises(ValueError, match="JSON"):
                read_json(candidate)
        else:
            assert same(read_json(candidate), expected)


def _refuse(name: str) -> float:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(text)
    return number


@pytest.mark.parametrize(
    "number", [2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1, 10**19, 10**20, 9_999_999_999_999_999_999]
)
def test_a_whole_number_keeps_every_digit(number: int) -> None:
    assert same(read_json(write_json([number, {"n": number}])), [number, {"n": number}])


def test_a_number_of_more_digits_than_int_takes_reads_back() -> None:
    for number in (7**9_000, -(7**9_000), 10**4_000, 10**8_000):
        assert read_json(write_json([number])) == [number]
        assert read_whole_number(write_whole_number(number)) == number


def test_a_value_may_nest_deeper_than_the_stack() -> None:
    value: JsonValue = {"innermost": True}
    for _ in range(20_000):
        value = [{"a": value, "b": 1}]
    text = write_json(value)
    assert json_equal(read_json(text), value)


def test_maps_and_tuples_are_objects_and_arrays() -> None:
    assert write_json(Map({"a": (1, Map())})) == b'{"a":[1,{}]}'


def test_what_is_no_number_is_null() -> None:
    assert write_json([float("nan"), 1.5]) == b"[null,1.5]"
    assert write_json([float("inf"), 2**70]) == b"[null,1180591620717411303424]"


@pytest.mark.parametrize("text", [b"", b" ", b"nul", b"[1,]", b"[1 2]", b'{"a"}', b'{"a":1,}', b"{1:2}", b"01", b"+1"])
@pytest.mark.parametrize("beside", [b"%s", b"[12345678901234567890,%s]"])
def test_what_is_no_json_is_told_with_its_place(text: bytes, beside: bytes) -> None:
    with pytest.raises(ValueError, match=r"no JSON: at character \d+ .* was expected"):
        read_json(beside % text)


@pytest.mark.parametrize("text", [b"\xff", b'"\xff', b'"\x01"', b'"\\x"', b'"abc', b"1e999", b"NaN", b"[" * 3_000])
def test_bytes_that_are_no_text_and_texts_that_are_no_json_are_value_errors(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"JSON|decode"):
        read_json(text)
