"""Payloads and outputs that are drawn anew each time."""

from collections import Counter
from random import Random

from tests.unit.workload.specs import ONE, workload
from waygrid_core.model.json_value import JsonValue


def made(template: str, number: int = 1, seed: int = 1) -> JsonValue:
    read = workload(f"arrivals: {{rate: 1/s}}\npayload: {template}", one=ONE)
    return read.specs["one"].payload.make(number, Random(seed))


def test_what_has_no_dollar_stands_as_it_is() -> None:
    assert made("{a: [1, {b: null}], c: x}") == {"a": [1, {"b": None}], "c": "x"}


def test_the_number_stands_by_itself_and_in_texts() -> None:
    assert made("{id: {$number: true}, name: {$text: 'order-{number}/{number}'}}", 7) == {"id": 7, "name": "order-7/7"}


def test_a_literal_may_have_dollars() -> None:
    assert made("{$literal: {$number: true}}") == {"$number": True}


def test_whole_numbers_are_between_their_bounds_both_among_them() -> None:
    assert {made("{$whole: [1, 3]}", seed=seed) for seed in range(60)} == {1, 2, 3}
    assert made("{$whole: 5}") == 5


def test_choices_are_made_as_often_as_their_weights_say() -> None:
    read = workload("arrivals: {rate: 1/s}\npayload: {$choice: [a, {$number: true}], weights: [9, 1]}", one=ONE)
    chance = Random(2)
    counts = Counter(read.specs["one"].payload.make(3, chance) for _ in range(2_000))
    assert counts.keys() == {"a", 3}
    assert 150 < counts[3] < 250


def test_the_items_of_a_list_are_drawn_one_by_one() -> None:
    drawn = [made("{$list: {sku: {$whole: [1, 1000]}}, length: [0, 4]}", seed=seed) for seed in range(40)]
    lengths = {len(each) for each in drawn if isinstance(each, list)}
    assert lengths == {0, 1, 2, 3, 4}
    assert any(isinstance(each, list) and len(each) > 1 and each[0] != each[1] for each in drawn)


def test_the_same_seed_makes_the_same() -> None:
    template = "{a: {$whole: [0, 1000000]}, b: {$choice: [1, 2, 3]}}"
    assert made(template, seed=4) == made(template, seed=4) != made(template, seed=5)
