"""A script in Lua, and a call of it."""

import hashlib
from collections.abc import Sequence
from typing import TypeAlias

from attrs import field, frozen

Argument: TypeAlias = str | bytes | int | float


@frozen(eq=False)
class Script:
    """A script; it runs alone, all of it, on the server that has its keys."""

    text: str
    digest: str = field(init=False)

    @digest.default
    def _digest(self) -> str:
        return hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()  # the name that Redis gives it


@frozen(eq=False)
class Call:
    """A call; all of `keys` are in one slot."""

    script: Script
    keys: Sequence[str]
    arguments: Sequence[Argument] = ()

    @property
    def by_digest(self) -> tuple[Argument, ...]:
        """The command, for a server that has the script."""
        return ("EVALSHA", self.script.digest, len(self.keys), *self.keys, *self.arguments)

    @property
    def by_text(self) -> tuple[Argument, ...]:
        """The command, for one that has not; then it has it."""
        return ("EVAL", self.script.text, len(self.keys), *self.keys, *self.arguments)
