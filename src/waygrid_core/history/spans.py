"""Spans of time as people say them: `4 s`, `1 min 30 s`, `2 d 6 h`."""

from datetime import timedelta
from typing import Final

_UNITS: Final = (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1))
_PARTS: Final = 2  # nobody reads milliseconds beside days


def say_span(span: timedelta) -> str:
    """The span to its two largest units; what is below a millisecond, or negative, is `0 ms`."""
    rest = max(round(span / timedelta(milliseconds=1)), 0)
    first = next((index for index, (_, size) in enumerate(_UNITS) if rest >= size), None)
    if first is None:
        return "0 ms"
    parts = []
    for unit, size in _UNITS[first : first + _PARTS]:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts)
