"""Makes API keys. A key is shown once; what is kept is its digest."""

import hashlib
import re
import secrets
from typing import Final

from attrs import frozen

from waygrid_shell.settings.settings import ApiKey, Scope

PREFIX: Final = "wg_"
"""So that people, and tools that look for keys in the wrong places, know what it is."""

KEY_NAME: Final = re.compile(r"[A-Za-z0-9._/@-]{1,64}")
"""What a key may be called."""

_BYTES: Final = 32


@frozen
class NewKey:
    """A key, and what the settings have of it."""

    key: str
    kept: ApiKey


def new_key(name: str, scopes: frozenset[Scope]) -> NewKey:
    """A key of 32 random bytes: nobody guesses it, so a plain SHA-256 keeps it."""
    key = PREFIX + secrets.token_urlsafe(_BYTES)
    return NewKey(key, ApiKey(name=name, digest=hashlib.sha256(key.encode()).hexdigest(), scopes=scopes))


def toml_of(key: ApiKey) -> str:
    """The block of a settings file."""
    scopes = ", ".join(f'"{scope}"' for scope in sorted(key.scopes))
    return f'[[server.keys]]\nname = "{key.name}"\ndigest = "{key.digest}"\nscopes = [{scopes}]\n'
