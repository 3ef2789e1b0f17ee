"""Reads the annotations in the flat JSON of a DAG: what is for people."""

from typing import Final

from waygrid_core.dag.dag import DagAnnotations, NodeAnnotation
from waygrid_core.model.identifiers import NodeId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.spec.fields import open_object, shape
from waygrid_core.spec.guarantees import read_guarantee
from waygrid_core.spec.limits import Limits
from waygrid_core.spec.place import Place
from waygrid_core.spec.problem import ProblemSink

_ANNOTATIONS: Final = shape(optional=["name", "description", "nodes", "onEnd", "guarantees"])
_ANNOTATION: Final = shape(optional=["label", "description", "body"])


def read_annotations(document: JsonValue, place: Place, limits: Limits, problems: ProblemSink) -> DagAnnotations:
    """What is for people. It nests as bodies do, and no deeper."""
    return _read_annotations(document, place, limits.body_nesting, problems)


def _read_annotations(document: JsonValue, place: Place, levels: int, problems: ProblemSink) -> DagAnnotations:
    fields = open_object(document, place, problems, _ANNOTATIONS, "annotations")
    if fields is None:
        return DagAnnotations()
    nodes: dict[NodeId, NodeAnnotation] = {}
    on_end: DagAnnotations | None = None
    for node_id, item in (fields.members("nodes") or {}).items():
        at: Place = ((place, "nodes"), node_id)
        annotation = open_object(item, at, problems, _ANNOTATION, "the annotation of a node")
        if annotation is None:
            continue
        body = None
        if annotation.has("body"):
            body = _read_inner(annotation.document["body"], (at, "body"), levels, problems)
        label, description = annotation.label("label"), annotation.text("description")
        nodes[NodeId(node_id)] = NodeAnnotation(label=label, description=description, body=body)
    if fields.has("onEnd"):
        on_end = _read_inner(fields.document["onEnd"], (place, "onEnd"), levels, problems)
    items = fields.items("guarantees") or ()
    read = [read_guarantee(item, ((place, "guarantees"), index), problems) for index, item in enumerate(items)]
    return DagAnnotations(
        name=fields.text("name"),
        description=fields.text("description"),
        nodes=nodes,
        on_end=on_end,
        guarantees=tuple(guarantee for guarantee in read if guarantee is not None),
    )


def _read_inner(document: JsonValue, place: Place, levels: int, problems: ProblemSink) -> DagAnnotations:
    if levels == 0:
        problems.add(place, "too-deep", "annotations nest as deep as bodies may")
        return DagAnnotations()
    return _read_annotations(document, place, levels - 1, problems)
