"""How the platform is, as its parts say of themselves: for readiness, and for people who ask why not."""

from collections.abc import Mapping
from functools import cache
from importlib import metadata
from typing import Final

from waygrid_shell.resources.platform import Health

version: Final = cache(metadata.version)
"""The version of a package that is installed; to find it is to read files."""


class Vitals:
    """It is ready once it has begun, while no part ails and nobody has asked it to stop."""

    def __init__(self) -> None:
        self._ailments: dict[str, str] = {"start": "it is starting"}
        self._version = version("waygrid")
        self.is_stopping = False

    def ails(self, part: str, reason: str) -> None:
        """The part cannot do its work, and is tried again."""
        self._ailments[part] = reason

    def is_well(self, part: str) -> None:
        """The part does its work."""
        self._ailments.pop(part, None)

    def begin(self) -> None:
        """Everything runs."""
        self.is_well("start")

    def stop(self) -> None:
        """From now on nothing new is taken in."""
        self.is_stopping = True
        self._ailments["stop"] = "it is stopping"

    @property
    def ailments(self) -> Mapping[str, str]:
        """What cannot do its work, by part, and why."""
        return dict(self._ailments)

    def health(self) -> Health:
        """All of it; a reason that several parts give is told once."""
        reasons: dict[str, list[str]] = {}
        for part, reason in self._ailments.items():
            reasons.setdefault(reason, []).append(part)
        told = [
            reason if parts[0] in ("start", "stop") else f"{', '.join(parts)}: {reason}"
            for reason, parts in reasons.items()
        ]
        return Health(ready=not told, reasons=tuple(told), version=self._version)
