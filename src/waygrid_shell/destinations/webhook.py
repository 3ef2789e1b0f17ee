"""`waygrid://destination/webhook`: POSTs the node's input as JSON to a service that listens.

Parameters: `url` (needed), `headers` (an object), `timeout` (a duration, default 30s), `body` (instead of the input),
`secret` (a `$secret`, best: then the request is signed). The request is in the form of Standard Webhooks:

- `webhook-id`: the same for all attempts at one node of one traversal, and so is `Idempotency-Key`: a receiver that
  remembers it acts once, however often the delivery is made;
- `webhook-timestamp`: seconds since 1970 of this attempt;
- `webhook-signature`: with a secret, `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`. A secret that begins
  with `whsec_` is base64 of the key; any other is the key itself.

The verdict: a status of 2xx is a delivery, output `{"status": 204}`; any other a failure `http-<status>`, and no
answer `unreachable`. What is made again is the retry policy's business: `doNotRetry: ["http-4*"]` for a receiver
whose 4xx are for good.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

from waygrid_core.codec.json_bytes import write_json
from waygrid_core.model.json_value import JsonValue
from waygrid_shell.hosting.attempt import Attempt, Failed
from waygrid_shell.hosting.http_client import (
    HttpClient,
    http_headers,
    http_timeout,
    http_url,
    refuse_unknown,
)
from waygrid_shell.ports.clock import Clock

_PARAMETERS: Final = frozenset({"url", "headers", "timeout", "body", "secret"})
_MESSAGE_OF_BODY: Final = 500


class WebhookDestination:
    """See the module. A `Handler` over one client."""

    def __init__(self, client: HttpClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    async def __call__(self, attempt: Attempt) -> JsonValue:
        """Raises `Failed`, as the module says."""
        parameters = attempt.parameters
        refuse_unknown(parameters, _PARAMETERS)
        url = http_url(parameters)
        body = write_json(parameters.get("body", attempt.input))
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": attempt.idempotency_key,
            **http_headers(parameters),
            **webhook_headers(attempt.idempotency_key, int(self._clock.now().timestamp()), body, _secret(parameters)),
        }
        response = await self._client.request(
            "POST", url, headers=headers, body=body, timeout_seconds=http_timeout(parameters)
        )
        if response.status // 100 != 2:
            text = response.body.decode("utf-8", "replace").strip()
            raise Failed(f"http-{response.status}", f"POST {url}: {text[:_MESSAGE_OF_BODY] or 'no body'}")
        return {"status": response.status}


def webhook_headers(message_id: str, timestamp: int, body: bytes, secret: str | None) -> dict[str, str]:
    """The headers of Standard Webhooks, signed if there is a secret. Raises `Failed` for a secret that is no base64."""
    headers = {"webhook-id": message_id, "webhook-timestamp": str(timestamp)}
    if secret is not None:
        signed = f"{message_id}.{timestamp}.".encode() + body
        signature = hmac.new(_key(secret), signed, hashlib.sha256).digest()
        headers["webhook-signature"] = f"v1,{base64.b64encode(signature).decode()}"
    return headers


def _key(secret: str) -> bytes:
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise Failed("bad-value", "the secret begins with whsec_ and what follows is no base64") from error


def _secret(parameters: Mapping[str, JsonValue]) -> str | None:
    secret = parameters.get("secret")
    if secret is not None and not isinstance(secret, str):
        raise Failed("bad-value", "the parameter secret is no text")
    return secret
