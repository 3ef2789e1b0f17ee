"""Reads and writes guarantees: what `waygrid verify` proves or breaks."""

from collections.abc import Callable, Mapping
from typing import Final, assert_never

from waygrid_core.model.json_value import JsonValue
from waygrid_core.spec.fields import Fields, open_object, shape
from waygrid_core.spec.guarantee import Always, AtMost, Guarantee, Moment, NeverAfter, NeverBefore, OneOf
from waygrid_core.spec.place import Place
from waygrid_core.spec.problem import ProblemCode, ProblemSink

_BEFORE: Final = shape("succeeded")
_AFTER: Final = shape(optional=["succeeded", "failed"])

FEWEST_OF_ONE: Final = 2
"""One of fewer is no choice."""


def read_guarantee(document: JsonValue, place: Place, problems: ProblemSink) -> Guarantee | None:
    """A guarantee; None and a problem where it could not be read."""
    fields = open_object(document, place, problems, shape(optional=[*_FORMS]), "a guarantee")
    if fields is None:
        return None
    said = [form for form in _FORMS if fields.has(form)]
    if len(said) > 1:
        problems.add(place, "conflicting-fields", f"a guarantee says one thing: write {' and '.join(said)} as two")
        return None
    if not said:
        problems.add(place, "missing-field", f"a guarantee needs one of the fields {', '.join(_FORMS)}")
        return None
    (form,) = said
    required, optional, read = _FORMS[form]
    inner = open_object(fields.document[form], (place, form), problems, shape(*required, optional=optional), form)
    return None if inner is None else read(inner)


def _read_never(fields: Fields) -> NeverBefore | NeverAfter | None:
    dispatch = fields.text("dispatch")
    if fields.has("before") and fields.has("after"):
        fields.problems.add(
            fields.place, "conflicting-fields", "never says before or after what: write the two as two guarantees"
        )
        return None
    if fields.has("after"):
        after = _read_after(fields)
        return None if dispatch is None or after is None else NeverAfter(dispatch, after)
    if not fields.has("before"):
        fields.problems.add(fields.place, "missing-field", "never needs the field 'before' or 'after'")
        return None
    before = open_object(fields.document["before"], (fields.place, "before"), fields.problems, _BEFORE, "before")
    succeeded = None if before is None else before.text("succeeded")
    return None if dispatch is None or succeeded is None else NeverBefore(dispatch, succeeded)


def _read_after(fields: Fields) -> Moment | None:
    place: Place = (fields.place, "after")
    after = open_object(fields.document["after"], place, fields.problems, _AFTER, "after")
    if after is None:
        return None
    if after.has("succeeded") == after.has("failed"):
        code: ProblemCode = "conflicting-fields" if after.has("failed") else "missing-field"
        fields.problems.add(place, code, "after is one moment: write 'succeeded' or 'failed', and the name of a node")
        return None
    ended: Final = "succeeded" if after.has("succeeded") else "failed"
    node = after.text(ended)
    return None if node is None else Moment(ended, node)


def _read_always(fields: Fields) -> Always | None:
    dispatch = fields.text("dispatch")
    after = _read_after(fields) if fields.has("after") else None
    return None if dispatch is None or (after is None and fields.has("after")) else Always(dispatch, after)


def _read_one_of(fields: Fields) -> OneOf | None:
    names = fields.texts("dispatch")
    if names is None:
        return None
    if len(set(names)) < FEWEST_OF_ONE or len(set(names)) < len(names):
        fields.refuse("dispatch", "out-of-range", "dispatch must have two names or more, each once")
        return None
    return OneOf(names)


def _read_at_most(fields: Fields) -> AtMost | None:
    dispatch, times = fields.text("dispatch"), fields.whole_number("times", 0)
    return None if dispatch is None or times is None else AtMost(dispatch, times)


_Form = tuple[tuple[str, ...], tuple[str, ...], Callable[[Fields], Guarantee | None]]
_FORMS: Final[Mapping[str, _Form]] = {
    "never": (("dispatch",), ("before", "after"), _read_never),
    "always": (("dispatch",), ("after",), _read_always),
    "oneOf": (("dispatch",), (), _read_one_of),
    "atMost": (("dispatch", "times"), (), _read_at_most),
}
"""By the field that says which it is: the fields of what stands there, required and optional, and its reader."""


def write_guarantee(guarantee: Guarantee) -> JsonValue:
    """The document of a guarantee."""
    match guarantee:
        case NeverBefore(dispatch=dispatch, succeeded=succeeded):
            return {"never": {"dispatch": dispatch, "before": {"succeeded": succeeded}}}
        case NeverAfter(dispatch=dispatch, after=after):
            return {"never": {"dispatch": dispatch, "after": _write_moment(after)}}
        case Always(dispatch=dispatch, after=maybe):
            moment = {} if maybe is None else {"after": _write_moment(maybe)}
            return {"always": {"dispatch": dispatch, **moment}}
        case OneOf(dispatch=names):
            return {"oneOf": {"dispatch": [*names]}}
        case AtMost(dispatch=dispatch, times=times):
            return {"atMost": {"dispatch": dispatch, "times": times}}
        case _:
            assert_never(guarantee)


def _write_moment(moment: Moment) -> JsonValue:
    return {moment.ended: moment.node}
