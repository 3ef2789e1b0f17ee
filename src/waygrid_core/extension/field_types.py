"""How the fields of an extension look in a document: read from the annotations of its class.

`fields_of` is asked again and again and costs a look-up; a class that a document cannot hold is a `ValueError`.
"""

import builtins
import types
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from importlib import import_module
from inspect import get_annotations
from typing import Any, Final, Literal, TypeAlias, Union, get_args, get_origin

import attrs
from attrs import frozen

from waygrid_core.model.address import ServiceAddress
from waygrid_core.model.json_value import JsonValue

ScalarName: TypeAlias = Literal["text", "whole", "number", "flag", "duration", "instant", "address", "json"]


@frozen
class Scalar:
    """One value: text, a whole number, a number, true or false, `5s`, an RFC 3339 instant, an address, any JSON."""

    of: ScalarName


@frozen
class OneOf:
    """`Literal`: one of these texts."""

    values: tuple[str, ...]


@frozen
class Maybe:
    """`X | None`: null, or an X."""

    inner: "FieldType"


@frozen
class ListOf:
    """`tuple[X, ...]`: a list."""

    inner: "FieldType"


@frozen
class MapOf:
    """`Mapping[str, X]`: an object by names."""

    inner: "FieldType"


FieldType: TypeAlias = Scalar | OneOf | Maybe | ListOf | MapOf


@frozen
class ExtensionField:
    """One field: its name in a document (camelCase), as an argument of the class, and as an attribute of it."""

    name: str
    argument: str
    attribute: str
    type: FieldType
    is_required: bool


_SCALARS: Final[Mapping[object, ScalarName]] = {
    str: "text",
    int: "whole",
    float: "number",
    bool: "flag",
    timedelta: "duration",
    datetime: "instant",
    ServiceAddress: "address",
}
_FORMS: Final = (
    "str, int, float, bool, timedelta, datetime, ServiceAddress, JsonValue, Literal of texts, X | None, "
    "tuple[X, ...], Mapping[str, X]"
)


def fields_of(kind: type) -> tuple[ExtensionField, ...]:
    """The fields of an extension's class, in their order.

    Raises `ValueError` for a class that is no attrs class, or has a field that no document can hold.
    """
    return _fields_of(kind)


@lru_cache(maxsize=1_000)
def _fields_of(kind: Any) -> tuple[ExtensionField, ...]:
    if not attrs.has(kind):
        raise ValueError(f"{kind.__qualname__} is no attrs class; write @frozen above it")
    return tuple(_field(kind, attribute) for attribute in attrs.fields(kind))


def _field(kind: Any, attribute: "attrs.Attribute[Any]") -> ExtensionField:
    where = f"{kind.__qualname__}.{attribute.name}"
    if not attribute.init:
        raise ValueError(f"{where} is not set by a document (init=False); make it a property")
    argument = attribute.alias or attribute.name
    return ExtensionField(
        name=camel_case(argument),
        argument=argument,
        attribute=attribute.name,
        type=_type_of(_annotation(kind, attribute), where),
        is_required=attribute.default is attrs.NOTHING,
    )


def camel_case(name: str) -> str:
    """`max_retries` as a document has it: `maxRetries`."""
    first, *others = name.strip("_").split("_")
    return first + "".join(part.capitalize() for part in others)


def _annotation(kind: type, attribute: "attrs.Attribute[Any]") -> object:
    """What the field is annotated with; a text (`from __future__ import annotations`) is read where it was written."""
    if not isinstance(attribute.type, str):
        return attribute.type
    owner = next((each for each in kind.__mro__ if attribute.name in get_annotations(each)), kind)
    names = {**vars(builtins), **vars(import_module(owner.__module__))}
    try:
        return eval(attribute.type, names)
    except Exception as error:
        where = f"{kind.__qualname__}.{attribute.name}"
        raise ValueError(
            f"the annotation {attribute.type!r} of {where} means nothing at the top of its module"
        ) from error


def _type_of(annotation: object, where: str) -> FieldType:
    if annotation == JsonValue:
        return Scalar("json")
    if isinstance(annotation, type) and annotation in _SCALARS:
        return Scalar(_SCALARS[annotation])
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal and all(isinstance(value, str) for value in arguments):
        return OneOf(arguments)
    if origin in (Union, types.UnionType) and len(arguments) == 2 and types.NoneType in arguments:
        inner = arguments[0] if arguments[1] is types.NoneType else arguments[1]
        return Maybe(_type_of(inner, where))
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return ListOf(_type_of(arguments[0], where))
    if origin is Mapping and arguments[0] is str:
        return MapOf(_type_of(arguments[1], where))
    raise ValueError(f"{where} is annotated with {annotation}, which no document holds; write one of {_FORMS}")
