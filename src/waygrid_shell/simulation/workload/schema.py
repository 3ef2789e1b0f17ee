"""The JSON Schema (2020-12) of a workload, for editors. The reading is what counts; a test holds the two against each
other. The fields of each object are taken from the tables of the reading; here stands what each may hold.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from waygrid_core.model.duration import DURATION_PATTERN
from waygrid_core.spec.fields import Shape
from waygrid_shell.hosting.handler import MOST_AT_ONCE
from waygrid_shell.simulation.workload.description import MOST_PROCESSES
from waygrid_shell.simulation.workload.quantities import RATE_PATTERN, SHARE_PATTERN
from waygrid_shell.simulation.workload.reading import (
    EVENT_LOAD,
    MOST_PARTITIONS,
    PLATFORM,
    SERVICE_LOAD,
    SPEC_LOAD,
    WORKLOAD,
)
from waygrid_shell.simulation.workload.templates import DRAWS
from waygrid_shell.simulation.workload.timing import ARRIVALS, DURATIONS, STEP

Schema: TypeAlias = dict[str, Any]

SCHEMA_ID: Final = "urn:waygrid:workload:1"
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def workload_schema() -> Schema:
    """The schema, made anew on each call, so that a caller may change it."""
    return {
        "$schema": _DIALECT,
        "$id": SCHEMA_ID,
        "title": "Waygrid workload",
        "description": "A load for waygrid simulate: who asks how often, and what services are like.",
        **_object(WORKLOAD, _TOP),
        "$defs": {
            "Time": {"title": "duration", "description": "Such as 250ms, 1.5s, 10m, 2h.", **_text(DURATION_PATTERN)},
            "Rate": {"title": "rate", "description": "Such as 20/s, 300/m, 5000/h.", **_text(RATE_PATTERN)},
            "Share": {
                "title": "share",
                "description": "Of all: 2.5%, or 0.025.",
                "anyOf": [_text(SHARE_PATTERN), {"type": "number", "minimum": 0, "maximum": 1}],
            },
            "Duration": {
                "title": "how long it takes",
                "description": "A duration, which is always the same, or a distribution.",
                "anyOf": [_ref("Time"), _by_type(DURATIONS, _DURATION_FIELDS)],
            },
            "Arrivals": {
                "title": "arrivals",
                "description": "When traversals are handed in; without a type they are Poisson.",
                "anyOf": [
                    _by_type(ARRIVALS, _ARRIVAL_FIELDS),
                    {
                        "type": "object",
                        "properties": {"rate": _ref("Rate")},
                        "required": ["rate"],
                        "additionalProperties": False,
                    },
                ],
            },
            "Template": _template(),
        },
    }


def _ref(name: str, description: str | None = None) -> Schema:
    return {"$ref": f"#/$defs/{name}"} | ({} if description is None else {"description": description})


def _text(pattern: str) -> Schema:
    return {"type": "string", "pattern": f"^({pattern})$(?!\\n)"}


def _whole(low: int, high: int, description: str) -> Schema:
    return {"type": "integer", "minimum": low, "maximum": high, "description": description}


def _object(of_shape: Shape, properties: Mapping[str, Schema], kind: str | None = None) -> Schema:
    known: Schema = {} if kind is None else {"type": {"const": kind}}
    known |= {name: properties[name] for name in sorted(of_shape.known) if name != "type"}
    required = [*([] if kind is None else ["type"]), *of_shape.required]
    return {"type": "object", "properties": known, "required": required, "additionalProperties": False}


def _by_type(shapes: Mapping[str, Shape], properties: Mapping[str, Schema]) -> Schema:
    return {"oneOf": [{"title": kind} | _object(of_shape, properties, kind) for kind, of_shape in shapes.items()]}


_DURATION_FIELDS: Final[Mapping[str, Schema]] = {
    "value": _ref("Time"),
    "from": _ref("Time"),
    "to": _ref("Time"),
    "mean": _ref("Time"),
    "median": _ref("Time", "Half of all take no longer."),
    "p99": _ref("Time", "Of a hundred, one takes longer."),
}

_STEP_FIELDS: Final[Mapping[str, Schema]] = {
    "for": _ref("Time"),
    "rate": _ref("Rate"),
    "from": _ref("Rate"),
    "to": _ref("Rate"),
}

_ARRIVAL_FIELDS: Final[Mapping[str, Schema]] = {
    "rate": _ref("Rate"),
    "from": _ref("Rate"),
    "to": _ref("Rate"),
    "over": _ref("Time", "How long the rate rises or falls; then it stays."),
    "size": _whole(1, 1_000_000, "How many at once."),
    "every": _ref("Time"),
    "steps": {
        "type": "array",
        "minItems": 1,
        "items": _object(STEP, _STEP_FIELDS) | {"oneOf": [{"required": ["rate"]}, {"required": ["from", "to"]}]},
    },
}

_SPEC_FIELDS: Final[Mapping[str, Schema]] = {
    "arrivals": _ref("Arrivals", "Its own; otherwise it has a share of those of all."),
    "share": {"type": "number", "exclusiveMinimum": 0, "description": "Beside those of the other Specs: 1 by default."},
    "payload": _ref("Template"),
}

_SERVICE_FIELDS: Final[Mapping[str, Schema]] = {
    "latency": _ref("Duration", "How long an attempt takes: by default a median of 100ms, and 500ms as p99."),
    "failures": {
        "type": "object",
        "additionalProperties": _ref("Share"),
        "description": "By code, the share of attempts that fail with it.",
    },
    "neverAnswers": _ref("Share", "The share of attempts that never end, unless they are canceled."),
    "workers": _whole(1, MOST_PROCESSES, "Processes that serve it: 1 by default."),
    "concurrency": _whole(1, MOST_AT_ONCE, "Attempts that each makes at once: 64 by default."),
    "deadline": _ref("Time", "What bounds an attempt, whatever its node says."),
    "output": _ref("Template"),
}

_EVENT_FIELDS: Final[Mapping[str, Schema]] = {
    "after": _ref("Duration", "How long after the await has begun it comes: 1m by default."),
    "share": _ref("Share", "The share of awaits to which it comes: all by default."),
    "data": _ref("Template"),
}

_PLATFORM_FIELDS: Final[Mapping[str, Schema]] = {
    "processes": _whole(1, MOST_PROCESSES, "Processes of Waygrid itself: 1 by default."),
    "partitions": _whole(2, MOST_PARTITIONS, "Of each topic: 8 by default. No more workers than that share a service."),
    "request": _ref("Time", "There and back, to the log, the database, the cache: 2ms by default."),
}


def _objects_of(of_shape: Shape, properties: Mapping[str, Schema], description: str) -> Schema:
    return {"type": "object", "additionalProperties": _object(of_shape, properties), "description": description}


_TOP: Final[Mapping[str, Schema]] = {
    "arrivals": _ref("Arrivals"),
    "payload": _ref("Template", "Of each traversal, unless its Spec has its own: {} by default."),
    "specs": _objects_of(SPEC_LOAD, _SPEC_FIELDS, "By the name of the file, without what it ends in."),
    "services": _objects_of(SERVICE_LOAD, _SERVICE_FIELDS, "By address: processor/payment."),
    "events": _objects_of(EVENT_LOAD, _EVENT_FIELDS, "By the name of the event."),
    "duration": _ref("Time", "How long traversals are handed in: 10m by default, or as long as steps and ramps are."),
    "drain": _ref("Time", "How long to wait for the last ones to end: 1h by default, or as long as the duration."),
    "platform": _object(PLATFORM, _PLATFORM_FIELDS),
    "faults": {
        "anyOf": [{"type": "boolean"}, _ref("Rate")],
        "description": "How often something breaks: a process is killed, a network cut. true: 30/h.",
    },
}


def _template() -> Schema:
    bounds: Schema = {
        "anyOf": [
            {"type": "integer"},
            {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2},
        ]
    }
    fields: Mapping[str, Schema] = {
        "$number": {"const": True, "description": "1, 2, 3, and so on."},
        "$text": {"type": "string", "description": "{number} in it is the number."},
        "$whole": bounds,
        "$choice": {"type": "array", "items": _ref("Template"), "minItems": 1},
        "weights": {"type": "array", "items": {"type": "number", "minimum": 0}},
        "$list": _ref("Template"),
        "length": bounds,
        "$literal": {},
    }
    return {
        "title": "template",
        "description": "JSON; objects with a $ are drawn anew each time.",
        "anyOf": [
            {"type": ["null", "boolean", "number", "string"]},
            {"type": "array", "items": _ref("Template")},
            *(_object(each, fields) for each in DRAWS.values()),
            {"type": "object", "patternProperties": {"^\\$": False}, "additionalProperties": _ref("Template")},
        ],
    }
