"""Canonical JSON: the vectors of RFC 8785, its order of keys, its numbers, and the two additions."""

import json
import struct
from collections.abc import Mapping
from random import Random

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from immutables import Map

from waygrid_core.model.canonical_json import canonical_json
from waygrid_core.model.json_text import write_whole_number
from waygrid_core.model.json_value import JsonValue, json_equal

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(-(2.0**53), 2.0**53)  # ECMAScript writes larger ones as whole numbers with zeros for lost digits
    | st.text(st.characters(codec="utf-8"))
)
JSON: st.SearchStrategy[JsonValue] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
)


@pytest.mark.parametrize(
    ("ieee", "text"),
    [
        ("0000000000000000", "0"),
        ("8000000000000000", "0"),
        ("0000000000000001", "5e-324"),
        ("8000000000000001", "-5e-324"),
        ("7fefffffffffffff", "1.7976931348623157e+308"),
        ("ffefffffffffffff", "-1.7976931348623157e+308"),
        ("4340000000000000", "9007199254740992"),
        ("c340000000000000", "-9007199254740992"),
        ("4430000000000000", "295147905179352830000"),
        ("44b52d02c7e14af5", "9.999999999999997e+22"),
        ("44b52d02c7e14af6", "1e+23"),
        ("44b52d02c7e14af7", "1.0000000000000001e+23"),
        ("444b1ae4d6e2ef4e", "999999999999999700000"),
        ("444b1ae4d6e2ef4f", "999999999999999900000"),
        ("444b1ae4d6e2ef50", "1e+21"),
        ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
        ("3eb0c6f7a0b5ed8d", "0.000001"),
        ("41b3de4355555553", "333333333.3333332"),
        ("41b3de4355555554", "333333333.33333325"),
        ("41b3de4355555555", "333333333.3333333"),
        ("41b3de4355555556", "333333333.3333334"),
        ("41b3de4355555557", "333333333.33333343"),
        ("becbf647612f3696", "-0.0000033333333333333333"),
        ("43143ff3c1cb0959", "1424953923781206.2"),
    ],
)
def test_floats_are_written_as_appendix_b_of_the_rfc_says(ieee: str, text: str) -> None:
    (number,) = struct.unpack(">d", bytes.fromhex(ieee))
    assert canonical_json(number).decode() == text
    assert canonical_json([number, {"n": number}]).decode() == f'[{text},{{"n":{text}}}]'


def test_the_worked_example_of_the_rfc() -> None:
    document: JsonValue = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/",
        "literals": [None, True, False],
    }
    assert (
        canonical_json(document)
        == (
            '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
            '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
        ).encode()
    )


def test_keys_are_ordered_by_their_utf_16_code_units() -> None:
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    written = list(json.loads(canonical_json(dict.fromkeys(keys, 0))))
    assert written == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


def test_a_whole_number_has_all_its_digits_and_equals_its_float() -> None:
    assert canonical_json(2**64 + 1) == b"18446744073709551617"
    assert canonical_json(9007199254740993) == b"9007199254740993"
    assert canonical_json(1.0) == canonical_json(1) == b"1"
    assert canonical_json(True) == b"true"


def test_a_number_of_more_digits_than_str_takes_has_a_text() -> None:
    number = 7**9_000
    digits = write_whole_number(number)
    assert len(digits) == 7606
    rest = number
    for end in range(len(digits), 0, -4_000):
        rest, part = divmod(rest, 10**4_000)
        assert int(digits[max(0, end - 4_000) : end]) == part
    assert rest == 0
    assert canonical_json({"n": -number}) == f'{{"n":-{digits}}}'.encode()


def test_every_value_has_a_text_so_that_hashing_data_never_raises() -> None:
    assert canonical_json("\ud800") == b'"\\ud800"'
    assert canonical_json({"\udfff": ["a\ud800"]}) == b'{"\\udfff":["a\\ud800"]}'
    assert canonical_json([float("nan"), float("inf"), -float("inf")]) == b"[null,null,null]"
    assert canonical_json(Map({"b": Map({"d": 1}), "a": (1, 2)})) == b'{"a":[1,2],"b":{"d":1}}'


def test_a_value_may_nest_deeper_than_the_stack() -> None:
    value: JsonValue = 1.5
    for _ in range(20_000):
        value = [{"a": value}]
    assert canonical_json(value) == b'[{"a":' * 20_000 + b"1.5" + b"}]" * 20_000


@pytest.mark.parametrize("value", [{1: 2}, [object()], {"a": b"bytes"}, {"a": {1, 2}}])
def test_what_is_no_json_is_a_bug_of_the_caller(value: JsonValue) -> None:
    with pytest.raises(TypeError):
        canonical_json(value)


@given(JSON)
def test_the_text_reads_back_as_an_equal_value(value: JsonValue) -> None:
    assert json_equal(json.loads(canonical_json(value)), value)


@given(
    st.recursive(
        SCALARS.filter(lambda value: not isinstance(value, int) or abs(value) < 2**53)
        | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    )
)
def test_within_the_rfcs_own_range_the_text_is_that_of_the_reference_library(value: JsonValue) -> None:
    assert canonical_json(value) == rfc8785.dumps(value)


@given(JSON, st.randoms(use_true_random=False))
def test_the_order_of_keys_in_memory_does_not_show(value: JsonValue, random: Random) -> None:
    def shuffled(part: JsonValue) -> JsonValue:
        if isinstance(part, Mapping):
            keys = list(part)
            random.shuffle(keys)
            return {key: shuffled(part[key]) for key in keys}
        return [shuffled(item) for item in part] if isinstance(part, list) else part

    assert canonical_json(shuffled(value)) == canonical_json(value)
