"""When two JSON values are equal."""

import pickle

import pytest

from waygrid_core.model.json_value import MISSING, JsonValue, is_json_array, is_number, json_equal


@pytest.mark.parametrize(
    ("left", "right"),
    [(1, 1.0), (0, -0.0), ([1, [2.0]], [1.0, [2]]), ({"a": 1, "b": None}, {"b": None, "a": 1.0}), ((1,), [1])],
)
def test_values_of_one_meaning_are_equal(left: JsonValue, right: JsonValue) -> None:
    assert json_equal(left, right)
    assert json_equal(right, left)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("a", "b"),
        (1, 2),
        ([1, 2], [2, 1]),
        ([1], [1, 1]),
        ({"a": 1}, {"b": 1}),
        (1, True),
        (0, False),
        (1.0, True),
        (1, "1"),
        (None, False),
        (None, 0),
        ([], {}),
        ("", []),
        ([1], [True]),
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": 1}, {"a": True}),
        (10**400, 1e308),
        (2**53 + 1, float(2**53)),
    ],
)
def test_values_of_unlike_meaning_are_not_equal(left: JsonValue, right: JsonValue) -> None:
    assert not json_equal(left, right)
    assert not json_equal(right, left)


def test_a_bool_is_no_number_and_a_text_no_array() -> None:
    assert is_number(1)
    assert is_number(0.5)
    assert not is_number(True)
    assert is_json_array([])
    assert not is_json_array("abc")


def test_missing_is_one_thing_in_every_process() -> None:
    assert pickle.loads(pickle.dumps(MISSING)) is MISSING
    assert repr(MISSING) == "MISSING"


def test_values_nested_deeper_than_the_stack_are_compared() -> None:
    def nested(innermost: JsonValue) -> JsonValue:
        value = innermost
        for _ in range(20_000):
            value = [{"a": value}]
        return value

    assert json_equal(nested(1), nested(1.0))
    assert not json_equal(nested(1), nested(True))
