"""Documents as JSON values and back."""

from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from attrs import fields, has
from cattrs import Converter, transform_error
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override
from cattrs.v import format_exception

from waygrid_core.model.instant import parse_instant, write_instant
from waygrid_core.model.json_value import JsonValue
from waygrid_core.outcome import Failure, Outcome, Success

T = TypeVar("T")


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


def camel_case(name: str) -> str:
    """`begun_at` is written `begunAt`."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _read(converter: Converter, document: JsonValue, kind: type[T]) -> Outcome[T, tuple[tuple[str, str], ...]]:
    try:
        return Success(converter.structure(document, kind))
    except Exception as error:  # cattrs raises groups of whatever its hooks raise
        problems = []
        for line in transform_error(error, path="", format_exception=_sentence):
            message, _, place = line.rpartition(" @ ")
            problems.append((place.replace(".", "/").replace("[", "/").replace("]", ""), message))
        return Failure(tuple(problems))


def _sentence(error: BaseException, kind: type | None) -> str:
    return str(error) if type(error) is ValueError else format_exception(error, kind)


def _converter(*, refuses_unknown: bool) -> Converter:
    converter = Converter(forbid_extra_keys=refuses_unknown)

    def renamed(kind: type) -> dict[str, Any]:
        return {each.name: override(rename=camel_case(each.name)) for each in fields(kind)}

    converter.register_unstructure_hook_factory(
        has, lambda kind: make_dict_unstructure_fn(kind, converter, _cattrs_omit_if_default=True, **renamed(kind))
    )
    converter.register_structure_hook_factory(
        has,
        lambda kind: make_dict_structure_fn(
            kind, converter, _cattrs_forbid_extra_keys=refuses_unknown, **renamed(kind)
        ),
    )
    converter.register_unstructure_hook(datetime, write_instant)
    converter.register_structure_hook(datetime, _read_instant)
    for scalar in (str, int, float, bool):
        converter.register_structure_hook(scalar, _same)
    converter.register_structure_hook_func(lambda kind: kind == JsonValue, lambda value, _: value)
    converter.register_unstructure_hook_func(lambda kind: kind == JsonValue, lambda value: value)
    return converter


def _same(value: Any, kind: type) -> Any:
    """Nothing is converted by itself: "1" is no number."""
    if type(value) is not kind and not (kind is float and type(value) is int):
        raise ValueError(f"expected {kind.__name__}, not {type(value).__name__}")
    return value


def _read_instant(value: Any, _: type) -> datetime:
    parsed = parse_instant(value) if isinstance(value, str) else Failure("an instant is a text")
    if isinstance(parsed, Failure):
        raise ValueError(parsed.failure())
    return parsed.unwrap().astimezone(UTC)


_STRICT: Final = _converter(refuses_unknown=True)
_LENIENT: Final = _converter(refuses_unknown=False)
