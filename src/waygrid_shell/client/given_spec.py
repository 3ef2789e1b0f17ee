"""Specs as users give them."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias, cast

from attrs import frozen

from waygrid_core.model.json_value import JsonValue
from waygrid_core.spec.node import Spec
from waygrid_core.spec.write import write_spec


@frozen
class SpecText:
    """The text of a Spec, JSON or YAML."""

    text: str


GivenSpec: TypeAlias = Spec | Mapping[str, JsonValue] | SpecText | Path | str
"""A Spec: built in Python, as a document, as a text, or the name of a JSON or YAML file."""


def spec_document(spec: GivenSpec) -> JsonValue:
    """What is sent of it: a document, or the text of a file, so that problems point into what the user wrote.

    Raises `OSError` for a file that cannot be read, and `ValueError` for one that is no UTF-8.
    """
    match spec:
        case Spec():
            return write_spec(spec)
        case SpecText(text=text):
            return text
        case str() | Path():
            return Path(spec).read_text(encoding="utf-8-sig")
        case _:
            return cast("JsonValue", spec)
