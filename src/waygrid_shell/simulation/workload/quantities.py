"""Quantities that only workloads have: rates, and shares of all."""

import re
from typing import Final

from waygrid_core.model.json_value import Missing
from waygrid_core.spec.fields import Fields, kind_of, shown

RATE_PATTERN: Final = r"[0-9]+(\.[0-9]+)?/(s|m|h|d)"
SHARE_PATTERN: Final = r"[0-9]+(\.[0-9]+)?%"
_RATE: Final = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?)/(s|m|h|d)")
_SHARE: Final = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?)%")
_SECONDS: Final = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
MOST_A_SECOND: Final = 100_000.0


def read_rate(fields: Fields, name: str, *, may_be_none: bool = False) -> float | None:
    """So many a second, of a text such as `20/s` or `300/h`; None where it is not there, or is wrong."""
    value = fields.get(name)
    if isinstance(value, Missing):
        return None
    matched = _RATE.fullmatch(value) if isinstance(value, str) else None
    if matched is None:
        said = shown(value) if isinstance(value, str) else kind_of(value)
        fields.refuse(name, "wrong-type", f"{name} must be a rate such as '20/s' (or /m, /h, /d), not {said}")
        return None
    rate = float(matched[1]) / _SECONDS[matched[2]]
    if rate > MOST_A_SECOND or (rate == 0.0 and not may_be_none):
        bounds = f"at most {MOST_A_SECOND:.0f}/s" + ("" if may_be_none else " and above 0")
        fields.refuse(name, "out-of-range", f"{name} must be {bounds}")
        return None
    return rate


def read_share(fields: Fields, name: str) -> float | None:
    """A share of all, of a number from 0 to 1 or a text such as `2.5%`; None where it is not there, or is wrong."""
    value = fields.get(name)
    if isinstance(value, Missing):
        return None
    matched = _SHARE.fullmatch(value) if isinstance(value, str) else None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if matched is None and not is_number:
        said = shown(value) if isinstance(value, str) else kind_of(value)
        fields.refuse(name, "wrong-type", f"{name} must be a share such as '2%' or 0.02, not {said}")
        return None
    share = float(matched[1]) / 100.0 if matched is not None else float(value)  # type: ignore[arg-type]
    if not 0.0 <= share <= 1.0:
        fields.refuse(name, "out-of-range", f"{name} must be from 0% to 100%, which is 1")
        return None
    return share
