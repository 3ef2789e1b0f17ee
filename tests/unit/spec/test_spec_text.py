"""Texts of Specs: JSON and YAML give the same values, and what is wrong with a text is told at its place."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.spec.documents import FEW, JSON, SPECS
from waygrid_core.model.json_value import MISSING
from waygrid_core.outcome import Failure, Success
from waygrid_core.spec.document import Format, read_document, read_json, read_yaml, read_yaml_documents
from waygrid_core.spec.limits import DEFAULT_LIMITS, Limits
from waygrid_core.spec.parse import check_text, parse_spec
from waygrid_core.spec.write import write_json_text

SMALL = Limits(document_bytes=1_000)
CAREFUL = Limits(document_nesting=10_000)
"""With these, JSON is always read token by token."""


def faults(text: str | bytes, written_in: Format, limits: Limits = DEFAULT_LIMITS) -> list[tuple[str, str]]:
    return [(problem.code, problem.pointer) for problem in read_document(text, written_in, limits).problems]


def message(text: str | bytes, written_in: Format) -> str:
    (problem,) = read_document(text, written_in).problems
    assert (problem.code, problem.pointer) == ("not-json", "")
    return problem.message


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "line 1, column 1: expected a value, not the end of the text"),
        ("nul", "line 1, column 1: expected a value, not 'n'"),
        ('{"a": 1,\n "b": tru}', "line 2, column 7: expected a value, not 't'"),
        ("[1,]", "line 1, column 4: expected a value, not ']'"),
        ("[1 2]", "line 1, column 4: expected a comma or ], not '2'"),
        ("[01]", "line 1, column 3: expected a comma or ], not '1'"),
        ("[1", "line 1, column 3: expected a comma or ], not the end of the text"),
        ('{"a" 1}', "line 1, column 6: expected a colon after the key"),
        ("{a: 1}", "line 1, column 2: expected a key in double quotes, not 'a'"),
        ('{"a": 1,}', "line 1, column 9: expected a key in double quotes, not '}'"),
        ("[1] x", "line 1, column 5: there is more text after the end of the document"),
        ("[1][2]", "line 1, column 4: there is more text after the end of the document"),
        ('"abc', "line 1, column 1: unterminated string"),
        ('"a\tb"', "line 1, column 3: invalid control character"),
        ("/* x */ 1", "line 1, column 1: expected a value, not '/'"),
        ("[NaN]", "line 1, column 2: JSON has no NaN"),
        ("-Infinity", "line 1, column 1: JSON has no -Infinity"),
        (r'["\ud800"]', "line 1, column 2: half of a surrogate pair is no character; write both halves"),
        (r'["\udc00\ud800"]', "line 1, column 2: half of a surrogate pair is no character; write both halves"),
        ("\ud800", "line 1, column 1: half of a surrogate pair is no character"),
        (b'{"a":\n"\xff"}', "line 2, column 2: not UTF-8"),
    ],
)
def test_what_is_no_json_is_told_with_its_line_and_column(text: str | bytes, where: str) -> None:
    assert message(text, "json") == where


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("1: a", "line 1, column 1: a key must be text; put it in quotes"),
        ("? [a]\n: b", "line 1, column 3: a key must be text, not a list or an object"),
        ("a: .nan", "line 1, column 4: JSON has no number .nan"),
        ("a: -.Inf", "line 1, column 4: JSON has no number -.Inf"),
        ("a: !mine 1", "line 1, column 4: '1' has no value by the tag '!mine'"),
        ("a: !mine [1]", "line 1, column 4: JSON has nothing for the tag '!mine'"),
        ("a: !!int x", "line 1, column 4: 'x' has no value by the tag 'tag:yaml.org,2002:int'"),
        ("a: *b", "line 1, column 4: no value before this has the anchor 'b'"),
        ("&a [*a]", "line 1, column 5: no value before this has the anchor 'a'"),
        ("", "there must be one document in this text; it has no document"),
        ("--- 1\n--- 2", "there must be one document in this text; it has 2 documents"),
    ],
)
def test_what_is_no_json_in_yaml_is_told_with_its_line_and_column(text: str, where: str) -> None:
    assert message(text, "yaml") == where


@pytest.mark.parametrize("text", ["a: [1", "a: b: c", "a: 'b", "\t- a", "%YAML 2.0\n--- a", "- a\nb: c"])
def test_what_is_no_yaml_is_told_with_its_line_and_column(text: str) -> None:
    # The words are those of the parser, and PyYAML has two.
    assert re.match(r"line \d+, column \d+: \w", message(text, "yaml"))


def test_yaml_means_what_the_core_schema_of_yaml_1_2_says() -> None:
    text = """
        country: no
        on: yes
        day: 2026-01-31
        time: 12:30:00
        version: 1_000
        nothing: [~, null, Null, NULL, ]
        booleans: [true, True, TRUE, false]
        numbers: [12, -3, +4, 0o17, 0x1F, 1.5, .5, 1e3, 007]
        texts: ["1", 'true', !!str 3, "~", ! 4]
        tagged: [!!int "3", !!float 2, !!bool "true", !!null "", !!seq [], !!map {}]
        merge: &m {<<: 1}
        again: *m
    """
    assert read_yaml(text) == Success(
        {
            "country": "no",
            "on": "yes",
            "day": "2026-01-31",
            "time": "12:30:00",
            "version": "1_000",
            "nothing": [None] * 4,
            "booleans": [True, True, True, False],
            "numbers": [12, -3, 4, 15, 31, 1.5, 0.5, 1000.0, 7],
            "texts": ["1", "true", "3", "~", "4"],
            "tagged": [3, 2.0, True, None, [], {}],
            "merge": {"<<": 1},
            "again": {"<<": 1},
        }
    )


def test_a_file_of_scenarios_has_several_yaml_documents() -> None:
    assert read_yaml_documents("a: 1\n---\nb: 2\n---\n- 3\n") == Success(({"a": 1}, {"b": 2}, [3]))
    assert read_yaml_documents("") == Success(())
    assert isinstance(read_yaml_documents("a: 1\n---\nb: ["), Failure)
    assert isinstance(read_yaml_documents("a: &x 1\n---\nb: *x"), Failure)


@pytest.mark.parametrize("written_in", ["json", "yaml"])
def test_a_key_written_twice_is_told_at_its_place_and_hides_nothing_else(written_in: Format) -> None:
    text = '{"entryPoints": [{"type": "oops", "a~/b": 1, "a~/b": 2}], "name": "x", "name": "y"}'
    assert faults(text, written_in) == [
        ("conflicting-fields", "/entryPoints/0/a~0~1b"),
        ("conflicting-fields", "/name"),
    ]
    assert [(problem.code, problem.pointer) for problem in check_text(text, written_in).problems] == [
        ("conflicting-fields", "/entryPoints/0/a~0~1b"),
        ("unknown-type", "/entryPoints/0/type"),
        ("conflicting-fields", "/name"),
    ]


@pytest.mark.parametrize("written_in", ["json", "yaml"])
def test_whole_numbers_are_kept_whole_up_to_what_python_reads(written_in: Format) -> None:
    long = "9" * 4_300
    assert read_document(f"[{long}]", written_in).value == [int(long)]
    assert faults(f"[1, -{long}9]", written_in) == [("out-of-range", "/1")]


@pytest.mark.parametrize("written_in", ["json", "yaml"])
def test_a_number_that_is_no_double_is_out_of_range_and_one_problem_only(written_in: Format) -> None:
    assert faults('{"a": [1e308, -1e309]}', written_in) == [("out-of-range", "/a/1")]
    text = '{"entryPoints": [{"type": "fork", "joinNodeId": "j", "concurrency": 1e309, "branches": []}]}'
    assert [problem.code for problem in check_text(text, written_in).problems] == ["wrong-type", "out-of-range"]


@pytest.mark.parametrize("written_in", ["json", "yaml"])
def test_a_document_has_at_most_so_many_bytes(written_in: Format) -> None:
    assert faults('"' + "a" * 998 + '"', written_in, SMALL) == []
    assert faults('"' + "a" * 999 + '"', written_in, SMALL) == [("too-large", "")]
    assert faults('"' + "é" * 500 + '"', written_in, SMALL) == [("too-large", "")]
    assert faults(('"' + "é" * 500 + '"').encode(), written_in, SMALL) == [("too-large", "")]


def test_aliases_do_not_make_a_document_larger_than_it_may_be() -> None:
    laughs = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    laughs += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    assert faults("\n".join(laughs), "yaml") == [("too-large", "")]
    assert faults("\n".join(laughs[:3]), "yaml") == []


def test_aliases_do_not_make_a_document_deeper_than_it_may_be() -> None:
    deeper = [f"a0: &a0 {'[' * 500}{']' * 500}"]
    deeper += [f"a{i}: &a{i} {'[' * 500}*a{i - 1}{']' * 500}" for i in range(1, 4)]
    assert faults("\n".join(deeper), "yaml", Limits(document_nesting=1_400)) == [("too-deep", "")]
    assert faults("\n".join(deeper), "yaml") == []


@pytest.mark.parametrize("opening", ["[", '{"a":', "[{", '[{"a":', "[" * 50_001 + "]" * 50_001 + "x"])
def test_json_nested_a_hundred_thousand_deep_is_one_problem(opening: str) -> None:
    text = opening if len(opening) > 10 else opening * 100_000
    assert [code for code, _ in faults(text, "json")] in (["too-deep"], ["not-json"])
    if opening != "[{":
        assert faults(text, "json") == [("too-deep", "")]


@pytest.mark.parametrize("opening", ["[", "{", "{a: ", "- ", "a: [", "[{a: "])
def test_yaml_nested_a_hundred_thousand_deep_is_one_problem(opening: str) -> None:
    assert [code for code, _ in faults(opening * 100_000, "yaml")] in (["too-deep"], ["not-json"])
    if opening in ("[", "{a: ", "- ", "[{a: "):
        assert faults(opening * 100_000, "yaml") == [("too-deep", "")]


def test_json_nested_forty_thousand_deep_is_read() -> None:
    text = '[{"a":' * 20_000 + "1" + "}]" * 20_000
    value = read_json(text).unwrap()
    assert write_json_text(value) == text


def test_auto_takes_what_begins_with_a_bracket_for_json_and_all_else_for_yaml() -> None:
    assert read_document(' \n{"a": 1}', "auto").value == {"a": 1}
    assert read_document("[a]", "auto").value is MISSING
    assert read_document("a: 1", "auto").value == {"a": 1}
    assert read_document("\ufeff{}", "auto").value == {}
    assert read_document("\ufeffa: 1".encode(), "auto").value == {"a": 1}


def test_a_text_becomes_a_spec_or_its_problems() -> None:
    assert parse_spec("entryPoints: [{type: pass}]") == parse_spec('{"entryPoints": [{"type": "pass"}]}')
    outcome = parse_spec("entryPoints: [{type: pass, timeout: 5s}]")
    assert [problem.code for problem in outcome.failure()] == ["unknown-field"]
    assert [problem.code for problem in parse_spec("entryPoints: [").failure()] == ["not-json"]


@given(JSON)
@FEW
def test_json_that_is_written_is_read_again(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False)
    for limits in (DEFAULT_LIMITS, CAREFUL):
        assert json.dumps(read_json(text, limits).unwrap(), ensure_ascii=False) == text


@given(SPECS)
@FEW
def test_json_and_yaml_give_the_same_value_for_the_same_text(document: Any) -> None:
    text = json.dumps(document)
    # JSON is YAML but for pairs of surrogates and characters that only an escape may write.
    assert read_json(text) == Success(document)
    if "\\ud" not in text:
        assert read_yaml(text) == Success(document)


@given(st.text(alphabet='{}[]",:\\ \n0123456789.eE+-truefalsn\ud800a&*!|>#?%@`~\t\x00é', max_size=60))
@FEW
def test_any_text_gives_a_value_or_problems(text: str) -> None:
    for written_in in ("json", "yaml"):
        for limits in (DEFAULT_LIMITS, CAREFUL):
            read = read_document(text, written_in, limits)
            assert (read.value is not MISSING) or read.problems


@given(st.text(alphabet='{}[]",:\\ \n0123456789.eE+-truefalsn"', max_size=40))
@FEW
def test_the_quick_reader_and_the_careful_one_agree(text: str) -> None:
    assert read_document(text, "json") == read_document(text, "json", CAREFUL)


@given(st.binary(max_size=60))
@FEW
def test_any_bytes_give_a_value_or_problems(data: bytes) -> None:
    for written_in in ("json", "yaml", "auto"):
        read = read_document(data, written_in)
        assert (read.value is not MISSING) or read.problems
