"""`waygrid://destination/webhook`: POSTs the node's input as JSON to a service that listens.

Parameters:

- `url` (needed), `headers` (an object), `body` (instead of the input);
- `secret` (a `$secret`, best): then the request is signed. Several keys with spaces between them give several
  signatures: while a key is being replaced, the receiver may have the old one or the new;
- `timeout`: a duration, default 30s, for one exchange;
- `maxWait`: a duration, default 30s: so long, all in all, the attempt waits for a receiver that answers 429 or 503 and
  says in `Retry-After` when to come again;
- `tryAgain`: statuses that are worth another attempt, default [408, 425, 429, "5xx"].

The request is in the form of Standard Webhooks:

- `webhook-id`: the same for all attempts at one node of one traversal, and so is `Idempotency-Key`: a receiver that
  remembers it acts once, however often the delivery is made;
- `webhook-timestamp`: seconds since 1970 of this request;
- `webhook-signature`: with a secret, for each key `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`. A key that
  begins with `whsec_` is in base64; any other is the key itself.

The verdict: 2xx is a delivery, output `{"status": 204}`. A status of `tryAgain` fails with `http-<status>` and no
answer with `unreachable`: the retry policy makes the delivery again. All else, redirects too, fails with `bad-value`,
which no policy retries: the receiver would refuse the same request again.
"""

from collections.abc import Mapping
from typing import Final, assert_never

from waygrid_core.codec.json_bytes import write_json
from waygrid_core.model.json_value import JsonValue
from waygrid_core.outcome import Failure
from waygrid_core.webhook.signature import signing_keys, webhook_headers
from waygrid_core.webhook.verdict import Verdict, is_passing, judge
from waygrid_shell.hosting.attempt import Attempt, Failed
from waygrid_shell.hosting.http_client import HttpClient, Response, bare_url
from waygrid_shell.hosting.parameters import (
    http_headers,
    http_timeout,
    http_url,
    layered,
    max_wait,
    optional_text,
    refuse_unknown,
    statuses,
)
from waygrid_shell.hosting.retry_after import ask_patiently, wanted_wait
from waygrid_shell.ports.clock import Clock

_PARAMETERS: Final = frozenset({"url", "headers", "timeout", "maxWait", "body", "secret", "tryAgain"})
_MESSAGE_OF_BODY: Final = 200
"""Characters of a refusal's body that go into the message: enough for a sentence, too few for somebody's data."""


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
        given = http_headers(parameters)
        timeout = http_timeout(parameters)
        again = statuses(parameters, "tryAgain")
        keys = _keys(parameters)
        body = write_json(parameters.get("body", attempt.input))

        async def send() -> Response:
            """Signed anew each time: a receiver does not take an old timestamp."""
            signed = webhook_headers(attempt.idempotency_key, int(self._clock.now().timestamp()), body, keys)
            common = {"Content-Type": "application/json", "Idempotency-Key": attempt.idempotency_key}
            headers = layered(common, given, signed)
            return await self._client.deliver(url, headers=headers, body=body, timeout_seconds=timeout)

        response = await ask_patiently(
            send, lambda answer: wanted_wait(answer.status, answer.headers), max_wait(parameters)
        )
        verdict = judge(response.status, is_passing if again is None else again.__contains__)
        match verdict:
            case Verdict.DELIVERED:
                return {"status": response.status}
            case Verdict.TRY_AGAIN:
                raise Failed(f"http-{response.status}", _refusal(url, response))
            case Verdict.GIVE_UP:
                raise Failed("bad-value", f"http-{response.status}, no use in trying again: {_refusal(url, response)}")
            case _:
                assert_never(verdict)


def _refusal(url: str, response: Response) -> str:
    return f"POST {bare_url(url)}: {response.said(_MESSAGE_OF_BODY)}"


def _keys(parameters: Mapping[str, JsonValue]) -> tuple[bytes, ...]:
    """The keys to sign with; none without a secret. Raises `Failed`."""
    secret = optional_text(parameters, "secret")
    if secret is None:
        return ()
    keys = signing_keys(secret)
    if isinstance(keys, Failure):
        raise Failed("bad-value", f"the parameter secret: {keys.failure()}")
    return keys.unwrap()
