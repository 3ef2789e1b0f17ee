"""From what a workload says of a payload, an output or the data of an event, to what makes it."""

from collections.abc import Mapping
from math import inf
from typing import Final

from waygrid_core.model.json_value import JsonValue, Missing
from waygrid_core.spec.fields import Fields, Shape, kind_of, nearest, shape, shown, whole
from waygrid_core.spec.place import Place
from waygrid_core.spec.problem import ProblemSink
from waygrid_shell.simulation.workload.drawing import (
    Choice,
    Fixed,
    Items,
    ListOf,
    Members,
    Number,
    Template,
    Text,
    Whole,
)

DRAWS: Final[Mapping[str, Shape]] = {
    "$number": shape("$number"),
    "$text": shape("$text"),
    "$whole": shape("$whole"),
    "$choice": shape("$choice", optional=("weights",)),
    "$list": shape("$list", "length"),
    "$literal": shape("$literal"),
}
"""Objects that stand for something drawn, by the key that says so."""

MOST_ITEMS: Final = 10_000
_FURTHEST: Final = 2**53
_DEEPEST: Final = 100
"""How deep a template may be: the reading goes into it step by step."""


def read_template(fields: Fields, name: str) -> Template | None:
    """What makes the field; None where it is not there."""
    value = fields.get(name)
    return None if isinstance(value, Missing) else _read(value, (fields.place, name), fields.problems, 0)


def _read(value: JsonValue, place: Place, problems: ProblemSink, depth: int) -> Template:
    if depth > _DEEPEST:
        problems.add(place, "too-deep", f"a template is at most {_DEEPEST} deep")
        return Fixed(None)
    if isinstance(value, Mapping):
        draw = next((key for key in value if key.startswith("$")), None)
        if draw is not None:
            return _draw(draw, Fields(value, place, problems), depth)
        members = {name: _read(member, (place, name), problems, depth + 1) for name, member in value.items()}
        is_fixed = all(isinstance(member, Fixed) for member in members.values())
        return Fixed(value) if is_fixed else Members(members)
    if isinstance(value, list | tuple):
        items = [_read(item, (place, index), problems, depth + 1) for index, item in enumerate(value)]
        return Fixed(value) if all(isinstance(item, Fixed) for item in items) else Items(items)
    return Fixed(value)


def _draw(kind: str, fields: Fields, depth: int) -> Template:
    if kind not in DRAWS:
        message = f"{shown(kind)} draws nothing; {nearest(kind, DRAWS)}; a key with $ stands in $literal"
        fields.refuse(kind, "unknown-type", message)
        return Fixed(None)
    fields.conform(DRAWS[kind], kind)
    match kind:
        case "$literal":
            return Fixed(fields.document["$literal"])
        case "$number":
            if fields.get("$number") is not True:
                fields.refuse("$number", "wrong-type", "$number must be true; it is the number of what is made")
            return Number()
        case "$text":
            return Text(fields.text("$text") or "")
        case "$whole":
            return _bounds(fields, "$whole", -_FURTHEST, _FURTHEST)
        case "$choice":
            return _choice(fields, depth)
        case _:
            item = _read(fields.document["$list"], (fields.place, "$list"), fields.problems, depth + 1)
            return ListOf(item, _bounds(fields, "length", 0, MOST_ITEMS) if fields.has("length") else Whole(0, 0))


def _bounds(fields: Fields, name: str, low: int, high: int) -> Whole:
    """Two whole numbers, the first one not above the second; one number is both."""
    value = fields.get(name)
    numbers = [whole(each) for each in (value if isinstance(value, list | tuple) else [value, value])]
    if len(numbers) == 2 and numbers[0] is not None and numbers[1] is not None:
        if low <= numbers[0] <= numbers[1] <= high:
            return Whole(numbers[0], numbers[1])
        fields.refuse(name, "out-of-range", f"{name} must be from low to high, such as [1, 6], within {low} and {high}")
    else:
        fields.refuse(name, "wrong-type", f"{name} must be two whole numbers such as [1, 6], or one")
    return Whole(low, low)


def _choice(fields: Fields, depth: int) -> Template:
    items = fields.items("$choice")
    if items is None:
        return Fixed(None)
    if not items:
        fields.refuse("$choice", "out-of-range", "$choice has at least one item")
        return Fixed(None)
    place: Place = (fields.place, "$choice")
    among = [_read(item, (place, index), fields.problems, depth + 1) for index, item in enumerate(items)]
    weights = fields.items("weights")
    if weights is None:
        return Choice(among, [1.0] * len(among))
    numbers = [float(each) for each in weights if isinstance(each, int | float) and not isinstance(each, bool)]
    if len(numbers) != len(weights):
        wrong = next(each for each in weights if isinstance(each, bool) or not isinstance(each, int | float))
        fields.refuse("weights", "wrong-type", f"weights are numbers, not {kind_of(wrong)}")
    elif len(numbers) != len(among):
        message = f"{len(among)} items to choose from need as many weights, not {len(numbers)}"
        fields.refuse("weights", "out-of-range", message)
    elif not all(0.0 <= each < inf for each in numbers) or not sum(numbers) > 0.0:
        fields.refuse("weights", "out-of-range", "weights must be 0 or more, and not all of them 0")
    else:
        return Choice(among, numbers)
    return Choice(among, [1.0] * len(among))
