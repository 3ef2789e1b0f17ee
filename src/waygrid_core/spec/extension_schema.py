"""The part of the JSON Schema that is about extensions: from the annotations of their fields."""

from inspect import getdoc
from typing import Any, Final, TypeAlias, assert_never

from waygrid_core.extension.extension import Extension
from waygrid_core.extension.field_types import FieldType, ListOf, MapOf, Maybe, OneOf, Scalar, ScalarName, fields_of

Schema: TypeAlias = dict[str, Any]

_SCALARS: Final[dict[ScalarName, Schema]] = {
    "text": {"type": "string"},
    "whole": {"type": "integer"},
    "number": {"type": "number"},
    "flag": {"type": "boolean"},
    "duration": {"$ref": "#/$defs/Duration"},
    "instant": {"$ref": "#/$defs/Instant"},
    "address": {"$ref": "#/$defs/Address"},
    "json": {},
}


def extension_schema(kind: type[Extension], others: dict[str, Schema] | None = None) -> Schema:
    """The schema of what a document says of an extension; `others` are fields that it has beside its own, all optional.

    What validators say stays out: a schema cannot know it.
    """
    own = fields_of(kind)
    properties: Schema = {"type": {"const": kind.name}, "version": {"const": kind.version}}
    properties |= {field.name: _schema_of(field.type) for field in own}
    properties |= others or {}
    described = getdoc(kind) if kind.__doc__ is not None else None
    return {
        "title": kind.name,
        **({} if described is None else {"description": described.partition("\n\n")[0].replace("\n", " ")}),
        "type": "object",
        "properties": properties,
        "required": ["type", *(field.name for field in own if field.is_required)],
        "additionalProperties": False,
    }


def _schema_of(of: FieldType) -> Schema:
    match of:
        case Scalar(of=scalar):
            return dict(_SCALARS[scalar])
        case OneOf(values=values):
            return {"enum": list(values)}
        case Maybe(inner=inner):
            return {"anyOf": [_schema_of(inner), {"type": "null"}]}
        case ListOf(inner=inner):
            return {"type": "array", "items": _schema_of(inner)}
        case MapOf(inner=inner):
            return {"type": "object", "additionalProperties": _schema_of(inner)}
        case _:
            assert_never(of)
