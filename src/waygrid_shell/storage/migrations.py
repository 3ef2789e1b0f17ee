"""Migrations: plain SQL files, in order of their numbers, each applied once, and none ever taken back.

A store remembers the name and the hash of each that it has had. One that it remembers and that is not here, or reads
differently, means a newer version or a change by hand: then nothing is touched.
"""

import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Final

from attrs import frozen

from waygrid_core.model.digest import digest_hex
from waygrid_shell.ports.failure import ForeignStorage

_NAME: Final = re.compile(r"\d{4}_[a-z_]+\.sql")


@frozen
class Migration:
    """One step, by the name of its file."""

    name: str
    sql: str

    @property
    def digest(self) -> str:
        """What a store remembers of it."""
        return digest_hex(self.sql.encode())


def known_migrations(package: str) -> tuple[Migration, ...]:
    """The steps that this version knows, in order: the files in `migrations` of that package."""
    folder = files(package).joinpath("migrations")
    found = [entry for entry in folder.iterdir() if _NAME.fullmatch(entry.name)]
    return tuple(Migration(entry.name, entry.read_text("utf-8")) for entry in sorted(found, key=lambda each: each.name))


def missing_migrations(known: Sequence[Migration], applied: Mapping[str, str], store: str) -> Sequence[Migration]:
    """Those that the store has not had. `applied` is what it remembers: hashes by name. Raises `ForeignStorage`."""
    digests = {migration.name: migration.digest for migration in known}
    for name, digest in applied.items():
        if name not in digests:
            raise ForeignStorage(f"{store} was written by a newer Waygrid (it has had {name}); use that version")
        if digests[name] != digest:
            raise ForeignStorage(
                f"{store} has had another {name} than this Waygrid knows; use the version that wrote it"
            )
    return [migration for migration in known if migration.name not in applied]
