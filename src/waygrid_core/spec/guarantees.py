"""Reads and writes guarantees: what `waygrid verify` proves or breaks."""

from typing import Final, assert_never

from waygrid_core.model.json_value import JsonValue
from waygrid_core.spec.fields import open_object, shape
from waygrid_core.spec.node import AtMost, Guarantee, NeverBefore
from waygrid_core.spec.place import Place
from waygrid_core.spec.problem import ProblemSink

_GUARANTEE: Final = shape(optional=["never", "atMost"])
_NEVER: Final = shape("dispatch", "before")
_BEFORE: Final = shape("succeeded")
_AT_MOST: Final = shape("dispatch", "times")


def read_guarantee(document: JsonValue, place: Place, problems: ProblemSink) -> Guarantee | None:
    """A guarantee; None and a problem where it could not be read."""
    fields = open_object(document, place, problems, _GUARANTEE, "a guarantee")
    if fields is None:
        return None
    if fields.has("never") and fields.has("atMost"):
        problems.add(place, "conflicting-fields", "a guarantee says one thing: write never and atMost as two")
        return None
    if fields.has("never"):
        return _read_never(fields.document["never"], (place, "never"), problems)
    if fields.has("atMost"):
        return _read_at_most(fields.document["atMost"], (place, "atMost"), problems)
    problems.add(place, "missing-field", "a guarantee needs the field 'never' or 'atMost'")
    return None


def _read_never(document: JsonValue, place: Place, problems: ProblemSink) -> NeverBefore | None:
    fields = open_object(document, place, problems, _NEVER, "never")
    if fields is None:
        return None
    dispatch = fields.text("dispatch")
    if not fields.has("before"):
        return None
    before = open_object(fields.document["before"], (place, "before"), problems, _BEFORE, "before")
    succeeded = None if before is None else before.text("succeeded")
    return None if dispatch is None or succeeded is None else NeverBefore(dispatch, succeeded)


def _read_at_most(document: JsonValue, place: Place, problems: ProblemSink) -> AtMost | None:
    fields = open_object(document, place, problems, _AT_MOST, "atMost")
    if fields is None:
        return None
    dispatch, times = fields.text("dispatch"), fields.whole_number("times", 0)
    return None if dispatch is None or times is None else AtMost(dispatch, times)


def write_guarantee(guarantee: Guarantee) -> JsonValue:
    """The document of a guarantee."""
    match guarantee:
        case NeverBefore(dispatch=dispatch, succeeded=succeeded):
            return {"never": {"dispatch": dispatch, "before": {"succeeded": succeeded}}}
        case AtMost(dispatch=dispatch, times=times):
            return {"atMost": {"dispatch": dispatch, "times": times}}
        case _:
            assert_never(guarantee)
