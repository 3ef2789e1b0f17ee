"""Specs as users give them."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias, cast

from attrs import frozen

from waygrid_core.codec.json_bytes import write_json
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


def spec_body(spec: GivenSpec) -> tuple[bytes, str]:
    """A Spec as the whole body of a request, and its media type. Raises as `spec_document`."""
    document = spec_document(spec)
    if not isinstance(document, str):
        return write_json(document), "application/json"
    is_json = document.lstrip().startswith("{")
    return document.encode(), "application/json" if is_json else "application/yaml"
