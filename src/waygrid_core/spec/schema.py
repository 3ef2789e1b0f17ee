"""The JSON Schema (2020-12) of a Spec, for editors and other tools. The parser is what counts; a test keeps the two
equal, but for what a schema cannot say: sizes and depths, the bounds of a duration, the calendar, a condition after
`Always`, and all that needs the graph.

The fields of each object are taken from the parser's own tables; here stands what each field may hold.
"""

from collections.abc import Mapping
from typing import Final

from waygrid_core.extension.extension import Extension
from waygrid_core.extension.registry import NO_EXTENSIONS, NODE_FIELDS, Extensions
from waygrid_core.model.address import ADDRESS_PATTERN
from waygrid_core.model.duration import DURATION_PATTERN
from waygrid_core.model.instant import INSTANT_PATTERN
from waygrid_core.policy.delay import MAX_RETRIES
from waygrid_core.spec.check import SPEC_SHAPE
from waygrid_core.spec.conditions import OPERATORS
from waygrid_core.spec.conditions import SHAPES as CONDITION_SHAPES
from waygrid_core.spec.extension_schema import Schema, extension_schema
from waygrid_core.spec.fields import ID_PATTERN, MAX_LABEL, Shape
from waygrid_core.spec.guarantees import FEWEST_OF_ONE
from waygrid_core.spec.limits import DEFAULT_LIMITS
from waygrid_core.spec.nodes import NODE_SHAPES
from waygrid_core.spec.policies import (
    DELIVERY_SHAPES,
    EACH_JOIN_SHAPES,
    JOIN_SHAPES,
    MAX_POWER,
    REPEAT_SHAPES,
    RETRY_SHAPES,
)

SCHEMA_ID: Final = "urn:waygrid:spec:1"
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_TOKEN: Final = "([^/~]|~[01])*"
_TOKEN_IN_TEXT: Final = "([^/~{}]|~[01])*"


def _data_pointer(token: str) -> str:
    node = token.removesuffix("*") + "+"
    return f"(/(payload|input|traversal)|/nodes/{node}/output)(/{token})*"


_NO_KINDS: Final[Mapping[str, type[Extension]]] = {}


def json_schema(extensions: Extensions = NO_EXTENSIONS) -> Schema:
    """The schema, made anew on each call, so that a caller may change it. It knows the types of these `extensions`."""
    return {
        "$schema": _DIALECT,
        "$id": SCHEMA_ID,
        "title": "Waygrid Spec",
        "description": "A workflow: nodes that do work, and where the token goes after each.",
        "$ref": "#/$defs/Spec",
        "$defs": {
            **_values(),
            **_policies(extensions),
            **_conditions(extensions),
            **_nodes(extensions),
            **_specs(extensions),
        },
    }


def _ref(name: str, description: str | None = None) -> Schema:
    return {"$ref": f"#/$defs/{name}"} | ({} if description is None else {"description": description})


def _named(title: str, description: str, schema: Schema) -> Schema:
    return {"title": title, "description": description} | schema


def _text(pattern: str) -> Schema:
    # Some dialects let `$` match before a last line break.
    return {"type": "string", "pattern": f"^({pattern})$(?!\\n)"}


def _whole(low: int, high: int | None = None) -> Schema:
    return {"type": "integer", "minimum": low} | ({} if high is None else {"maximum": high})


def _object(of_shape: Shape, properties: Mapping[str, Schema], kind: str | None = None) -> Schema:
    known: Schema = {} if kind is None else {"type": {"const": kind}}
    known |= {name: properties[name] for name in sorted(of_shape.known) if name != "type"}
    required = [*([] if kind is None else ["type"]), *of_shape.required]
    return {"type": "object", "properties": known, "required": required, "additionalProperties": False}


def _by_type(
    shapes: Mapping[str, Shape], properties: Mapping[str, Schema], kinds: Mapping[str, type[Extension]] = _NO_KINDS
) -> Schema:
    own = [{"title": kind} | _object(of_shape, properties, kind) for kind, of_shape in shapes.items()]
    return {"oneOf": [*own, *(extension_schema(kinds[name]) for name in sorted(kinds))]}


def _or_leaf(schema: Schema) -> Schema:
    return {"anyOf": [schema, _ref("Leaf")]}


def _object_of(members: Schema) -> Schema:
    """An object of any names but those that begin with `$`."""
    return {"type": "object", "patternProperties": {"^\\$": False}, "additionalProperties": members}


_SCALARS: Final[Schema] = {"type": ["null", "boolean", "number", "string"]}


def _values() -> Schema:
    pointer, pointer_in_text = _data_pointer(_TOKEN), _data_pointer(_TOKEN_IN_TEXT)
    one_or_more: Schema = {"type": "array", "items": _ref("DataPointer"), "minItems": 1}
    leaf_from: Schema = {
        "type": "object",
        "properties": {
            "$from": {"anyOf": [_ref("DataPointer"), one_or_more]},
            "$default": {"description": "What stands here if no pointer finds anything."},
        },
        "required": ["$from"],
        "additionalProperties": False,
    }
    return {
        "Id": _named("id", "1 to 64 of a-z, 0-9 and hyphen; the first is no hyphen.", _text(ID_PATTERN)),
        "Label": _named("label", "For people.", {"type": "string", "maxLength": MAX_LABEL}),
        "Address": _named("address", "waygrid://<component>/<service>", _text(ADDRESS_PATTERN)),
        "Duration": _named("duration", "Such as 250ms, 1.5s, 10m, 2h, 30d; at most 3650d.", _text(DURATION_PATTERN)),
        "Instant": _named("instant", "RFC 3339 with an offset: 2026-01-31T08:00:00Z.", _text(INSTANT_PATTERN)),
        "Pointer": _named("pointer", "RFC 6901, into the node's output.", _text(f"(/{_TOKEN})*")),
        "DataPointer": _named(
            "data pointer",
            "RFC 6901, beginning with /payload, /input, /traversal or /nodes/<id>/output.",
            _text(pointer),
        ),
        "From": _named("$from", "The value at the first pointer that finds one.", leaf_from),
        "Text": _named(
            "$text",
            "Text with pointers in braces; {{ and }} are braces.",
            {
                "type": "object",
                "properties": {"$text": _text(rf"([^{{}}]|\{{\{{|\}}\}}|\{{{pointer_in_text}\}})*")},
                "required": ["$text"],
                "additionalProperties": False,
            },
        ),
        "Literal": _named(
            "$literal",
            "The value as it stands, whatever its keys are called.",
            {
                "type": "object",
                "properties": {"$literal": True},
                "required": ["$literal"],
                "additionalProperties": False,
            },
        ),
        "Leaf": _named(
            "leaf",
            "A value that is read when the token arrives.",
            {"anyOf": [_ref("From"), _ref("Text"), _ref("Literal")]},
        ),
        "Template": _named(
            "template",
            "JSON in which leaves stand for values.",
            {"anyOf": [_ref("Leaf"), _SCALARS, _object_of(_ref("Template")), _array(_ref("Template"))]},
        ),
        "Plain": _named(
            "plain value",
            "JSON without leaves.",
            {"anyOf": [_SCALARS, _object_of(_ref("Plain")), _array(_ref("Plain"))]},
        ),
        "Secret": _named(
            "$secret",
            "A value that only the service that uses it ever sees.",
            {
                "type": "object",
                "properties": {
                    "$secret": {
                        "type": "object",
                        "properties": {"path": {"type": "string"}, "field": {"type": "string"}, "version": _whole(1)},
                        "required": ["path"],
                        "additionalProperties": False,
                    }
                },
                "required": ["$secret"],
                "additionalProperties": False,
            },
        ),
    }


def _array(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _policies(extensions: Extensions) -> Schema:
    codes: Schema = {"type": "array", "items": {"type": "string"}}
    retry: dict[str, Schema] = {
        "base": _ref("Duration", "The delay before the first retry."),
        "cap": _ref("Duration", "No delay is longer."),
        "maxRetries": _whole(1, MAX_RETRIES) | {"description": "How many attempts may follow the first."},
        "power": {"type": "number", "exclusiveMinimum": 0, "maximum": MAX_POWER},
        "doNotRetry": codes | {"description": "Codes that are for good; one that ends in * is a prefix."},
        "retryOn": codes | {"description": "The only codes that are retried; one that ends in * is a prefix."},
    }
    delivery: dict[str, Schema] = {
        "delay": _or_leaf(_ref("Duration")) | {"description": "Since the token arrived."},
        "time": _or_leaf(_ref("Instant")) | {"description": "One that has passed means at once."},
    }
    join: dict[str, Schema] = {
        "of": _array({"type": "string"}) | {"minItems": 1, "description": "The branches that count; default: all."},
        "n": _or_leaf(_whole(1)) | {"description": "How many successes are enough."},
    }
    repeat: dict[str, Schema] = {
        "every": _ref("Duration", "From one planned start to the next."),
        "times": _whole(1) | {"description": "Runs in total."},
        "until": _ref("Instant", "The last start that may be planned."),
    }
    excluded: Schema = {"not": {"required": ["doNotRetry", "retryOn"]}}
    return {
        "RetryPolicy": _named(
            "retry policy",
            "When a failed attempt is made again.",
            _by_type(RETRY_SHAPES, retry, extensions.retries) | excluded,
        ),
        "DeliveryStrategy": _named("delivery strategy", "When the node begins.", _by_type(DELIVERY_SHAPES, delivery)),
        "JoinStrategy": _named(
            "join strategy", "Which successes are enough.", _by_type(JOIN_SHAPES, join, extensions.joins)
        ),
        "EachStrategy": _named(
            "strategy of an each", "Which successes are enough.", _by_type(EACH_JOIN_SHAPES, join, extensions.joins)
        ),
        "RepeatPolicy": _named("repeat policy", "Whether it runs again.", _by_type(REPEAT_SHAPES, repeat)),
        "NoRepeat": _named(
            "no repeat", "A body and an onEnd run once.", _object(REPEAT_SHAPES["NoRepeat"], {}, "NoRepeat")
        ),
    }


def _conditions(extensions: Extensions) -> Schema:
    members: Schema = {"type": "array", "items": _ref("Condition"), "minItems": 1}
    fields: dict[str, Schema] = {
        "pointer": _ref("Pointer"),
        "value": {"anyOf": [_ref("Leaf"), _ref("Plain")]},
        "op": {"enum": list(OPERATORS)},
        "cond": _ref("Condition"),
        "all": members,
        "any": members,
    }
    return {
        "Condition": _named(
            "condition", "Holds, or not, of a node's output.", _by_type(CONDITION_SHAPES, fields, extensions.conditions)
        ),
        "ConditionalEdge": _named(
            "conditional edge",
            "The first whose condition holds wins.",
            {
                "type": "object",
                "properties": {"condition": _ref("Condition"), "to": _ref("Node")},
                "required": ["condition", "to"],
                "additionalProperties": False,
            },
        ),
    }


_USERS: Final = "node."
"""Before the name of a node kind of a user's, so that it is no name of ours."""

_TITLES: Final[Mapping[str, str]] = {
    "standard": "Work of a service.",
    "pass": "Routes, and shapes what goes on; with a delivery strategy, a wait.",
    "fail": "Ends its scope in failure, on purpose.",
    "fork": "Branches that run side by side until their join is decided.",
    "join": "Where the branches of a fork meet; type and joinNodeId alone are short for a copy elsewhere.",
    "await": "Waits for an event from outside.",
    "call": "Runs its body as a traversal of its own.",
    "each": "Runs its body for each item of a list.",
    "loop": "Runs its body round after round, until a condition holds.",
}


def _node_fields() -> dict[str, Schema]:
    text_or_leaf = _or_leaf({"type": "string"})
    count = _whole(1) | {"description": "How many run at once; default: all."}
    branches: Schema = {
        "type": "object",
        "propertyNames": _ref("Id"),
        "additionalProperties": _ref("Node"),
        "minProperties": 2,
        "maxProperties": DEFAULT_LIMITS.branches,
    }
    conditions = {"type": "array", "items": _ref("ConditionalEdge"), "maxItems": DEFAULT_LIMITS.conditions}
    parameter: Schema = {"anyOf": [_ref("Secret"), _ref("Template")]}
    return {
        "id": _ref("Id", "A name for references, pointers and scenarios."),
        "label": _ref("Label"),
        "description": {"type": "string", "description": "For people."},
        "address": _ref("Address", "The service that does the work."),
        "parameters": _object_of(parameter) | {"description": "What the service is told besides its input."},
        "input": _ref("Template", "What is dispatched instead of what arrived."),
        "output": _ref("Template", "What goes on instead of what arrived."),
        "retryPolicy": _ref("RetryPolicy"),
        "deliveryStrategy": _ref("DeliveryStrategy"),
        "timeout": _ref("Duration", "Of an attempt; of an await, the wait; of a join, since the fork."),
        "onConditions": conditions | {"description": "Looked at in order when the node has succeeded."},
        "onSuccess": _ref("Node", "Next, if no condition holds."),
        "onFailure": _ref("Node", "Next, after a failure for good."),
        "onTimeout": _ref("Node", "Next, after a timeout for good."),
        "always": _ref("Node", "Next, if no other edge is taken, whatever happened."),
        "code": text_or_leaf | {"description": "The error's code."},
        "message": text_or_leaf | {"description": "The error's message."},
        "joinNodeId": _ref("Id", "Ties a fork to its join."),
        "branches": branches,
        "concurrency": count,
        "join": _ref("join", "The fork's join, inline; branches that just end flow into it."),
        "strategy": _ref("JoinStrategy"),
        "event": {"type": "string", "description": "The event's name."},
        "key": text_or_leaf | {"description": "The event's key; default: the traversal that the user started."},
        "body": _ref("Body"),
        "over": _ref("Leaf", "Gives the list."),
        "atMost": _whole(1, DEFAULT_LIMITS.at_most) | {"description": "No more members, or rounds."},
        "until": _ref("Condition", "Looks at a round's output."),
        "every": _ref("Duration", "From one round's start to the next; default: at once."),
    }


def _nodes(extensions: Extensions) -> Schema:
    fields = _node_fields()
    defs: Schema = {}
    for kind, of_shape in NODE_SHAPES.items():
        schema = _object(of_shape, fields, kind)
        if kind == "each":
            schema["properties"]["strategy"] = _ref("EachStrategy")
        if "onTimeout" in of_shape.known:
            schema["dependentRequired"] = {"onTimeout": ["timeout"]}
        if kind == "join":
            schema["anyOf"] = [{"required": ["strategy"]}, {"maxProperties": 2}]
        defs[kind] = _named(kind, _TITLES[kind], schema)
    defs["Reference"] = _named(
        "reference",
        "This path meets at the node of that id, which stands elsewhere in the same Spec.",
        {"type": "object", "properties": {"ref": _ref("Id")}, "required": ["ref"], "additionalProperties": False},
    )
    shared = {name: fields[name] for name in sorted(NODE_FIELDS & fields.keys())}
    for name, kind_of_users in sorted(extensions.nodes.items()):
        schema = extension_schema(kind_of_users, shared)
        schema["dependentRequired"] = {"onTimeout": ["timeout"]}
        defs[f"{_USERS}{name}"] = schema
    nodes = [_ref(kind) for kind in (*NODE_SHAPES, *(f"{_USERS}{name}" for name in sorted(extensions.nodes)))]
    defs["Node"] = _named("node", "One step, and where the token goes from it.", {"oneOf": [*nodes, _ref("Reference")]})
    return defs


def _specs(extensions: Extensions) -> Schema:
    fields: dict[str, Schema] = {
        "name": {"type": "string", "description": "For people."},
        "description": {"type": "string", "description": "For people."},
        "entryPoints": {"type": "array", "items": _ref("Node"), "minItems": 1, "description": "It begins at one."},
        "repeatPolicy": _ref("RepeatPolicy"),
        "timeout": _ref("Duration", "Bounds one traversal; of a series, each run."),
        "onEnd": _ref("Body", "Runs when this has ended, however it ended."),
        "guards": _users(extensions.guards) | {"description": "What watches each step, and may end the traversal."},
        "signals": _users(extensions.signals) | {"description": "What may be said to a traversal."},
        "guarantees": _array(_ref("Guarantee")) | {"description": "What waygrid verify is to prove or break."},
    }
    inner = fields | {"repeatPolicy": _ref("NoRepeat")}
    dag: Schema = {
        "type": "object",
        "properties": {"dag": {"type": "string"}},
        "required": ["dag"],
        "additionalProperties": False,
    }
    return {
        "Spec": _named("Spec", "A whole workflow.", _object(SPEC_SHAPE, fields)),
        "InnerSpec": _named("inner Spec", "A Spec that runs once.", _object(SPEC_SHAPE, inner)),
        "DagByHash": _named("DAG by hash", "A body that is compiled already.", dag),
        "Body": _named(
            "body",
            "Another workflow: a Spec, one node, or the hash of a DAG.",
            {"oneOf": [_ref("InnerSpec"), _ref("Node"), _ref("DagByHash")]},
        ),
        "Guarantee": _named("guarantee", "Never before or after, always, one of, or at most so often.", _guarantee()),
    }


def _users(kinds: Mapping[str, type[Extension]]) -> Schema:
    """A list in which nothing but extensions may stand."""
    if not kinds:
        return {"type": "array", "maxItems": 0}
    return _array({"oneOf": [extension_schema(kinds[name]) for name in sorted(kinds)]})


def _guarantee() -> Schema:
    name: Schema = {"type": "string", "description": "A node, by id, label or address."}
    names: Schema = {"type": "array", "items": name, "minItems": FEWEST_OF_ONE, "uniqueItems": True}
    before = _closed({"succeeded": name})
    after: Schema = {"oneOf": [_closed({"succeeded": name}), _closed({"failed": name})]}
    never: Schema = {
        "oneOf": [_closed({"dispatch": name, "before": before}), _closed({"dispatch": name, "after": after})]
    }
    always: Schema = {"oneOf": [_closed({"dispatch": name}), _closed({"dispatch": name, "after": after})]}
    forms: dict[str, Schema] = {
        "never": never,
        "always": always,
        "oneOf": _closed({"dispatch": names}),
        "atMost": _closed({"dispatch": name, "times": _whole(0)}),
    }
    return {"oneOf": [_closed({form: schema}) for form, schema in forms.items()]}


def _closed(properties: dict[str, Schema]) -> Schema:
    """An object with these members, all of them."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": [*properties],
        "additionalProperties": False,
    }
