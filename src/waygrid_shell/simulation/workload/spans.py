"""Spans of time for people: two units at most, or three digits."""

from typing import Final

_UNITS: Final = (("d", 86_400), ("h", 3_600), ("m", 60))


def span_text(seconds: float) -> str:
    """`0s`, `350ms`, `1.25s`, `47s`, `2m 5s`, `1h 30m`, `3d 4h`."""
    if seconds == 0.0:
        return "0s"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f}ms" if seconds >= 0.00995 else f"{seconds * 1000:.1f}ms"
    if seconds < 59.95:
        return f"{seconds:.3g}s"
    whole = round(seconds)
    for index, (unit, size) in enumerate(_UNITS):
        if whole >= size:
            lower, lower_size = _UNITS[index + 1] if index + 1 < len(_UNITS) else ("s", 1)
            count, rest = divmod(whole, size)
            rest //= lower_size
            return f"{count}{unit} {rest}{lower}" if rest else f"{count}{unit}"
    return f"{whole}s"
