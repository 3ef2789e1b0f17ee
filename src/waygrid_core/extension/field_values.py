"""The fields of an extension as a document has them, and as a hash has them."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import attrs

from waygrid_core.extension.field_types import ExtensionField, fields_of
from waygrid_core.model.address import ServiceAddress
from waygrid_core.model.duration import write_duration
from waygrid_core.model.instant import to_microseconds, write_instant
from waygrid_core.model.json_value import JsonValue, json_equal

_MICROSECOND: Final = timedelta(microseconds=1)


def write_fields(extension: object) -> dict[str, JsonValue]:
    """Every field by its name in a document, but those that are as the class has them by default."""
    written: dict[str, JsonValue] = {}
    for field in fields_of(type(extension)):
        value = _written(getattr(extension, field.attribute))
        if field.is_required or not _is_default(type(extension), field, value):
            written[field.name] = value
    return written


def fields_preimage(extension: object) -> dict[str, JsonValue]:
    """Every field by its name in a document, in one form for all ways of writing it: times are microseconds."""
    return {field.name: _in_one_form(getattr(extension, field.attribute)) for field in fields_of(type(extension))}


def _is_default(kind: type, field: ExtensionField, written: JsonValue) -> bool:
    default: Any = attrs.fields_dict(kind)[field.attribute].default
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]  # a class that its stubs call a function
        if default.takes_self:
            return False  # it depends on the other fields: then it is always said
        default = default.factory()
    return json_equal(written, _written(default))


def _written(value: Any) -> JsonValue:
    return _each(value, write_duration, write_instant)


def _in_one_form(value: Any) -> JsonValue:
    return _each(value, lambda duration: duration // _MICROSECOND, to_microseconds)


def _each(
    value: Any, duration: Callable[[timedelta], JsonValue], instant: Callable[[datetime], JsonValue]
) -> JsonValue:
    """`value` with what JSON does not have written so; JSON itself stands as it is."""
    if isinstance(value, timedelta):
        return duration(value)
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, ServiceAddress):
        return str(value)
    if isinstance(value, tuple | list):
        return [_each(item, duration, instant) for item in value]
    if isinstance(value, Mapping):
        return {key: _each(member, duration, instant) for key, member in value.items()}
    json: JsonValue = value
    return json
