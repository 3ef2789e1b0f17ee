"""Lines of pointers, in JSON and in YAML."""

import json

import pytest

from waygrid_shell.cli.places import lines_of

YAML = """\
# a comment
name: x
entryPoints:
  - type: standard
    a/b~c: 1

  - {type: fork,
     branches: {one: {type: pass},
                two: [1, 2]}}
text: |
  several
  lines
last: &anchor {x: 1}
again: *anchor
? [complex]
: 5
end: 1
"""
JSON = """\
{
  "name": "a \\"quoted\\" {text}\\n",
  "list": [1, 2.5e3, true, null,
    {"k\\u0065y": []}
  ],
  "end": "x"
}
"""


@pytest.mark.parametrize(
    ("pointer", "line"),
    [
        ("/name", 2),
        ("/entryPoints", 3),
        ("/entryPoints/0", 4),
        ("/entryPoints/0/a~1b~0c", 5),
        ("/entryPoints/1", 7),
        ("/entryPoints/1/branches/one/type", 8),
        ("/entryPoints/1/branches/two/1", 9),
        ("/last/x", 13),
        ("/again", 14),
        ("/end", 17),
    ],
)
def test_a_place_in_yaml_has_the_line_where_it_begins(pointer: str, line: int) -> None:
    assert lines_of(YAML, [pointer], is_json=False) == {pointer: line}


@pytest.mark.parametrize(
    ("pointer", "line"), [("/name", 2), ("/list", 3), ("/list/3", 3), ("/list/4/key", 4), ("/end", 6)]
)
def test_a_place_in_json_has_the_line_where_it_begins(pointer: str, line: int) -> None:
    assert lines_of(JSON, [pointer], is_json=True) == {pointer: line}


def test_what_is_not_there_has_the_line_of_what_is_around_it() -> None:
    assert lines_of(YAML, ["/entryPoints/0/missing/deep"], is_json=False) == {"/entryPoints/0/missing/deep": 4}


def test_the_root_and_what_is_nowhere_have_no_line() -> None:
    assert lines_of(JSON, ["", "/nothing"], is_json=True) == {}


@pytest.mark.parametrize("text", ["", "{", "[1,", "}", "]]", '{"a": "', "\x00", "a: [", "- - -\n  x: {", ": :"])
@pytest.mark.parametrize("is_json", [True, False])
def test_broken_texts_have_the_lines_that_they_have(text: str, is_json: bool) -> None:
    lines_of(text, ["/a", "/0/0"], is_json=is_json)


def test_a_document_may_be_as_deep_and_as_long_as_it_likes() -> None:
    depth = 100_000
    text = '{"a":\n' * depth + "1" + "}" * depth
    pointer = "/a" * depth
    assert lines_of(text, [pointer], is_json=True) == {pointer: depth}
    items = json.dumps(list(range(200_000)), indent=0)
    assert lines_of(items, ["/199999"], is_json=True) == {"/199999": 200_001}
