"""`Cel`: a condition in the Common Expression Language, whose evaluation is total and bounded."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waygrid_core.compile.pipeline import compile_document
from waygrid_core.extension.registry import Extensions
from waygrid_core.outcome import Failure
from waygrid_shell.extensions.bounds import MAX_WORK, effort_of, is_affordable
from waygrid_shell.extensions.cel import Cel
from waygrid_shell.extensions.expression import check, evaluate

CEL = Extensions.of(Cel)


@pytest.mark.parametrize(
    ("expression", "output", "holds"),
    [
        ("output.total > 100", {"total": 150}, True),
        ("output.total > 100", {"total": 150.5}, True),
        ("output.total > 100", {"total": 100}, False),
        ("output.total > 100", {}, False),
        ("output.total > 100", None, False),
        ("output.total > 100", {"total": "150"}, False),
        ("output.total > 100", {"total": 10**40}, False),
        ("!has(output.total)", {}, True),
        ("output == null", None, True),
        (
            "output.items.exists(item, item.price * double(item.count) > 10.0)",
            {"items": [{"price": 6.0, "count": 2}]},
            True,
        ),
        ("output.items.filter(i, i > 1).size() == 1", {"items": [1, 2]}, True),
        ("output.name.startsWith('A') && output.name.matches('^[A-Z]+$')", {"name": "ADA"}, True),
        ("'a' in output", {"a": None}, True),
        ("timestamp(output.at) > timestamp('2026-01-01T00:00:00Z')", {"at": "2026-05-01T00:00:00Z"}, True),
        ("output.flag", {"flag": True}, True),
        ("output.flag", {"flag": 1}, False),
        ("1 / output.n > 0", {"n": 0}, False),
    ],
)
def test_an_expression_holds_or_it_does_not(expression: str, output: Any, holds: bool) -> None:
    assert Cel(expression).holds(output) is holds


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("output.total >", "line 1, column 15: Syntax error"),
        ("outpu.total > 1", "undeclared reference to 'outpu.total'"),
        ("1 + 'a' == 2", "no matching overload"),
        ("'text'", "write one that is true or false"),
        ("  ", "is empty"),
        ("output.a == 1" + " || output.a == 2" * 100, "at most 1000"),
        ("output.items.map(i, i + i) == []", "map"),
    ],
)
def test_a_wrong_expression_is_a_problem_at_its_place_when_a_spec_is_compiled(expression: str, why: str) -> None:
    edge = {"condition": {"type": "Cel", "expr": expression}, "to": {"type": "pass"}}
    outcome = compile_document({"entryPoints": [{"type": "pass", "onConditions": [edge]}]}, extensions=CEL)
    assert isinstance(outcome, Failure)
    (problem,) = outcome.failure()
    assert problem.pointer == "/entryPoints/0/onConditions/0/condition/expr"
    assert problem.code == "out-of-range"
    assert why in problem.message


def test_what_would_be_too_much_work_does_not_hold() -> None:
    loop = "output.list.exists(one, output.text == output.other)"
    text = "a" * 1_000_000
    assert not Cel(loop).holds({"list": list(range(20_000)), "text": text, "other": text})
    assert Cel(loop).holds({"list": [1], "text": text, "other": text})
    joined = " + ".join(["output.text"] * 25)
    assert not Cel(f"size({joined}) > 0").holds({"text": text})
    assert Cel(f"size({joined}) > 0").holds({"text": "a"})


def test_an_output_that_nests_too_deep_does_not_hold_and_overflows_nothing() -> None:
    deep: Any = {"a": 1}
    for _ in range(100_000):
        deep = {"a": deep}
    assert not Cel("output == output").holds(deep)


def test_a_loop_over_a_thousand_small_things_is_no_trouble() -> None:
    things = {"items": [{"price": number} for number in range(1_000)]}
    assert Cel("output.items.exists(item, item.price == 999)").holds(things)


def test_effort_is_never_too_little() -> None:
    effort = effort_of("output.a.all(x, output.b.exists(y, y.matches(x + 'a')))")
    assert effort.loops == 2
    assert effort.patterns == 1
    assert is_affordable(effort, {"a": ["x"], "b": ["y"]})
    assert not is_affordable(effort, {"a": ["x"] * 1_000, "b": ["y"]})
    assert not is_affordable(effort_of("output.a == 'b'"), {"a": "a" * MAX_WORK})


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "items"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    st.sampled_from(
        [
            "output.a > output.b",
            "output.items.all(i, i == output.a)",
            "output.a + output.b == 2",
            "output[0] == output[output.a]",
            "size(output.items) > 1 || output.b",
            "output.a.matches(output.b)",
            "string(output.a) == output.b",
        ]
    ),
    json_values,
)
def test_any_output_gives_the_same_answer_twice_and_raises_nothing(expression: str, output: Any) -> None:
    first = evaluate(expression, output)
    assert first is evaluate(expression, output)


@given(st.text(max_size=30))
def test_any_text_is_an_expression_or_a_sentence_about_it(text: str) -> None:
    said = "it is right"
    try:
        check(text)
    except ValueError as error:
        said = str(error)
    assert said
