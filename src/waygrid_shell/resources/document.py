"""Documents as JSON values and back."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeVar, get_args, get_origin

from attrs import fields, has
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from waygrid_core.model.instant import parse_instant, write_instant
from waygrid_core.model.json_value import JsonValue
from waygrid_core.outcome import Failure, Outcome, Success
from waygrid_shell.resources.naming import camel_case
from waygrid_shell.resources.unread import problems_of

T = TypeVar("T")

_NAMES_OF_SCALARS: Final[Mapping[type, str]] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}


def to_json(document: Any) -> JsonValue:
    """The JSON value of a document."""
    written: JsonValue = _STRICT.unstructure(document)
    return written


def read_request(document: JsonValue, kind: type[T]) -> Outcome[T, tuple[tuple[str, str], ...]]:
    """The document of that kind, or all that is wrong with it: pointers and sentences. Unknown fields are wrong."""
    return _read(_STRICT, document, kind)


def read_response(document: JsonValue, kind: type[T]) -> Outcome[T, tuple[tuple[str, str], ...]]:
    """The same for what a server answered, which may be newer than we are: unknown fields are passed over."""
    return _read(_LENIENT, document, kind)


def _read(converter: Converter, document: JsonValue, kind: type[T]) -> Outcome[T, tuple[tuple[str, str], ...]]:
    try:
        return Success(converter.structure(document, kind))
    except Exception as error:  # cattrs raises groups of whatever its hooks raise
        return Failure(tuple(problems_of(error)))


def _converter(*, refuses_unknown: bool) -> Converter:
    converter = Converter(forbid_extra_keys=refuses_unknown)

    def renamed(kind: type) -> dict[str, Any]:
        return {each.name: override(rename=camel_case(each.name)) for each in fields(kind)}

    converter.register_unstructure_hook_factory(
        has, lambda kind: make_dict_unstructure_fn(kind, converter, _cattrs_omit_if_default=True, **renamed(kind))
    )

    def read_class(kind: type) -> Callable[[Any, Any], Any]:
        read: Callable[[Any, Any], Any] = make_dict_structure_fn(
            kind, converter, _cattrs_forbid_extra_keys=refuses_unknown, **renamed(kind)
        )
        return lambda value, _: read(_an_object(value), kind)

    converter.register_structure_hook_factory(has, read_class)

    def read_tuple(value: Any, kind: Any) -> Any:
        members: Any = list[get_args(kind)[0]]  # type: ignore[misc]
        return tuple(converter.structure(_an_array(value), members))

    def read_mapping(value: Any, kind: Any) -> Any:
        members: Any = dict[get_args(kind)]  # type: ignore[misc]
        return converter.structure(_an_object(value), members)

    converter.register_structure_hook_func(_has_origin(tuple), read_tuple)
    converter.register_structure_hook_func(_has_origin(Mapping), read_mapping)
    converter.register_structure_hook_func(_has_origin(Literal), _one_of)
    converter.register_unstructure_hook(datetime, write_instant)
    converter.register_structure_hook(datetime, _read_instant)
    for scalar in _NAMES_OF_SCALARS:
        converter.register_structure_hook(scalar, _same)
    converter.register_structure_hook_func(lambda kind: kind == JsonValue, lambda value, _: value)
    converter.register_unstructure_hook_func(lambda kind: kind == JsonValue, lambda value: value)
    return converter


def _has_origin(origin: Any) -> Callable[[Any], bool]:
    return lambda kind: get_origin(kind) is origin


def _same(value: Any, kind: type) -> Any:
    """Nothing is converted by itself: "1" is no number."""
    if type(value) is not kind and not (kind is float and type(value) is int):
        raise ValueError(f"it must be {_NAMES_OF_SCALARS[kind]}, not {_name_of(value)}")
    return value


def _an_object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"it must be an object, not {_name_of(value)}")
    return value


def _an_array(value: Any) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"it must be an array, not {_name_of(value)}")
    return value


def _one_of(value: Any, kind: Any) -> Any:
    words = get_args(kind)
    if value not in words:
        raise ValueError(f"it must be one of {', '.join(map(str, words))}")
    return value


def _name_of(value: Any) -> str:
    for kind, name in _NAMES_OF_SCALARS.items():
        if type(value) is kind:
            return name
    return "null" if value is None else "an object" if isinstance(value, Mapping) else "an array"


def _read_instant(value: Any, _: type) -> datetime:
    parsed = parse_instant(value) if isinstance(value, str) else Failure("an instant is a text, in RFC 3339")
    if isinstance(parsed, Failure):
        raise ValueError(parsed.failure())
    return parsed.unwrap().astimezone(UTC)


_STRICT: Final = _converter(refuses_unknown=True)
_LENIENT: Final = _converter(refuses_unknown=False)
