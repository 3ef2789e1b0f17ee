"""Signatures of webhooks, held against the library of the standard, and what answers mean."""

import base64
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from waygrid_core.outcome import Failure
from waygrid_core.webhook.signature import signing_keys, webhook_headers
from waygrid_core.webhook.verdict import Verdict, judge


def now() -> int:
    """Asked for each delivery: the library refuses one that is five minutes old, and a suite takes longer."""
    return int(datetime.now(UTC).timestamp())


def secret_of(key: bytes) -> str:
    return "whsec_" + base64.b64encode(key).decode()


@given(st.lists(st.binary(min_size=1, max_size=64), min_size=1, max_size=4), st.text(max_size=200))
def test_whoever_has_any_of_the_keys_accepts_the_delivery(keys: list[bytes], body: str) -> None:
    read = signing_keys(" ".join(map(secret_of, keys))).unwrap()
    assert read == tuple(keys)
    data = json.dumps(body).encode()
    headers = webhook_headers("msg-1", now(), data, read)
    for key in keys:
        Webhook(secret_of(key)).verify(data, headers)


def test_whoever_has_none_of_them_refuses_it() -> None:
    headers = webhook_headers("msg-1", now(), b"{}", [b"one", b"two"])
    with pytest.raises(WebhookVerificationError):
        Webhook(secret_of(b"three")).verify(b"{}", headers)


@pytest.mark.parametrize("changed", ["webhook-id", "webhook-timestamp", "body"])
def test_a_delivery_that_was_changed_is_refused(changed: str) -> None:
    sent_at = now()
    headers = webhook_headers("msg-1", sent_at, b'{"a": 1}', [b"key"])
    body = b'{"a": 2}' if changed == "body" else b'{"a": 1}'
    other = {"webhook-id": "msg-2", "webhook-timestamp": str(sent_at + 1)}
    headers |= {name: value for name, value in other.items() if name == changed}
    with pytest.raises(WebhookVerificationError):
        Webhook(secret_of(b"key")).verify(body, headers)


def test_without_a_key_nothing_is_signed() -> None:
    assert webhook_headers("m", 7, b"", ()) == {"webhook-id": "m", "webhook-timestamp": "7"}


def test_a_key_without_the_prefix_is_the_key_itself() -> None:
    assert signing_keys("plain  whsec_cGxhaW4=").unwrap() == (b"plain", b"plain")


@pytest.mark.parametrize("secret", ["", "  ", "whsec_", "whsec_!!", "good whsec_a"])
def test_a_secret_that_cannot_sign_is_refused_and_not_repeated(secret: str) -> None:
    outcome = signing_keys(secret)
    assert isinstance(outcome, Failure)
    assert "!!" not in outcome.failure()


@pytest.mark.parametrize(
    ("statuses", "verdict"),
    [
        ([200, 201, 202, 204, 299], Verdict.DELIVERED),
        ([408, 425, 429, 500, 502, 503, 504, 599], Verdict.TRY_AGAIN),
        ([100, 199, 300, 301, 302, 307, 308, 400, 401, 403, 404, 405, 409, 410, 413, 422, 451, 600], Verdict.GIVE_UP),
    ],
)
def test_the_status_of_the_answer_says_what_becomes_of_a_delivery(statuses: list[int], verdict: Verdict) -> None:
    assert [judge(status) for status in statuses] == [verdict] * len(statuses)


def test_who_delivers_may_know_better_which_refusals_pass() -> None:
    assert judge(404, lambda status: status == 404) is Verdict.TRY_AGAIN
    assert judge(500, lambda status: status == 404) is Verdict.GIVE_UP
    assert judge(204, lambda status: True) is Verdict.DELIVERED
