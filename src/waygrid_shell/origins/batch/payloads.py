"""Reads payloads: JSON Lines, JSON files, JSON texts."""

import codecs
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeAlias

from attrs import frozen

from waygrid_core.codec.json_bytes import read_json
from waygrid_core.model.json_value import JsonValue
from waygrid_shell.hosting.json_data import why_no_json

STANDARD_INPUT: Final = "-"
_LINES: Final = frozenset({".jsonl", ".ndjson", ".jsonlines"})


@frozen
class Payload:
    """One payload; `place` says to people where it stood: `orders.jsonl:12`."""

    place: str
    value: JsonValue


@frozen
class BadPayload:
    """What was to be a payload and is no JSON data."""

    place: str
    problem: str


ReadPayload: TypeAlias = Payload | BadPayload


def read_payloads(argument: str, read_standard_input: Callable[[], bytes]) -> Iterator[ReadPayload]:
    """The payloads that an argument names: `-`, a file, or a JSON text. Raises `OSError` for a file it cannot read."""
    if not argument.strip():
        yield BadPayload("--payload", "it is empty; write a JSON text, the name of a file, or - for standard input")
    elif argument == STANDARD_INPUT:
        yield from _lines("<stdin>", read_standard_input())
    elif _is_text(argument):
        yield read_one("--payload", argument.encode("utf-8", "surrogateescape"))
    elif Path(argument).suffix.lower() in _LINES:
        yield from _lines(argument, Path(argument).read_bytes())
    else:
        yield read_one(argument, Path(argument).read_bytes())


def read_one(place: str, text: bytes) -> ReadPayload:
    """One JSON text."""
    try:
        value = read_json(text.removeprefix(codecs.BOM_UTF8))
    except UnicodeDecodeError as error:
        return BadPayload(place, f"not UTF-8: byte {error.start + 1}")
    except ValueError as error:
        return BadPayload(place, str(error))
    problem = why_no_json(value)
    return Payload(place, value) if problem is None else BadPayload(place, problem)


def _is_text(argument: str) -> bool:
    """A JSON text begins as no file name does that somebody would choose; a file of that very name comes first."""
    return argument.lstrip()[:1] in ("{", "[", '"') and not _exists(argument)


def _exists(argument: str) -> bool:
    try:
        return Path(argument).is_file()
    except (OSError, ValueError):
        return False


def _lines(name: str, content: bytes) -> Iterator[ReadPayload]:
    for number, line in enumerate(content.removeprefix(codecs.BOM_UTF8).split(b"\n"), start=1):
        if line.strip():
            yield read_one(f"{name}:{number}", line)
