"""The vault of secrets."""

from typing import Protocol

from waygrid_core.template.template import SecretReference


class SecretNotFound(Exception):  # noqa: N818 - it says what happened
    """There is no such secret. The text names the reference and the cure, never a value."""


class SecretVault(Protocol):
    """Gives the value of a secret. Nobody keeps it: it is asked for whenever it is needed."""

    async def reveal(self, secret: SecretReference) -> str:
        """The value. Raises `SecretNotFound`, or `Unavailable` when the vault does not answer."""
        ...
