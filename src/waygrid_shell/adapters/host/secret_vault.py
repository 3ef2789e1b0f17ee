"""Secrets from the environment of the process.

The secret `{"path": "payment/api-key"}` is the variable `WAYGRID_SECRET_PAYMENT_API_KEY`: the path in capitals, every
character that is no letter or digit an underscore. A `field` is appended in the same way, and a `version` as `V<n>`:
`WAYGRID_SECRET_DATABASE_PASSWORD` for `{"path": "database", "field": "password"}`.
"""

import os
import re
from collections.abc import Mapping

from waygrid_core.template.template import SecretReference
from waygrid_shell.ports.secret_vault import SecretNotFound

PREFIX = "WAYGRID_SECRET_"


def secret_variable(secret: SecretReference) -> str:
    """The name of the variable that holds it."""
    parts = [secret.path]
    if secret.field is not None:
        parts.append(secret.field)
    if secret.version is not None:
        parts.append(f"v{secret.version}")
    return PREFIX + re.sub(r"[^A-Z0-9]", "_", "_".join(parts).strip("/").upper())


class EnvironmentSecretVault:
    """See `waygrid_shell.ports.secret_vault.SecretVault`."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = os.environ if environment is None else environment

    async def reveal(self, secret: SecretReference) -> str:
        variable = secret_variable(secret)
        value = self._environment.get(variable)
        if value is None:
            raise SecretNotFound(f"there is no secret {secret.path!r}; set {variable} in the environment")
        return value
