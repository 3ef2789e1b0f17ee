"""The mutants that nobody needs to kill, and why: `equivalent.toml`."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from attrs import frozen

LIST: Final = Path(__file__).with_name("equivalent.toml")


@frozen
class Change:
    """What a mutant changes: a file of the tree, a function of it, its lines that go, and those that come instead.

    Each line is without its indent; of a method, the function is `Class.method`.
    """

    file: str
    function: str
    before: tuple[str, ...]
    after: tuple[str, ...]


def equivalent_changes(path: Path = LIST) -> Mapping[Change, str]:
    """The changes that make no difference that anybody would call wrong, each with its reason."""
    found: dict[Change, str] = {}
    for group in tomllib.loads(path.read_text("utf-8"))["group"]:
        for before, after in group["changes"]:
            found[Change(group["file"], group["function"], _lines(before), _lines(after))] = group["why"]
    return found


def change_of(file: str, function: str, diff: str) -> Change:
    """The change that a unified diff of that function shows."""
    lines = [line for line in diff.splitlines() if not line.startswith(("---", "+++", "@@", "# "))]
    before = tuple(line[1:].strip() for line in lines if line.startswith("-"))
    after = tuple(line[1:].strip() for line in lines if line.startswith("+"))
    return Change(file, function, before, after)


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())
