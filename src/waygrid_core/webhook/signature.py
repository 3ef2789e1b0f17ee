"""Signatures in the form of Standard Webhooks, with several keys while one replaces another."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

from waygrid_core.outcome import Failure, Outcome, Success

_PREFIX: Final = "whsec_"


def signing_keys(secret: str) -> Outcome[tuple[bytes, ...], str]:
    """The keys of a secret: one, or several with spaces between them.

    A key that begins with `whsec_` is in base64, any other is the key itself.
    """
    keys: list[bytes] = []
    for text in secret.split():
        if not text.startswith(_PREFIX):
            keys.append(text.encode())
            continue
        try:
            key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
        except (binascii.Error, ValueError):
            return Failure("a key begins with whsec_ and what follows is no base64")
        if not key:
            return Failure("a key begins with whsec_ and nothing follows")
        keys.append(key)
    return Success(tuple(keys)) if keys else Failure("the secret is empty")


def webhook_headers(message_id: str, timestamp: int, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
    """The headers of a delivery: signed with each key, in their order, so that a receiver with any of them accepts it.

    `timestamp` counts seconds since 1970. Without keys there is no signature.
    """
    headers = {"webhook-id": message_id, "webhook-timestamp": str(timestamp)}
    if keys:
        signed = f"{message_id}.{timestamp}.".encode() + body
        headers["webhook-signature"] = " ".join(f"v1,{_signature(key, signed)}" for key in keys)
    return headers


def _signature(key: bytes, signed: bytes) -> str:
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
