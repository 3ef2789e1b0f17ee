"""Verdicts that are known: the same DAG with the same names and guarantees has the same.

But for one with extensions: their code is asked, and may be another tomorrow. Such verdicts are not kept.

A file a verdict, in the user's cache folder (`XDG_CACHE_HOME`, else `~/.cache`). Whatever is wrong with them costs
nothing but the time to find the verdict again.
"""

import json
import os
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from waygrid_core.dag.dag import CompiledDag
from waygrid_core.dag.extensions import extensions_in
from waygrid_core.dag.flat import dag_to_json
from waygrid_core.model.canonical_json import canonical_json
from waygrid_core.model.digest import digest_hex
from waygrid_core.model.json_value import JsonValue

_FORM: Final = 3
"""Counted up when a verdict of the same DAG would read differently."""


class VerdictCache:
    """Verdicts in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def here(cls) -> "VerdictCache":
        """That of this user."""
        given = os.environ.get("XDG_CACHE_HOME")
        return cls((Path(given) if given else Path.home() / ".cache") / "waygrid" / "verify")

    def find(self, compiled: CompiledDag, options: str) -> Mapping[str, Any] | None:
        """The verdict, if it is known."""
        if _asks_code(compiled):
            return None
        try:
            document = json.loads(self._path(compiled, options).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return document if isinstance(document, dict) else None

    def keep(self, compiled: CompiledDag, options: str, document: Mapping[str, Any]) -> None:
        """Keep it, if there is room."""
        if _asks_code(compiled):
            return
        path = self._path(compiled, options)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(f".{os.getpid()}")
            part.write_text(json.dumps(document), encoding="utf-8")
            part.replace(path)  # so that it is there whole, or not at all
        except OSError:
            return

    def _path(self, compiled: CompiledDag, options: str) -> Path:
        """By everything that a verdict says: the DAG, the names in it, its guarantees, and how it was looked for."""
        said: list[JsonValue] = [_FORM, version("waygrid"), options, dag_to_json(compiled)]
        return self._folder / f"{digest_hex(canonical_json(said))}.json"


def _asks_code(compiled: CompiledDag) -> bool:
    """Whether the verdict depends on what is in no DAG."""
    return any(True for dag in (compiled.dag, *compiled.bodies.values()) for _ in extensions_in(dag))
