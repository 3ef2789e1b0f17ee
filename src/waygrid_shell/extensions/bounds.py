"""How much work it may be to evaluate an expression, said before it is begun.

The library that evaluates works in native code, in the process that decides: nothing can interrupt it there, and it
frees what it needs only at the end. So an expression is short, and whether it is evaluated at all depends on a number
that is never too small: bytes that each name in it may touch, times the passes of its loops.
"""

import re
from collections.abc import Mapping
from typing import Final

from attrs import frozen

from waygrid_core.model.json_value import JsonValue

MAX_EXPRESSION: Final = 1_000
"""Characters of an expression."""

MAX_WORK: Final = 512 * 1024 * 1024
"""Bytes that an evaluation may touch: some tenths of a second at worst. One loop over a thousand small objects is near
it; what goes through more belongs into a node that transforms, which works apart."""

MAX_NESTING: Final = 100
"""How deep the output may nest: the library walks it by recursion."""

_MOST_PASSES: Final = 10_000  # the library's own budget
_PATTERN: Final = 1024 * 1024  # bytes that a regular expression counts as: it is compiled each time
_EACH_VALUE: Final = 32  # bytes that any value counts as
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LOOPS: Final = frozenset({"all", "exists", "exists_one", "filter"})


@frozen
class Effort:
    """What the text of an expression asks for: how often it reads data in one pass, and how deep its loops may nest."""

    reads: int
    patterns: int
    loops: int


def effort_of(expression: str) -> Effort:
    """The effort of an expression; what stands in its texts counts too, which is never too little."""
    names = _NAME.findall(expression)
    joins = expression.count("+")  # each may copy what those before it have put together
    return Effort(len(names) + joins * joins, names.count("matches"), sum(name in _LOOPS for name in names))


def is_affordable(effort: Effort, output: JsonValue) -> bool:
    """Whether an expression of that effort may be evaluated over `output`."""
    size = longest = depth = 0
    level: list[JsonValue] = [output]
    while level:
        depth += 1
        inner: list[JsonValue] = []
        for value in level:
            size += _EACH_VALUE
            if isinstance(value, str):
                size += _bytes_of(value)
            elif isinstance(value, Mapping):
                longest = max(longest, len(value))
                size += sum(map(_bytes_of, value))
                inner.extend(value.values())
            elif isinstance(value, list | tuple):
                longest = max(longest, len(value))
                inner.extend(value)
        if depth > MAX_NESTING or size > MAX_WORK:
            return False
        level = inner
    passes = min(max(longest, 1) ** effort.loops, _MOST_PASSES) if effort.loops else 1
    return passes * (effort.reads * size + effort.patterns * _PATTERN) <= MAX_WORK


def _bytes_of(text: str) -> int:
    return len(text) if text.isascii() else 4 * len(text)
