"""Templates, operands and conditions as an author writes them, over the pointers that are in sight."""

from collections.abc import Callable, Sequence
from functools import lru_cache, wraps
from typing import Any, TypeAlias

from hypothesis import strategies as st

from waygrid_core.testing import values

Document = dict[str, Any]
"""A piece of a Spec's JSON."""

OPERATORS = ("lt", "le", "gt", "ge", "ne", "contains", "in")
_OUTPUT_POINTERS = ("", "/n", "/flag", "/items", "/items/0", "/text", "/wait", "/a", "/nothing")


_OfPointers: TypeAlias = Callable[[Sequence[str]], st.SearchStrategy[Any]]


def _made_once(make: _OfPointers) -> _OfPointers:
    """The same strategy for the same pointers: to make and validate one takes longer than to draw from it."""
    made = lru_cache(maxsize=1_024)(make)

    @wraps(make)
    def once(pointers: Sequence[str]) -> st.SearchStrategy[Any]:
        return made(tuple(pointers))

    return once


@_made_once
def from_leaves(pointers: Sequence[str]) -> st.SearchStrategy[Document]:
    """`{"$from": ...}` with one pointer or several, with and without a default."""
    pointer = st.sampled_from(pointers)
    source = st.one_of(pointer, st.lists(pointer, min_size=1, max_size=3))
    return st.one_of(
        source.map(lambda chosen: {"$from": chosen}),
        st.tuples(source, values.scalars).map(lambda pair: {"$from": pair[0], "$default": pair[1]}),
    )


@_made_once
def text_leaves(pointers: Sequence[str]) -> st.SearchStrategy[Document]:
    """`{"$text": ...}` with doubled braces among its parts."""
    part = st.one_of(st.sampled_from(("", "x", "{{", "}}", "é ")), st.sampled_from(pointers).map(lambda p: f"{{{p}}}"))
    return st.lists(part, max_size=3).map(lambda parts: {"$text": "".join(parts)})


def literal_leaves() -> st.SearchStrategy[Document]:
    """`{"$literal": ...}`, with a key inside that would otherwise be a leaf."""
    return st.one_of(values.json_values, st.just({"$from": "as it stands"})).map(lambda value: {"$literal": value})


@_made_once
def leaves(pointers: Sequence[str]) -> st.SearchStrategy[Document]:
    """Any leaf."""
    return st.one_of(from_leaves(pointers), text_leaves(pointers), literal_leaves())


@st.composite
def operands(draw: st.DrawFn, pointers: Sequence[str], plain: st.SearchStrategy[Any]) -> Any:
    """A plain value or a leaf, more often plain; a leaf may well give a value of another type."""
    match draw(st.sampled_from(("plain", "plain", "plain", "literal", "leaf"))):
        case "plain":
            return draw(plain)
        case "literal":
            return {"$literal": draw(plain)}
        case _:
            return draw(leaves(pointers))


@_made_once
def templates(pointers: Sequence[str]) -> st.SearchStrategy[Any]:
    """A template of one or two levels."""
    flat = st.one_of(values.scalars, leaves(pointers))
    return st.one_of(
        leaves(pointers),
        st.dictionaries(st.sampled_from(values.KEYS), flat, max_size=3),
        st.lists(flat, max_size=3),
        values.scalars,
    )


@_made_once
def conditions(pointers: Sequence[str]) -> st.SearchStrategy[Document]:
    """Any condition but a bare `Always` at the top, which would leave conditions after it dead."""
    return _condition_trees(pointers).filter(lambda condition: condition != {"type": "Always"})


def _condition_trees(pointers: Sequence[str]) -> st.SearchStrategy[Document]:
    pointer = st.sampled_from(_OUTPUT_POINTERS)
    value = operands(pointers, values.json_values)
    plain: st.SearchStrategy[Document] = st.one_of(
        st.builds(lambda p: {"type": "JsonExists", "pointer": p}, pointer),
        st.builds(lambda p, v: {"type": "JsonEquals", "pointer": p, "value": v}, pointer, value),
        st.builds(
            lambda p, op, v: {"type": "JsonCompare", "pointer": p, "op": op, "value": v},
            pointer,
            st.sampled_from(OPERATORS),
            value,
        ),
        st.just({"type": "Always"}),
    )
    return st.recursive(
        plain,
        lambda inner: st.one_of(
            st.builds(lambda c: {"type": "Not", "cond": c}, inner),
            st.builds(lambda cs: {"type": "And", "all": cs}, st.lists(inner, min_size=1, max_size=2)),
            st.builds(lambda cs: {"type": "Or", "any": cs}, st.lists(inner, min_size=1, max_size=2)),
        ),
        max_leaves=3,
    )
