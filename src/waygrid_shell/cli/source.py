"""Where a command's input comes from: a file, or standard input for `-`."""

import codecs
import sys
from pathlib import Path
from typing import Final, Literal

from attrs import frozen

from waygrid_shell.cli.mistake import UserError

STANDARD_INPUT: Final = "-"

Format = Literal["json", "yaml", "auto"]


@frozen
class Source:
    """What was read: the name that the user gave, the bytes (without a byte order mark), and the form they claim."""

    name: str
    content: bytes
    format: Format

    @property
    def text(self) -> str:
        """The content as text; bytes that are no UTF-8 are shown as replacement characters."""
        return self.content.decode("utf-8", errors="replace")


def read_source(name: str) -> Source:
    """What is in the file of that name, or on standard input. Raises `UserError` if it cannot be read."""
    if name == STANDARD_INPUT:
        return Source(name, _without_mark(sys.stdin.buffer.read()), "auto")
    if not name:
        raise UserError("cannot read '': a file has a name")
    try:
        content = Path(name).read_bytes()
    except (OSError, ValueError) as error:
        raise UserError(f"cannot read {name}: {why(error)}") from error
    return Source(name, _without_mark(content), _format_of(name))


def why(error: OSError | ValueError) -> str:
    """The reason of an operating system's refusal, as a person would say it."""
    match error:
        case FileNotFoundError():
            return "there is no such file"
        case IsADirectoryError():
            return "it is a directory"
        case PermissionError():
            return "permission denied"
        case OSError(strerror=str(reason)):
            return reason[:1].lower() + reason[1:]
        case _:
            return str(error)


def _without_mark(content: bytes) -> bytes:
    return content.removeprefix(codecs.BOM_UTF8)


def _format_of(name: str) -> Format:
    match Path(name).suffix.lower():
        case ".json":
            return "json"
        case ".yaml" | ".yml":
            return "yaml"
        case _:
            return "auto"
