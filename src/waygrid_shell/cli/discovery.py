"""Which files hold scenarios: the ones that are named, and those in the directories that are named."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from attrs import frozen

from waygrid_core.outcome import Failure
from waygrid_shell.cli.mistake import UserError
from waygrid_shell.cli.source import STANDARD_INPUT, Source, read_source

SUFFIXES: Final = (".yaml", ".yml", ".json")
_EXPECTS: Final = re.compile(r"""^\s*["']?expect["']?\s*:""", re.MULTILINE)


@frozen
class Discovery:
    """The files to run, in order, and how many files of the directories hold no scenario."""

    sources: tuple[Source, ...]
    skipped: int


def discover(names: Sequence[str]) -> Discovery:
    """The files to run. One that is named is taken as it is; a directory is searched. Raises `UserError`."""
    sources: list[Source] = []
    skipped = 0
    for name in names:
        if name == STANDARD_INPUT or not os.path.isdir(name):  # unlike Path.is_dir, it takes any text for a name
            sources.append(read_source(name))
            continue
        for path in _files_below(Path(name)):
            source = read_source(str(path))
            if holds_scenarios(source):
                sources.append(source)
            else:
                skipped += 1
    return Discovery(tuple(sources), skipped)


def holds_scenarios(source: Source) -> bool:
    """Whether a document of the file has a `spec` and an `expect`; a file that cannot be read, if it seems so."""
    from waygrid_core.spec.document import read_yaml_documents
    from waygrid_core.spec.limits import DEFAULT_LIMITS

    if _EXPECTS.search(source.text) is None and "expect" not in source.text:
        return False
    documents = read_yaml_documents(source.content, DEFAULT_LIMITS)
    if isinstance(documents, Failure):
        return _EXPECTS.search(source.text) is not None
    return any(
        isinstance(document, Mapping) and "spec" in document and "expect" in document for document in documents.unwrap()
    )


def _files_below(folder: Path) -> Iterator[Path]:
    try:
        found = sorted(folder.rglob("*"))
    except OSError as error:
        raise UserError(f"cannot read {folder}: {error.strerror}") from error
    for path in found:
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix.lower() in SUFFIXES and not hidden and path.is_file():
            yield path
