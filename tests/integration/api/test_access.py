"""Who may do what."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.integration.api.serving import Api, serving
from waygrid_shell.api.application import all_operations
from waygrid_shell.runtime.wiring import memory_ports
from waygrid_shell.settings.settings import ApiKey, Scope, ServerSettings

pytestmark = pytest.mark.anyio

PASS: Any = {"entryPoints": [{"type": "pass"}]}


def key(name: str, *scopes: Scope) -> ApiKey:
    """The key `secret-<name>`."""
    return ApiKey(name=name, digest=hashlib.sha256(f"secret-{name}".encode()).hexdigest(), scopes=frozenset(scopes))


KEYS = (key("reader", "read"), key("writer", "write"), key("worker", "work"), key("root", "admin"))


@pytest.fixture
async def guarded() -> AsyncIterator[Api]:
    """An API with keys."""
    settings = ServerSettings(keys=KEYS, allowed_origins=("https://ops.example",))
    async with serving(memory_ports(), settings=settings) as api:
        yield api


def as_(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer secret-{name}"}


async def test_without_a_key_nothing_is_told(guarded: Api) -> None:
    for operation in all_operations(guarded.platform):
        if operation.scope is None:
            continue
        path = operation.path.replace("{id}", "01ARZ3NDEKTSV4RRFFQ69G5FAV").replace("{event:path}", "e")
        reply = await guarded.ask(operation.method, path)
        assert reply.status == 401, operation.name
        assert reply.document["code"] == "no-key"
        assert reply.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "authorization",
    ["Bearer", "Bearer ", "Basic c2VjcmV0LXJvb3Q=", "Bearer secret-nobody", "Bearer secret-root x", "secret-root"],
)
async def test_what_is_no_key_of_ours_is_refused(guarded: Api, authorization: str) -> None:
    reply = await guarded.ask("GET", "/v1/traversals", headers={"Authorization": authorization})
    assert reply.status == 401
    assert "WWW-Authenticate" in reply.headers
    assert b"secret" not in reply.content


async def test_a_key_may_do_what_its_scopes_say(guarded: Api) -> None:
    may = {
        "reader": (200, 403),
        "writer": (403, 202),
        "worker": (403, 403),
        "root": (200, 202),
    }
    for name, (listing, submitting) in may.items():
        assert (await guarded.ask("GET", "/v1/traversals", headers=as_(name))).status == listing
        submitted = await guarded.ask("POST", "/v1/traversals", {"spec": PASS}, headers=as_(name))
        assert submitted.status == submitting, name
    refused = await guarded.ask("GET", "/v1/traversals", headers=as_("writer"))
    assert refused.document["code"] == "forbidden"
    assert "read" in refused.document["detail"]
    assert 'scope="read"' in refused.headers["WWW-Authenticate"]


async def test_a_bearer_is_a_bearer_however_it_is_written(guarded: Api) -> None:
    reply = await guarded.ask("GET", "/v1/traversals", headers={"Authorization": "bearer  secret-reader"})
    assert reply.status == 200


async def test_the_idempotency_keys_of_two_principals_are_two(guarded: Api) -> None:
    ids = set()
    for name in ("writer", "root"):
        headers = {**as_(name), "Idempotency-Key": "same"}
        ids.add((await guarded.ask("POST", "/v1/traversals", {"spec": PASS}, headers=headers)).document["id"])
    assert len(ids) == 2


async def test_health_is_for_everybody(guarded: Api) -> None:
    for path in ("/health/live", "/health/ready", "/openapi.json"):
        assert (await guarded.ask("GET", path)).status == 200


async def test_with_keys_any_host_may_be_named(guarded: Api) -> None:
    headers = {**as_("reader"), "Host": "waygrid.example"}
    assert (await guarded.ask("GET", "/v1/traversals", headers=headers)).status == 200


async def test_a_page_that_is_allowed_may_ask(guarded: Api) -> None:
    asked = {
        "Origin": "https://ops.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
    }
    leave = await guarded.ask("OPTIONS", "/v1/traversals", headers=asked)
    assert leave.status == 200
    assert leave.headers["Access-Control-Allow-Origin"] == "https://ops.example"
    assert (await guarded.ask("OPTIONS", "/v1/traversals", headers={**asked, "Origin": "https://x.y"})).status == 400
    reply = await guarded.ask("GET", "/v1/traversals", headers={**as_("reader"), "Origin": "https://ops.example"})
    assert reply.headers["Access-Control-Allow-Origin"] == "https://ops.example"


async def test_without_keys_everybody_may_from_here(api: Api) -> None:
    port = api.url.rpartition(":")[2]
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", "[::1]", "waygrid.localhost", "192.168.0.7:8400"):
        assert (await api.ask("GET", "/v1/traversals", headers={"Host": host})).status == 200, host


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8400", "localhost.evil.example", "[::1", "a b"])
async def test_without_keys_a_name_that_may_have_been_rebound_is_refused(api: Api, host: str) -> None:
    reply = await api.ask("GET", "/v1/traversals", headers={"Host": host})
    assert reply.status in (400, 403)


async def test_without_keys_a_page_of_somebody_else_changes_nothing(api: Api) -> None:
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1"):
        reply = await api.ask("POST", "/v1/dead-letters/redrive", headers={"Origin": origin})
        assert reply.status == 403
        assert reply.document["code"] == "foreign-origin"
    assert (await api.ask("POST", "/v1/dead-letters/redrive", headers={"Origin": api.url})).status == 200
