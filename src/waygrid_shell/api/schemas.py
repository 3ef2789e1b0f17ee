"""JSON Schemas of documents, read off their classes."""

import inspect
import types
import typing
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal, get_args, get_origin

from attrs import NOTHING, Attribute, fields, has

from waygrid_core.model.json_value import JsonValue
from waygrid_core.model.ulid import ULID_PATTERN
from waygrid_shell.resources.document import to_json
from waygrid_shell.resources.naming import camel_case

Schema = dict[str, Any]

_SCALARS: Final[Mapping[Any, Schema]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"},
    types.NoneType: {"type": "null"},
}


class Schemas:
    """The schemas of documents as they are asked for, each once, by the names of their classes."""

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}
        self._kinds: dict[str, type] = {}

    def of_request(self, kind: type) -> Schema:
        """A reference to the schema of a document that is handed in: with no other fields than its own."""
        reference = self.of(kind)
        self.components[kind.__name__]["additionalProperties"] = False
        return reference

    def of(self, kind: Any) -> Schema:
        """The schema of a type, or a reference to it."""
        if kind == JsonValue:
            return {}
        if kind in _SCALARS:
            return dict(_SCALARS[kind])
        if has(kind):
            return self._reference(kind)
        origin, arguments = get_origin(kind), get_args(kind)
        if origin is Literal:
            return {"type": "string", "enum": list(arguments)}
        if origin is tuple:
            return {"type": "array", "items": self.of(arguments[0])}
        if origin is Mapping:
            return {"type": "object", "additionalProperties": self.of(arguments[1])}
        if origin in (types.UnionType, typing.Union):
            return {"anyOf": [self.of(each) for each in arguments]}
        raise AssertionError(f"{kind} is no type of a document")

    def _reference(self, kind: type) -> Schema:
        name = kind.__name__
        if name not in self._kinds:
            self._kinds[name] = kind
            self.components[name] = self._object(kind)
        assert self._kinds[name] is kind, f"two documents are called {name}"
        return {"$ref": f"#/components/schemas/{name}"}

    def _object(self, kind: type) -> Schema:
        attributes = fields(kind)
        schema: Schema = {
            "type": "object",
            "description": inspect.cleandoc(kind.__doc__ or "").replace("`", ""),
            "properties": {camel_case(each.name): self._field(each) for each in attributes},
        }
        required = [camel_case(each.name) for each in attributes if each.default is NOTHING]
        return {**schema, "required": required} if required else schema

    def _field(self, attribute: "Attribute[Any]") -> Schema:
        schema = self.of(attribute.type)
        if attribute.name in _PATTERNS and attribute.type is str:
            schema["pattern"] = _PATTERNS[attribute.name]
        default = attribute.default
        if default is NOTHING or default is None or "$ref" in schema:
            return schema
        return {**schema, "default": to_json(default.factory() if hasattr(default, "factory") else default)}


_PATTERNS: Final = {"root": f"^{ULID_PATTERN}$"}
