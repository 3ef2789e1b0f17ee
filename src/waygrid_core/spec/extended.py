"""Reads and writes extensions: whatever stands in a document for one, by the annotations of its class.

A `version` beside the `type` says which version of the class was meant. The flat JSON of a DAG always says it; in a
Spec it may be left out, and then means the version that is given.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias, TypeVar, assert_never

import attrs

from waygrid_core.extension.extension import Extension
from waygrid_core.extension.field_types import FieldType, ListOf, MapOf, Maybe, OneOf, Scalar, ScalarName, fields_of
from waygrid_core.extension.field_values import write_fields
from waygrid_core.model.address import parse_address
from waygrid_core.model.json_value import MISSING, JsonValue, Missing
from waygrid_core.outcome import Failure
from waygrid_core.spec.fields import (
    Fields,
    Shape,
    kind_of,
    nearest,
    open_typed,
    read_duration,
    read_instant,
    shown,
    whole,
)
from waygrid_core.spec.limits import DEFAULT_LIMITS
from waygrid_core.spec.place import Place
from waygrid_core.spec.problem import ProblemSink
from waygrid_core.spec.templates import is_too_deep

E = TypeVar("E", bound=Extension)

WriteExtension: TypeAlias = Callable[[Extension], JsonValue]

HOW_TO_GIVE: Final = "a type of an extension must be given: install its package, or name its class in `extensions`"
"""The cure for a type that would be right if its extension were there."""

_Read: TypeAlias = Any  # whatever the annotation of the field says, or MISSING and a problem


def open_extended(
    document: JsonValue | Missing,
    place: Place,
    problems: ProblemSink,
    shapes: Mapping[str, Shape],
    kinds: Mapping[str, type[E]],
    noun: str,
) -> tuple[str, Fields] | E | None:
    """`document` as one of `shapes`, opened to be read; or the extension that it writes; None and a problem else."""
    kind = document.get("type") if isinstance(document, dict) else None
    if not isinstance(kind, str) or kind in shapes:
        return open_typed(document, place, problems, shapes or dict.fromkeys(kinds, _ANY), noun)
    if kind not in kinds:
        known = {*shapes, *kinds}
        message = f"{shown(kind)} is no type of {noun}; {nearest(kind, known)} ({HOW_TO_GIVE})"
        problems.add((place, "type"), "unknown-type", message)
        return None
    assert isinstance(document, dict), "it has a type"
    fields = Fields(document, place, problems)
    fields.conform(extension_shape(kinds[kind]), f"{noun} of type {kind}")
    return read_own_fields(kinds[kind], fields)


def read_extension(
    document: JsonValue, place: Place, problems: ProblemSink, kinds: Mapping[str, type[E]], noun: str
) -> E | None:
    """The extension that `document` writes, where nothing but extensions may stand; None and a problem else."""
    opened = open_extended(document, place, problems, {}, kinds, noun)
    assert not isinstance(opened, tuple), "it was no type of Waygrid's own"
    return opened


def extension_shape(kind: type[Extension], required: tuple[str, ...] = (), optional: tuple[str, ...] = ()) -> Shape:
    """The fields of a class of extensions, its type and version, and those given."""
    own = fields_of(kind)
    needed = (*required, *(field.name for field in own if field.is_required))
    return Shape(needed, frozenset({"type", "version", *required, *optional, *(field.name for field in own)}))


def read_own_fields(kind: type[E], fields: Fields) -> E | None:
    """The extension of that class with what `fields` has of its own; None and a problem where that is not right."""
    before = len(fields.problems)
    _check_version(kind, fields)
    arguments: dict[str, _Read] = {}
    is_whole = True
    for field in fields_of(kind):
        if fields.has(field.name):
            place: Place = (fields.place, field.name)
            value = _read(fields.document[field.name], place, field.type, fields.problems, field.name)
            arguments[field.argument] = value
        elif field.is_required:
            is_whole = False  # `conform` has said it
    if not is_whole or len(fields.problems) > before:
        return None
    try:
        return kind(**arguments)
    except Exception as error:  # the validators are the user's code
        _refuse(kind, arguments, fields, error)
        return None


def write_extension(extension: Extension) -> dict[str, JsonValue]:
    """The document of an extension as a Spec has it; reading gives the extension back."""
    return {"type": extension.name, **write_fields(extension)}


def write_versioned(extension: Extension) -> dict[str, JsonValue]:
    """The same with the version of its class."""
    return {"type": extension.name, "version": extension.version, **write_fields(extension)}


def _check_version(kind: type[Extension], fields: Fields) -> None:
    said = fields.document.get("version", kind.version)
    if isinstance(said, bool) or said != kind.version:
        number = whole(said)
        if number is None or isinstance(said, bool):
            fields.refuse("version", "wrong-type", f"version must be a whole number, not {kind_of(said)}")
        else:
            message = (
                f"this means version {number} of {kind.name!r}, and the extension that is given has version"
                f" {kind.version}; give version {number}, or compile the Spec again"
            )
            fields.refuse("version", "conflicting-fields", message)


def _refuse(kind: type[Extension], arguments: Mapping[str, _Read], fields: Fields, error: Exception) -> None:
    """Say which fields the class does not take; if none alone is to blame, all of it."""
    faults = dict(_faults(kind, arguments))
    for name, fault in faults.items():
        fields.refuse(name, "out-of-range", _text_of(fault, f"{kind.name} does not take this {name}"))
    if not faults:
        fields.problems.add(fields.place, "out-of-range", _text_of(error, f"{kind.name} does not take these fields"))


def _faults(kind: Any, arguments: Mapping[str, _Read]) -> Iterator[tuple[str, Exception]]:
    attributes: dict[str, Any] = attrs.fields_dict(kind)
    probe = object.__new__(kind)
    for field in fields_of(kind):
        if field.argument in arguments:
            object.__setattr__(probe, field.attribute, arguments[field.argument])
    for field in fields_of(kind):
        validator = attributes[field.attribute].validator
        if validator is not None and field.argument in arguments:
            try:
                validator(probe, attributes[field.attribute], arguments[field.argument])
            except Exception as error:  # the user's code
                yield field.name, error


def _text_of(error: Exception, otherwise: str) -> str:
    try:
        # Validators of attrs raise with more than a sentence: the sentence is the first of it.
        return str(error.args[0] if error.args else error) or otherwise
    except Exception:  # the user's code
        return otherwise


def _read(value: JsonValue, place: Place, of: FieldType, problems: ProblemSink, name: str) -> _Read:
    match of:
        case Scalar(of=scalar):
            return _read_scalar(value, place, scalar, problems, name)
        case OneOf(values=values):
            if not isinstance(value, str):
                return _wrong(place, problems, name, "text", value)
            if value not in values:
                problems.add(place, "unknown-type", f"{shown(value)} is no {name}; {nearest(value, values)}")
            return value
        case Maybe(inner=inner):
            return None if value is None else _read(value, place, inner, problems, name)
        case ListOf(inner=inner):
            if not isinstance(value, list | tuple):
                return _wrong(place, problems, name, "a list", value)
            return tuple(_read(item, (place, index), inner, problems, name) for index, item in enumerate(value))
        case MapOf(inner=inner):
            if not isinstance(value, Mapping):
                return _wrong(place, problems, name, "an object", value)
            return {key: _read(member, (place, key), inner, problems, name) for key, member in value.items()}
        case _:
            assert_never(of)


def _read_scalar(value: JsonValue, place: Place, of: ScalarName, problems: ProblemSink, name: str) -> _Read:
    match of:
        case "text":
            return value if isinstance(value, str) else _wrong(place, problems, name, "text", value)
        case "flag":
            return value if isinstance(value, bool) else _wrong(place, problems, name, "true or false", value)
        case "whole":
            number = whole(value)
            return _wrong(place, problems, name, "a whole number", value) if number is None else number
        case "number":
            return _read_number(value, place, problems, name)
        case "duration":
            return read_duration(value, place, problems)
        case "instant":
            return read_instant(value, place, problems)
        case "address":
            if not isinstance(value, str):
                return _wrong(place, problems, name, "text", value)
            address = parse_address(value)
            if isinstance(address, Failure):
                problems.add(place, "bad-address", address.failure())
                return MISSING
            return address.unwrap()
        case "json":
            is_too_deep(value, place, problems, DEFAULT_LIMITS.value_nesting)
            return value
        case _:
            assert_never(of)


def _read_number(value: JsonValue, place: Place, problems: ProblemSink, name: str) -> _Read:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _wrong(place, problems, name, "a number", value)
    try:
        return float(value)
    except OverflowError:
        problems.add(place, "out-of-range", f"{name} is larger than any float")
        return MISSING


def _wrong(place: Place, problems: ProblemSink, name: str, wanted: str, value: JsonValue) -> Missing:
    problems.add(place, "wrong-type", f"{name} must be {wanted}, not {kind_of(value)}")
    return MISSING


_ANY: Final = Shape((), frozenset())
