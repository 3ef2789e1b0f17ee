"""Reads YAML into JSON values by the core schema of YAML 1.2: `no` is text, and so is a date; `~` is null.

Anchors and aliases share values; what a document would be when written in full is bounded as a document is. Merge keys
are keys like any other, tags of one's own are refused. Built from the parser's events: no depth is a danger.
"""

import re
from collections.abc import Iterator
from math import isfinite
from typing import Any, Final

import yaml
from attrs import define

from waygrid_core.model.json_value import MISSING, JsonValue, Missing
from waygrid_core.spec.building import Building, TooDeepError
from waygrid_core.spec.fields import shown
from waygrid_core.spec.json_document import is_text
from waygrid_core.spec.limits import Limits
from waygrid_core.spec.place import ROOT
from waygrid_core.spec.problem import ProblemSink

MAX_YAML_NESTING: Final = 1_000
"""How deep YAML text nests: the limit of libyaml, kept for the parser in Python too."""

_LOADER: Final = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_TAG: Final = "tag:yaml.org,2002:"
_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS: Final = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER: Final = re.compile(r"[-+]?[0-9]+")
_OCTAL: Final = re.compile(r"0o[0-7]+")
_HEXADECIMAL: Final = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NO_NUMBER: Final = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


class _NotYamlError(Exception):
    """The text has no JSON value from this place on."""


class _TooLargeError(Exception):
    """Written without aliases, the document would be too large."""


@define
class _Anchored:
    """A value that aliases repeat: its size in full, about as many characters, and how many levels it nests."""

    value: JsonValue
    size: int
    height: int


@define
class _Open:
    """An array or object that is open."""

    anchor: str | None
    is_object: bool
    size: int = 2
    height: int = 1
    wants_key: bool = True


class YamlReader:
    """Reads the documents of one YAML text."""

    def __init__(self, text: str, problems: ProblemSink, limits: Limits) -> None:
        self._text = text
        self._problems = problems
        self._limits = limits
        self._repeated = 0
        self._building = Building(problems, limits.document_nesting)
        self._anchors: dict[str, _Anchored] = {}
        self._open: list[_Open] = []

    def read(self) -> JsonValue | Missing:
        """The value of the only document; `MISSING` and a problem if there is none."""
        values = self.read_all()
        if values is None:
            return MISSING
        if len(values) != 1:
            count = f"{len(values)} documents" if values else "no document"
            self._problems.add(ROOT, "not-json", f"there must be one document in this text; it has {count}")
            return MISSING
        return values[0]

    def read_all(self) -> tuple[JsonValue, ...] | None:
        """The values of all documents; None and a problem if the text is not YAML, or not JSON in YAML."""
        try:
            return tuple(self._documents())
        except TooDeepError:
            self._refuse_depth()
        except _TooLargeError:
            limit = self._limits.document_bytes
            self._problems.add(ROOT, "too-large", f"with its aliases written in full it would pass {limit} bytes")
        except _NotYamlError as error:
            self._problems.add(ROOT, "not-json", str(error))
        except yaml.MarkedYAMLError as error:
            # The only way that libyaml has of saying this.
            if error.problem is not None and "maximum nesting depth" in error.problem:
                self._refuse_depth()
            else:
                reason = error.problem or error.context or "not YAML"
                self._problems.add(ROOT, "not-json", f"{_at(error.problem_mark)}: {reason}")
        except yaml.YAMLError as error:
            self._problems.add(ROOT, "not-json", " ".join(str(error).split()))
        return None

    def _refuse_depth(self) -> None:
        levels = min(MAX_YAML_NESTING, self._limits.document_nesting)
        self._problems.add(ROOT, "too-deep", f"YAML nests at most {levels} levels deep; JSON may nest deeper")

    def _documents(self) -> Iterator[JsonValue]:
        for event in yaml.parse(self._text, Loader=_LOADER):
            match event:
                case yaml.DocumentStartEvent():
                    self._building = Building(self._problems, min(MAX_YAML_NESTING, self._limits.document_nesting))
                    self._anchors = {}
                case yaml.DocumentEndEvent():
                    assert not isinstance(self._building.value, Missing)
                    yield self._building.value
                case yaml.ScalarEvent():
                    self._scalar(event)
                case yaml.AliasEvent():
                    self._alias(event)
                case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                    self._start(event)
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    self._end()
                case _:
                    pass  # the stream's own start and end

    def _scalar(self, event: Any) -> None:
        value = self._resolve(event)
        size = len(event.value) + 1
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(value, size, 0)
        self._add(value, size, 0, event)

    def _alias(self, event: Any) -> None:
        anchored = self._anchors.get(event.anchor)
        if anchored is None:
            raise _NotYamlError(f"{_at(event.start_mark)}: no value before this has the anchor {shown(event.anchor)}")
        self._repeated += anchored.size
        if self._repeated > self._limits.document_bytes:
            raise _TooLargeError
        if self._building.depth + anchored.height > self._limits.document_nesting:
            raise TooDeepError
        self._add(anchored.value, anchored.size, anchored.height, event)

    def _add(self, value: JsonValue, size: int, height: int, event: Any) -> None:
        """A complete value: the next key, value or item of what is open, or the whole document."""
        if not self._open:
            self._building.scalar(value)
            return
        opened = self._open[-1]
        opened.size += size
        opened.height = max(opened.height, height + 1)
        if opened.is_object and opened.wants_key:
            if not isinstance(value, str):
                raise _NotYamlError(f"{_at(event.start_mark)}: a key must be text; put it in quotes")
            self._building.key(value)
        else:
            self._building.scalar(value)
        opened.wants_key = not opened.wants_key

    def _start(self, event: Any) -> None:
        is_object = isinstance(event, yaml.MappingStartEvent)
        if event.tag not in (None, "!", _TAG + ("map" if is_object else "seq")):
            raise _NotYamlError(f"{_at(event.start_mark)}: JSON has nothing for the tag {shown(event.tag)}")
        if self._open and self._open[-1].is_object and self._open[-1].wants_key:
            raise _NotYamlError(f"{_at(event.start_mark)}: a key must be text, not a list or an object")
        if is_object:
            self._building.start_object()
        else:
            self._building.start_array()
        self._open.append(_Open(event.anchor, is_object))

    def _end(self) -> None:
        closed = self._open.pop()
        value = self._building.end()
        if closed.anchor is not None:
            self._anchors[closed.anchor] = _Anchored(value, closed.size, closed.height)
        if self._open:
            opened = self._open[-1]
            opened.size += closed.size
            opened.height = max(opened.height, closed.height + 1)
            opened.wants_key = True

    def _resolve(self, event: Any) -> JsonValue:
        text: str = event.value
        if not is_text(text):
            raise _NotYamlError(f"{_at(event.start_mark)}: half of a surrogate pair is no character")
        if event.tag is None:
            return text if event.implicit[1] else self._plain(text, event)
        if event.tag in ("!", _TAG + "str"):
            return text
        if event.tag in (_TAG + "null", _TAG + "bool", _TAG + "int", _TAG + "float"):
            value = self._plain(text, event)
            kind = {bool: "bool", int: "int", float: "float", type(None): "null"}.get(type(value))
            if kind == "int" and event.tag == _TAG + "float":
                return float(text)
            if kind is not None and event.tag == _TAG + kind:
                return value
        raise _NotYamlError(f"{_at(event.start_mark)}: {shown(text)} has no value by the tag {shown(event.tag)}")

    def _plain(self, text: str, event: Any) -> JsonValue:
        """What a scalar without quotes means."""
        if text in _NULL:
            return None
        if text in _BOOLEANS:
            return _BOOLEANS[text]
        if text[0] not in "+-.0123456789":
            return text
        if _INTEGER.fullmatch(text):
            return self._integer(text)
        if _OCTAL.fullmatch(text):
            return int(text[2:], 8)
        if _HEXADECIMAL.fullmatch(text):
            return int(text[2:], 16)
        if _FLOAT.fullmatch(text):
            return self._float(text)
        if _NO_NUMBER.fullmatch(text):
            raise _NotYamlError(f"{_at(event.start_mark)}: JSON has no number {text}")
        return text

    def _integer(self, text: str) -> int:
        try:
            return int(text)
        except ValueError:  # more digits than Python reads, as that takes quadratic time
            self._problems.add(self._building.place, "out-of-range", "a whole number has at most 4300 digits")
            return 0

    def _float(self, text: str) -> float:
        number = float(text)
        if isfinite(number):
            return number
        message = "a number is at most 1.7976931348623157e308; write a larger one as text"
        self._problems.add(self._building.place, "out-of-range", message)
        return 0.0


def _at(mark: Any) -> str:
    return "somewhere" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}"
