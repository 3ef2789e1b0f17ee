"""Small JSON values that meet: the same few keys in payloads, outputs, pointers and conditions, so that they hit."""

from typing import Final

from hypothesis import strategies as st

from waygrid_core.model.json_value import JsonValue

KEYS: Final = ("n", "flag", "items", "text", "wait")
"""The members of payloads and outputs; `wait` holds a duration where it holds anything sensible."""

NUMBERS: Final = (-1, 0, 1, 2, 3, 1.0, 2.5)
TEXTS: Final = ("", "a", "ab", "b", "5s", "é\U0001f600")

numbers = st.sampled_from(NUMBERS)
texts = st.sampled_from(TEXTS)
scalars: st.SearchStrategy[JsonValue] = st.one_of(numbers, st.booleans(), texts, st.none())
items: st.SearchStrategy[JsonValue] = st.lists(scalars, max_size=3).map(lambda values: [*values])


def _with_keys(pairs: dict[str, st.SearchStrategy[JsonValue]]) -> st.SearchStrategy[JsonValue]:
    return st.fixed_dictionaries({}, optional=pairs).map(lambda members: {**members})


records: st.SearchStrategy[JsonValue] = _with_keys(
    {
        "n": st.one_of(st.sampled_from((1, 2)), numbers, scalars),
        "flag": st.booleans(),
        "items": items,
        "text": texts,
        "wait": st.one_of(*(st.sampled_from(("5s", "2m")) for _ in range(5)), scalars),
    }
)
"""Objects with some of `KEYS`: what services answer and what traversals begin with."""

json_values: st.SearchStrategy[JsonValue] = st.one_of(scalars, items, records)
"""Any small JSON value."""

any_json: st.SearchStrategy[JsonValue] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
    max_leaves=12,
)
"""JSON at all: large numbers, odd keys, any text."""
