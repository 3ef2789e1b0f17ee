"""The lines at which pointers point, for people who have the document in an editor.

The document is walked as a stream of tokens, beside a tree of the wanted pointers; nothing is built of the document
itself, and it may be as deep as it likes.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final, Literal, TypeAlias

from attrs import Factory, define

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]|[^\s\[\]{},:"]+|\n')

Token: TypeAlias = tuple[Literal["object", "array", "close", "scalar"], str, int]
"""What begins or ends, the text of a scalar, and its line, counting from 1."""


@define
class _Wanted:
    """A node in the tree of wanted pointers, by reference token."""

    line: int | None = None
    inner: "dict[str, _Wanted]" = Factory(dict)


@define
class _Open:
    """An object or array that the walk is in; `wanted` is None where nobody asked for anything below."""

    is_object: bool
    wanted: _Wanted | None
    index: int = 0
    key: str | None = None
    key_line: int = 0


def lines_of(text: str, pointers: Iterable[str], *, is_json: bool, document: int = 1) -> dict[str, int]:
    """The line of each pointer, or of the nearest thing around it that the document has; the root has none.

    `document` says which document of a YAML text is meant, counting from 1.
    """
    pointers = tuple(pointers)
    root = _Wanted()
    for pointer in pointers:
        wanted = root
        for token in _tokens_of(pointer):
            wanted = wanted.inner.setdefault(token, _Wanted())
    _mark(root, _json_tokens(text) if is_json else _yaml_tokens(text, document))
    lines = {pointer: _nearest(root, pointer) for pointer in pointers}
    return {pointer: line for pointer, line in lines.items() if line is not None}


def looks_like_json(text: str) -> bool:
    """Whether the text opens as a JSON object or array does."""
    return text.lstrip()[:1] in ("{", "[")


def _tokens_of(pointer: str) -> list[str]:
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


def _nearest(root: _Wanted, pointer: str) -> int | None:
    wanted, line = root, None
    for token in _tokens_of(pointer):
        wanted = wanted.inner[token]
        line = line if wanted.line is None else wanted.line
    return line


def _mark(root: _Wanted, tokens: Iterator[Token]) -> None:
    stack: list[_Open] = []
    for kind, text, line in tokens:
        if kind == "close":
            if stack:
                stack.pop()
            continue
        here: _Wanted | None = root
        if stack:
            around = stack[-1]
            if around.is_object and around.key is None:
                # A key that is no scalar cannot be named by a pointer; its insides are walked and not wanted.
                around.key, around.key_line = text, line
                if kind != "scalar":
                    stack.append(_Open(kind == "object", None))
                continue
            step = around.key if around.is_object and around.key is not None else str(around.index)
            here = around.wanted.inner.get(step) if around.wanted is not None else None
            if here is not None and here.line is None:
                here.line = around.key_line if around.is_object else line
            around.index += 1
            around.key = None
        if kind != "scalar":
            stack.append(_Open(kind == "object", here))


def _json_tokens(text: str) -> Iterator[Token]:
    line = 1
    for matched in _TOKEN.finditer(text):
        token = matched[0]
        match token[0]:
            case "\n":
                line += 1
            case "{":
                yield "object", "", line
            case "[":
                yield "array", "", line
            case "}" | "]":
                yield "close", "", line
            case '"':
                yield "scalar", _unquoted(token), line
            case _:
                yield "scalar", token, line


def _unquoted(token: str) -> str:
    if "\\" not in token:
        return token[1:-1]
    import json

    try:
        return str(json.loads(token))
    except ValueError:
        return token[1:-1]


def _yaml_tokens(text: str, document: int) -> Iterator[Token]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    number = 0
    try:
        for event in yaml.parse(text, Loader=loader):
            number += isinstance(event, yaml.DocumentStartEvent)
            if number != document:
                continue
            line = event.start_mark.line + 1 if event.start_mark is not None else 1
            if isinstance(event, yaml.MappingStartEvent):
                yield "object", "", line
            elif isinstance(event, yaml.SequenceStartEvent):
                yield "array", "", line
            elif isinstance(event, yaml.CollectionEndEvent):
                yield "close", "", line
            elif isinstance(event, yaml.ScalarEvent):
                yield "scalar", event.value, line
            elif isinstance(event, yaml.AliasEvent):
                yield "scalar", "", line
    except yaml.YAMLError:
        return  # a text that is no YAML has its line in the message of its problem
