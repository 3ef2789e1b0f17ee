"""JSON text out and in, quick for the usual, careful for the rest.

orjson is quick, but it refuses what a user's data may hold all the same: values that nest deeper than its limit, a lone
surrogate, a whole number of more than 64 bits (and reads such a number as a float, without a word). What it cannot do
is done here by hand, with an explicit stack and every digit kept, so that whatever the machine holds can be written,
and reads back as it was.
"""

import json
import re
from typing import Final, TypeAlias

import orjson

from waygrid_core.model.json_text import write_with_care
from waygrid_core.model.json_value import JsonValue

_OPTIONS: Final = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS

# A number that orjson might round has at least as many digits in a row as the smallest one of more than 64 bits.
_DIGITS: Final = bytes(0x30 if chr(byte) in "0123456789" else 0x20 for byte in range(256))
_MANY_DIGITS: Final = b"0" * 19

_SPACE: Final = re.compile(r"[ \t\n\r]*")
_NUMBER: Final = re.compile(r"(-?(?:0|[1-9][0-9]*))(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_STRING: Final = re.compile(r'"[^"\\\x00-\x1f]*(?:\\.[^"\\\x00-\x1f]*)*"')
_WORDS: Final[dict[str, JsonValue]] = {"null": None, "true": True, "false": False}
_STR_DIGITS: Final = 4_000  # `int` refuses texts of somewhat more digits than these


def write_json(value: JsonValue) -> bytes:
    """`value` as compact JSON text, members in the order that they have. Raises `TypeError` for what is no JSON."""
    try:
        return orjson.dumps(value, option=_OPTIONS)
    except TypeError:
        return write_with_care(value, iter, float.__repr__)


def read_json(text: bytes) -> JsonValue:
    """The value that `text` writes. Raises `ValueError`, which says where, for what is no JSON."""
    if _MANY_DIGITS not in text.translate(_DIGITS):
        try:
            value: JsonValue = orjson.loads(text)
        except orjson.JSONDecodeError:
            pass  # it may be one of what only the careful reader reads; if not, that one says what is wrong
        else:
            return value
    try:
        decoded = text.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"no JSON: byte {error.start + 1} is not UTF-8") from error
    return _Reader(decoded).read()


_Frame: TypeAlias = tuple[list[JsonValue], None] | tuple[dict[str, JsonValue], str]


class _Reader:
    """Reads one value by an explicit stack of the containers that are open, each object with the key at hand."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._open: list[_Frame] = []

    def read(self) -> JsonValue:
        while True:
            done, value = self._begin_value()
            while done:
                if not self._open:
                    self._skip_space()
                    if self._position != len(self._text):
                        raise self._wrong("nothing more")
                    return value
                done, value = self._add(value)

    def _begin_value(self) -> tuple[bool, JsonValue]:
        """A value that is whole; or not done, with a container opened that needs its first member."""
        self._skip_space()
        character = self._text[self._position : self._position + 1]
        if character == "[":
            self._position += 1
            items: list[JsonValue] = []
            if self._take("]"):
                return True, items
            self._open.append((items, None))
            return False, None
        if character == "{":
            self._position += 1
            members: dict[str, JsonValue] = {}
            if self._take("}"):
                return True, members
            self._open.append((members, self._read_key()))
            return False, None
        return True, self._read_scalar(character)

    def _add(self, value: JsonValue) -> tuple[bool, JsonValue]:
        """Puts a value into the innermost container: done with it if that was its last."""
        match self._open.pop():
            case (list() as items, None):
                items.append(value)
                if self._take("]"):
                    return True, items
                self._expect(",")
                self._open.append((items, None))
            case (dict() as members, str(key)):
                members[key] = value
                if self._take("}"):
                    return True, members
                self._expect(",")
                self._open.append((members, self._read_key()))
        return False, None

    def _read_key(self) -> str:
        self._skip_space()
        if not self._text.startswith('"', self._position):
            raise self._wrong("a key")
        key = self._read_string()
        self._expect(":")
        return key

    def _read_scalar(self, character: str) -> JsonValue:
        if character == '"':
            return self._read_string()
        for word, value in _WORDS.items():
            if self._text.startswith(word, self._position):
                self._position += len(word)
                return value
        matched = _NUMBER.match(self._text, self._position)
        if matched is None:
            raise self._wrong("a value")
        whole, fraction, exponent = matched.groups()
        if fraction is None and exponent is None:
            number: int | float = read_whole_number(whole)
        else:
            number = float(matched[0])
            if number in (float("inf"), float("-inf")):
                raise self._wrong("a number that a double holds")
        self._position = matched.end()
        return number

    def _read_string(self) -> str:
        matched = _STRING.match(self._text, self._position)
        if matched is None:
            raise self._wrong("a string")
        try:
            string: str = json.loads(matched[0])
        except ValueError as error:
            raise self._wrong("a string") from error
        self._position = matched.end()
        return string

    def _take(self, character: str) -> bool:
        self._skip_space()
        if self._text.startswith(character, self._position):
            self._position += 1
            return True
        return False

    def _expect(self, character: str) -> None:
        if not self._take(character):
            raise self._wrong(repr(character))

    def _skip_space(self) -> None:
        matched = _SPACE.match(self._text, self._position)
        assert matched is not None, "it matches nothing too"
        self._position = matched.end()

    def _wrong(self, expected: str) -> ValueError:
        return ValueError(f"no JSON: at character {self._position} {expected} was expected")


def read_whole_number(text: str) -> int:
    """The whole number of a text of digits, however many. `int` refuses more than some thousands of them."""
    if len(text) <= _STR_DIGITS:
        return int(text)
    is_negative, digits = text.startswith("-"), text.removeprefix("-")
    number = 0
    for start in range(0, len(digits), _STR_DIGITS):
        part = digits[start : start + _STR_DIGITS]
        number = number * 10 ** len(part) + int(part)
    return -number if is_negative else number
