"""Labels as their tables have them."""

from collections.abc import Mapping
from typing import Any

from waygrid_core.codec.json_bytes import read_json


def label_row(key: str, value: str) -> str:
    """A label as its table has it: a key has no colon in it."""
    return f"{key}:{value}"


def labels_of(text: bytes | None) -> Mapping[str, str]:
    """The labels in the column of that name."""
    labels: Any = {} if text is None else read_json(text)
    return dict(labels)
