"""Reads JSON (RFC 8259) strictly: no NaN, no key twice, no half of a surrogate pair; whole numbers of any usual length.

What is shallow, and right, is read by the standard library at one go, which is quickest. The rest is read token by
token, which knows no limit of depth, and says where and what is wrong.
"""

import json
import re
from math import isfinite
from typing import Any, Final, NoReturn

from waygrid_core.model.json_value import MISSING, JsonValue, Missing
from waygrid_core.spec.building import Building, TooDeepError
from waygrid_core.spec.limits import Limits
from waygrid_core.spec.place import ROOT
from waygrid_core.spec.problem import ProblemSink

QUICK_NESTING: Final = 20_000
"""More levels than the standard library's reader follows in any version of Python before it gives up."""

_MAYBE_HALF_PAIR: Final = re.compile(r"\\u[dD][89a-fA-F]")
_SPACE: Final = re.compile(r"[ \t\n\r]*")


class _NeedsCareError(ValueError):
    """The quick way met something that it cannot tell the user about."""


class _NotJsonError(Exception):
    """The text stops being JSON at a character."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(reason)
        self.position = position
        self.reason = reason


class JsonReader:
    """Reads one JSON text."""

    def __init__(self, text: str, problems: ProblemSink, limits: Limits) -> None:
        self._text = text
        self._problems = problems
        self._limits = limits

    def read(self) -> JsonValue | Missing:
        """The value; `MISSING` and a problem if there is none."""
        if self._limits.document_nesting >= QUICK_NESTING and _MAYBE_HALF_PAIR.search(self._text) is None:
            try:
                value: JsonValue = _QUICK.decode(self._text)
            except (ValueError, RecursionError):
                pass  # read again with care, to say what is wrong, or because it is only deep
            else:
                return value
        return self._read_with_care()

    def _read_with_care(self) -> JsonValue | Missing:
        try:
            return _Tokens(self._text, self._problems, self._limits.document_nesting).read()
        except TooDeepError:
            message = f"a document nests at most {self._limits.document_nesting} levels deep"
            self._problems.add(ROOT, "too-deep", message)
        except _NotJsonError as error:
            line = self._text.count("\n", 0, error.position) + 1
            column = error.position - self._text.rfind("\n", 0, error.position)
            self._problems.add(ROOT, "not-json", f"line {line}, column {column}: {error.reason}")
        return MISSING


class _Tokens:
    """Reads token by token. What is open is in `building`, never on the stack."""

    def __init__(self, text: str, problems: ProblemSink, max_nesting: int) -> None:
        self._text = text
        self._problems = problems
        self._building = Building(problems, max_nesting)
        self._closings: list[str] = []
        self._is_fresh = False
        """Whether an array or object has just been opened, and nothing of it read."""
        self._position = 0

    def read(self) -> JsonValue | Missing:
        """The value of the whole text."""
        self._value(self._next())
        while self._closings:
            character = self._next()
            if character == self._closings[-1]:
                self._position += 1
                self._is_fresh = False
                self._closings.pop()
                self._building.end()
                continue
            if not self._is_fresh:
                if character != ",":
                    expected = f"expected a comma or {self._closings[-1]}, not {_quoted(character)}"
                    raise _NotJsonError(self._position, expected)
                self._position += 1
                character = self._next()
            self._is_fresh = False
            if self._closings[-1] == "}":
                self._key(character)
                character = self._next()
            self._value(character)
        if self._next():
            raise _NotJsonError(self._position, "there is more text after the end of the document")
        return self._building.value

    def _next(self) -> str:
        """The next character that is no white space; empty at the end."""
        space = _SPACE.match(self._text, self._position)
        assert space is not None
        self._position = space.end()
        return self._text[self._position : self._position + 1]

    def _key(self, character: str) -> None:
        if character != '"':
            raise _NotJsonError(self._position, f"expected a key in double quotes, not {_quoted(character)}")
        name = self._scalar()
        assert isinstance(name, str)
        self._building.key(name)
        if self._next() != ":":
            raise _NotJsonError(self._position, "expected a colon after the key")
        self._position += 1

    def _value(self, character: str) -> None:
        """A value that begins with `character`; of an array or object only its opening."""
        if character == "{":
            self._building.start_object()
            self._closings.append("}")
        elif character == "[":
            self._building.start_array()
            self._closings.append("]")
        else:
            self._building.scalar(self._scalar())
            return
        self._is_fresh = True
        self._position += 1

    def _scalar(self) -> JsonValue:
        start = self._position
        try:
            value, self._position = _CAREFUL.raw_decode(self._text, start)
        except json.JSONDecodeError as error:
            raise _NotJsonError(error.pos, _reason(error, self._text)) from None
        except _NeedsCareError as care:
            raise _NotJsonError(start, str(care)) from None
        except ValueError:  # more digits than Python reads, as that takes quadratic time
            value, self._position = 0, _end_of_digits(self._text, start)
            self._refuse_number("a whole number has at most 4300 digits")
        if isinstance(value, float) and not isfinite(value):
            self._refuse_number("a number is at most 1.7976931348623157e308; write a larger one as text")
            return 0
        if isinstance(value, str) and not is_text(value):
            raise _NotJsonError(start, "half of a surrogate pair is no character; write both halves")
        scalar: JsonValue = value
        return scalar

    def _refuse_number(self, message: str) -> None:
        self._problems.add(self._building.place, "out-of-range", message)


def is_text(value: str) -> bool:
    """Whether `value` has only characters, and no half of a surrogate pair, which no encoding can write."""
    if value.isascii():
        return True
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _quoted(character: str) -> str:
    return repr(character) if character else "the end of the text"


def _reason(error: json.JSONDecodeError, text: str) -> str:
    if error.msg == "Expecting value":
        return f"expected a value, not {_quoted(text[error.pos : error.pos + 1])}"
    return error.msg.removesuffix(" at").removesuffix(": ").removesuffix(" starting").lower()


def _end_of_digits(text: str, start: int) -> int:
    digits = _DIGITS.match(text, start)
    assert digits is not None
    return digits.end()


_DIGITS: Final = re.compile(r"-?[0-9]+")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _NeedsCareError("a key stands twice in one object")
    return members


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise _NeedsCareError("a number is too large")
    return number


def _no_constant(name: str) -> NoReturn:
    raise _NeedsCareError(f"JSON has no {name}")


_QUICK: Final = json.JSONDecoder(object_pairs_hook=_members, parse_float=_finite, parse_constant=_no_constant)
_CAREFUL: Final = json.JSONDecoder(parse_constant=_no_constant)
"""For scalars only."""
