"""Reads one object of a document field by field; whatever is wrong goes to the problem sink, with its cure.

A reader first opens an object (`open_object`, `open_typed`: is it one, which fields may and must it have), then asks
for each field. A field that is absent or could not be read gives None, and is reported at most once.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from difflib import get_close_matches
from functools import lru_cache
from re import compile as compile_pattern
from typing import Final

from attrs import frozen

from waygrid_core.model.address import ServiceAddress, parse_address
from waygrid_core.model.duration import parse_duration
from waygrid_core.model.instant import parse_instant
from waygrid_core.model.json_value import MISSING, JsonValue, Missing
from waygrid_core.outcome import Failure
from waygrid_core.spec.place import Place
from waygrid_core.spec.problem import ProblemCode, ProblemSink

ID_PATTERN: Final = r"[a-z0-9][a-z0-9-]{0,63}"
MAX_LABEL: Final = 64  # characters
_ID: Final = compile_pattern(ID_PATTERN)
_SHOWN: Final = 40  # characters of a user's text that a message repeats

# A Spec says few different addresses and durations, and says them often. Only short texts are remembered: what is
# wrong may be long.
_REMEMBERED: Final = 80  # characters
_known_address: Final = lru_cache(maxsize=1_000)(parse_address)
_known_duration: Final = lru_cache(maxsize=1_000)(parse_duration)


@frozen
class Shape:
    """Which fields an object must and may have."""

    required: tuple[str, ...]
    known: frozenset[str]


def shape(*required: str, optional: Iterable[str] = ()) -> Shape:
    """The shape with these required and optional fields."""
    return Shape(required, frozenset(required) | frozenset(optional))


def typed_shape(*required: str, optional: Iterable[str] = ()) -> Shape:
    """The same for an object that says by its field `type` what it is."""
    return Shape(required, frozenset(required) | frozenset(optional) | {"type"})


class Fields:
    """One object of a document."""

    __slots__ = ("document", "place", "problems")

    def __init__(self, document: Mapping[str, JsonValue], place: Place, problems: ProblemSink) -> None:
        self.document = document
        self.place = place
        self.problems = problems

    def get(self, name: str) -> JsonValue | Missing:
        """The field as it stands."""
        return self.document.get(name, MISSING)

    def has(self, name: str) -> bool:
        """Whether the field is there, readable or not."""
        return name in self.document

    def refuse(self, name: str, code: ProblemCode, message: str) -> None:
        """Report a problem of one field."""
        self.problems.add((self.place, name), code, message)

    def conform(self, to: Shape, noun: str) -> None:
        """Report unknown and missing fields."""
        if not self.document.keys() <= to.known:
            for name in self.document:
                if name not in to.known:
                    self.refuse(
                        name, "unknown-field", f"{shown(name)} is no field of {noun}; {nearest(name, to.known)}"
                    )
        for name in to.required:
            if name not in self.document:
                self.problems.add(self.place, "missing-field", f"{noun} needs the field {name!r}")

    def text(self, name: str) -> str | None:
        """A text."""
        value = self.document.get(name, MISSING)
        if isinstance(value, str):
            return value
        if value is not MISSING:
            self.refuse(name, "wrong-type", f"{name} must be text, not {kind_of(value)}")
        return None

    def label(self, name: str) -> str | None:
        """A text of at most `MAX_LABEL` characters."""
        text = self.text(name)
        if text is not None and len(text) > MAX_LABEL:
            self.refuse(name, "too-long", f"{name} has {len(text)} characters; at most {MAX_LABEL}")
            return None
        return text

    def identifier(self, name: str) -> str | None:
        """An id."""
        text = self.text(name)
        if text is None or is_identifier(text):
            return text
        self.refuse(name, "bad-id", bad_identifier(text))
        return None

    def duration(self, name: str) -> timedelta | None:
        """A duration such as `5s`."""
        if name not in self.document:
            return None
        return read_duration(self.document[name], (self.place, name), self.problems)

    def instant(self, name: str) -> datetime | None:
        """An instant such as `2026-01-31T08:00:00Z`."""
        if name not in self.document:
            return None
        return read_instant(self.document[name], (self.place, name), self.problems)

    def address(self, name: str) -> ServiceAddress | None:
        """An address such as `waygrid://processor/openai`."""
        text = self.text(name)
        if text is None:
            return None
        outcome = _known_address(text) if len(text) <= _REMEMBERED else parse_address(text)
        if isinstance(outcome, Failure):
            self.refuse(name, "bad-address", outcome.failure())
            return None
        return outcome.unwrap()

    def whole_number(
        self, name: str, low: int, high: int | None = None, code: ProblemCode = "out-of-range"
    ) -> int | None:
        """A whole number from `low` to `high` (None: no end); `code` is for one outside."""
        value = self.document.get(name, MISSING)
        if value is MISSING:
            return None
        number = whole(value)
        if number is None:
            self.refuse(name, "wrong-type", f"{name} must be a whole number, not {kind_of(value)}")
            return None
        if number < low or (high is not None and number > high):
            bounds = f"at least {low}" if high is None else f"from {low} to {high}"
            self.refuse(name, code, f"{name} must be {bounds}")
            return None
        return number

    def texts(self, name: str) -> tuple[str, ...] | None:
        """A list of texts."""
        items = self.items(name)
        if items is None:
            return None
        for index, item in enumerate(items):
            if not isinstance(item, str):
                place = ((self.place, name), index)
                self.problems.add(place, "wrong-type", f"each item of {name} must be text, not {kind_of(item)}")
        return tuple(item for item in items if isinstance(item, str))

    def items(self, name: str) -> list[JsonValue] | tuple[JsonValue, ...] | None:
        """A list."""
        value = self.document.get(name, MISSING)
        if isinstance(value, (list, tuple)):
            return value
        if value is not MISSING:
            self.refuse(name, "wrong-type", f"{name} must be a list, not {kind_of(value)}")
        return None

    def members(self, name: str) -> dict[str, JsonValue] | None:
        """An object whose keys are names."""
        value = self.document.get(name, MISSING)
        if isinstance(value, dict):
            return value
        if value is not MISSING:
            self.refuse(name, "wrong-type", f"{name} must be an object, not {kind_of(value)}")
        return None


def open_object(
    document: JsonValue | Missing, place: Place, problems: ProblemSink, to: Shape, noun: str
) -> Fields | None:
    """`document` as an object of that shape; None if it is no object."""
    if not isinstance(document, dict):
        problems.add(place, "wrong-type", f"{noun} must be an object, not {kind_of(document)}")
        return None
    fields = Fields(document, place, problems)
    fields.conform(to, noun)
    return fields


def open_typed(
    document: JsonValue | Missing, place: Place, problems: ProblemSink, shapes: Mapping[str, Shape], noun: str
) -> tuple[str, Fields] | None:
    """`document` as an object whose `type` is one of `shapes`, with that type; None if it is none."""
    if not isinstance(document, dict):
        problems.add(place, "wrong-type", f"{noun} must be an object with a type, not {kind_of(document)}")
        return None
    kind = document.get("type", MISSING)
    if kind is MISSING:
        problems.add(place, "missing-field", f"{noun} needs the field 'type', one of {', '.join(sorted(shapes))}")
        return None
    if not isinstance(kind, str):
        problems.add((place, "type"), "wrong-type", f"the type of {noun} must be text, not {kind_of(kind)}")
        return None
    if kind not in shapes:
        problems.add((place, "type"), "unknown-type", f"{shown(kind)} is no type of {noun}; {nearest(kind, shapes)}")
        return None
    fields = Fields(document, place, problems)
    fields.conform(shapes[kind], f"{noun} of type {kind}")
    return kind, fields


def read_duration(value: JsonValue, place: Place, problems: ProblemSink) -> timedelta | None:
    """A duration, or None and a problem."""
    if not isinstance(value, str):
        problems.add(place, "wrong-type", f"a duration must be text such as '5s', not {kind_of(value)}")
        return None
    outcome = _known_duration(value) if len(value) <= _REMEMBERED else parse_duration(value)
    if isinstance(outcome, Failure):
        problems.add(place, "bad-duration", outcome.failure())
        return None
    return outcome.unwrap()


def read_instant(value: JsonValue, place: Place, problems: ProblemSink) -> datetime | None:
    """An instant, or None and a problem."""
    if not isinstance(value, str):
        problems.add(place, "wrong-type", f"an instant must be text, not {kind_of(value)}")
        return None
    outcome = parse_instant(value)
    if isinstance(outcome, Failure):
        problems.add(place, "bad-instant", outcome.failure())
        return None
    return outcome.unwrap()


def is_identifier(text: str) -> bool:
    """Whether `text` may be an id, a joinNodeId or the name of a branch."""
    return _ID.fullmatch(text) is not None


def bad_identifier(text: str) -> str:
    """What to say of a text that may not."""
    return f"{shown(text)} is no id; write 1 to 64 of a-z, 0-9 and hyphen, the first no hyphen"


def whole(value: JsonValue | Missing) -> int | None:
    """The whole number that `value` is (3.0 is one), or None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, float) and value.is_integer() else None


def kind_of(value: JsonValue | Missing) -> str:
    """What a value is, in a user's words."""
    if isinstance(value, Missing):
        return "nothing"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, str):
        return "text"
    if isinstance(value, int | float):
        return f"the number {value}" if isinstance(value, float) or abs(value) < 1 << 64 else "a long number"
    return "an object" if isinstance(value, Mapping) else "a list"


def shown(text: str) -> str:
    """A user's text as a message repeats it: quoted, and not too long."""
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")


def nearest(name: str, known: Iterable[str]) -> str:
    """The cure for a name that is none of `known`."""
    by_lower = {one.lower(): one for one in sorted(known)}
    close = get_close_matches(name[:_SHOWN].lower(), by_lower, n=1, cutoff=0.6)
    if close:
        return f"did you mean {by_lower[close[0]]!r}?"
    return f"write one of {', '.join(sorted(known))}" if by_lower else "Waygrid brings none"
