"""JSON with parts that are drawn anew each time: payloads, outputs, data of events."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Protocol

from attrs import frozen

from waygrid_core.model.json_value import JsonValue

NUMBER_IN_TEXT = "{number}"
"""What stands in a text for the number of what is made."""


class Template(Protocol):
    """Makes values."""

    def make(self, number: int, chance: Random) -> JsonValue:
        """The `number`th value, counted from 1."""
        ...


@frozen
class Fixed:
    """The same each time."""

    value: JsonValue

    def make(self, number: int, chance: Random) -> JsonValue:
        del number, chance
        return self.value


@frozen
class Number:
    """`{$number: true}`: 1, 2, 3, and so on."""

    def make(self, number: int, chance: Random) -> JsonValue:
        del chance
        return number


@frozen
class Text:
    """`{$text: "order-{number}"}`."""

    text: str

    def make(self, number: int, chance: Random) -> JsonValue:
        del chance
        return self.text.replace(NUMBER_IN_TEXT, str(number))


@frozen
class Whole:
    """`{$whole: [1, 6]}`: a whole number, both bounds among them."""

    low: int
    high: int

    def make(self, number: int, chance: Random) -> JsonValue:
        del number
        return chance.randint(self.low, self.high)


@frozen
class Choice:
    """`{$choice: [a, b], weights: [9, 1]}`: one of these, each as often as its weight says."""

    among: Sequence[Template]
    weights: Sequence[float]

    def make(self, number: int, chance: Random) -> JsonValue:
        (chosen,) = chance.choices(self.among, self.weights)
        return chosen.make(number, chance)


@frozen
class ListOf:
    """`{$list: X, length: [0, 5]}`: so many values, each made by itself."""

    item: Template
    length: Whole

    def make(self, number: int, chance: Random) -> JsonValue:
        return [self.item.make(number, chance) for _ in range(chance.randint(self.length.low, self.length.high))]


@frozen
class Items:
    """A list."""

    items: Sequence[Template]

    def make(self, number: int, chance: Random) -> JsonValue:
        return [item.make(number, chance) for item in self.items]


@frozen
class Members:
    """An object."""

    members: Mapping[str, Template]

    def make(self, number: int, chance: Random) -> JsonValue:
        return {name: member.make(number, chance) for name, member in self.members.items()}
