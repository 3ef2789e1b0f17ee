"""Instances of extensions, drawn from the annotations of their fields."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from hypothesis import reject
from hypothesis import strategies as st

from waygrid_core.extension.extension import Extension, JoinRule
from waygrid_core.extension.field_types import FieldType, ListOf, MapOf, Maybe, OneOf, Scalar, fields_of
from waygrid_core.model.address import ServiceAddress
from waygrid_core.testing import values

E = TypeVar("E", bound=Extension)

DURATIONS: Final = tuple(timedelta(seconds=seconds) for seconds in (1, 2, 5, 60, 3600, 86_400))
INSTANTS: Final = tuple(datetime(2026, month, 1, tzinfo=UTC) for month in (1, 2, 12))
ADDRESSES: Final = (ServiceAddress("processor", "a"), ServiceAddress("destination", "webhook"))


NAMES: Final = ("a", "b", "c", "d", "e")
"""Names of branches, in their order."""
_TEXTS: Final = st.one_of(values.texts, st.text(max_size=5))


@st.composite
def instances_of(draw: st.DrawFn, kind: type[E]) -> E:
    """Instances of a class of extensions; what its validators do not take is not drawn.

    Texts of a join rule are names of branches.
    """
    texts = st.sampled_from(NAMES) if issubclass(kind, JoinRule) else _TEXTS
    arguments = {field.argument: draw(values_of(field.type, texts)) for field in fields_of(kind)}
    try:
        return kind(**arguments)
    except (ValueError, TypeError):
        reject()


def values_of(type_: FieldType, texts: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """Values of one field, small ones first; `texts` are what its texts are."""
    match type_:
        case Scalar(of="text"):
            return texts
        case Scalar(of="whole"):
            return st.one_of(st.integers(1, 4), st.integers(-3, 100))
        case Scalar(of="number"):
            return st.one_of(st.sampled_from((0.5, 1.0, 2.5)), st.floats(-10, 1000))
        case Scalar(of="flag"):
            return st.booleans()
        case Scalar(of="duration"):
            return st.sampled_from(DURATIONS)
        case Scalar(of="instant"):
            return st.sampled_from(INSTANTS)
        case Scalar(of="address"):
            return st.sampled_from(ADDRESSES)
        case Scalar(of="json"):
            return values.json_values
        case OneOf(values=choices):
            return st.sampled_from(choices)
        case Maybe(inner=inner):
            return st.one_of(st.none(), values_of(inner, texts))
        case ListOf(inner=inner):
            return st.lists(values_of(inner, texts), max_size=3).map(tuple)
        case MapOf(inner=inner):
            return st.dictionaries(st.sampled_from(values.KEYS), values_of(inner, texts), max_size=2)
        case _:
            raise AssertionError(f"no field is {type_!r}")
