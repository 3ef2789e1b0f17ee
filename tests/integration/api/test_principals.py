"""From the first principal on nobody gets in without a key, and there is always somebody who can let others in."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from attrs import evolve

from tests.integration.api.serving import Api, Reply, listening, platform_over, serving
from waygrid_shell.adapters.memory.principal_store import MemoryPrincipalStore
from waygrid_shell.api import keys
from waygrid_shell.ports.failure import Unavailable
from waygrid_shell.ports.principal_store import Principal, Removal
from waygrid_shell.runtime.wiring import Ports, memory_ports
from waygrid_shell.settings.settings import ApiKey, ServerSettings

pytestmark = pytest.mark.anyio

ADMIN = ApiKey(name="root", digest=hashlib.sha256(b"secret").hexdigest(), scopes=frozenset({"admin"}))


def with_key(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def add(api: Api, name: str, *scopes: str, key: str = "", **fields: Any) -> Reply:
    document = {"name": name, "scopes": list(scopes), **fields}
    return await api.ask("POST", "/v1/principals", document, headers=with_key(key) if key else {})


async def names(api: Api, key: str = "") -> list[str]:
    reply = await api.ask("GET", "/v1/principals", headers=with_key(key) if key else {})
    assert reply.status == 200, reply.content
    return [each["name"] for each in reply.document["items"]]


async def test_the_first_principal_closes_the_doors_and_the_last_one_opens_them(api: Api) -> None:
    assert (await api.ask("GET", "/v1/traversals")).status == 200
    added = await add(api, "ops@shop", "admin")
    assert added.status == 201, added.content
    assert added.document["closesDoors"] is True
    assert added.document["principal"]["source"] == "platform"
    key = added.document["key"]
    assert key.startswith("wg_")
    assert (await api.ask("GET", "/v1/traversals")).document["code"] == "no-key"
    assert (await api.ask("GET", "/v1/traversals", headers=with_key(key))).status == 200
    assert await names(api, key) == ["ops@shop"]
    removed = await api.ask("DELETE", "/v1/principals/ops@shop", headers=with_key(key))
    assert removed.document == {"name": "ops@shop", "opensDoors": True}
    assert (await api.ask("GET", "/v1/traversals")).status == 200


async def test_who_would_lock_everybody_out_is_refused(api: Api) -> None:
    first = await add(api, "reader", "read")
    assert (first.status, first.document["code"]) == (409, "first-must-be-admin")
    root = (await add(api, "root", "admin")).document["key"]
    assert (await add(api, "reader", "read", key=root)).status == 201
    last = await api.ask("DELETE", "/v1/principals/root", headers=with_key(root))
    assert (last.status, last.document["code"]) == (409, "last-admin")
    assert (await add(api, "other", "admin", key=root)).status == 201
    assert (await api.ask("DELETE", "/v1/principals/root", headers=with_key(root))).status == 200
    assert (await api.ask("GET", "/v1/traversals", headers=with_key(root))).document["code"] == "unknown-key"


async def test_the_only_admin_stays_where_the_settings_have_no_admin() -> None:
    """The bug that this noticed: with keys in the settings nobody else counted, and nobody was left who may let in."""
    ports = memory_ports()
    boss = ApiKey(name="boss", digest=hashlib.sha256(b"boss").hexdigest(), scopes=frozenset({"admin"}))
    async with serving(ports, settings=ServerSettings(keys=(boss,))) as api:
        root = (await add(api, "root", "admin", key="boss")).document["key"]
    reader = evolve(boss, name="reader", scopes=frozenset({"read"}))
    async with serving(ports, settings=ServerSettings(keys=(reader,))) as api:
        reply = await api.ask("DELETE", "/v1/principals/root", headers=with_key(root))
        assert (reply.status, reply.document["code"]) == (409, "last-admin")
        assert await names(api, root) == ["reader", "root"]


async def test_who_can_be_reached_from_elsewhere_opens_no_doors(ports: Ports) -> None:
    async with serving(ports) as api:
        root = (await add(api, "root", "admin")).document["key"]
    async with serving(ports, settings=ServerSettings(host="0.0.0.0")) as api:
        reply = await api.ask("DELETE", "/v1/principals/root", headers=with_key(root))
        assert (reply.status, reply.document["code"]) == (409, "last-admin")
        # Whatever happened to those that are kept, as in another process that listens on loopback alone.
        await ports.principal_store.remove("root")
        api.platform.keys.forget()
        assert (await api.ask("GET", "/v1/traversals")).document["code"] == "no-key"


async def test_an_admin_who_will_expire_counts_only_until_then(api: Api) -> None:
    root = (await add(api, "root", "admin")).document["key"]
    assert (await add(api, "guest", "admin", key=root, expiresIn="1ms")).status == 201
    assert (await add(api, "reader", "read", key=root)).status == 201
    reply = await api.ask("DELETE", "/v1/principals/root", headers=with_key(root))
    assert reply.document["code"] == "last-admin"


async def test_a_key_may_do_what_its_scopes_say_and_no_more(api: Api) -> None:
    root = (await add(api, "root", "admin")).document["key"]
    reader = (await add(api, "reader", "read", key=root)).document["key"]
    assert (await api.ask("GET", "/v1/traversals", headers=with_key(reader))).status == 200
    for method, path in (("GET", "/v1/principals"), ("GET", "/v1/audit"), ("DELETE", "/v1/principals/reader")):
        assert (await api.ask(method, path, headers=with_key(reader))).status == 403
    assert (await add(api, "friend", "admin", key=reader)).status == 403


async def test_a_key_that_has_expired_says_so(ports: Ports) -> None:
    now = ports.clock.now()
    digest = hashlib.sha256(b"old").hexdigest()
    old = Principal(
        name="old",
        digest=digest,
        scopes=frozenset({"admin"}),
        made_at=now - timedelta(days=2),
        expires_at=now - timedelta(days=1),
    )
    await ports.principal_store.add(old)
    async with serving(ports) as api:
        reply = await api.ask("GET", "/v1/traversals", headers=with_key("old"))
    assert (reply.status, reply.document["code"]) == (401, "expired-key")
    assert "the key 'old' has expired at 20" in reply.document["detail"]


async def test_the_key_itself_is_kept_nowhere(ports: Ports) -> None:
    async with serving(ports) as api:
        key = (await add(api, "root", "admin", expiresIn="90d")).document["key"]
        listed = await api.ask("GET", "/v1/principals", headers=with_key(key))
        assert key.encode() not in listed.content
        (kept,) = await ports.principal_store.every()
    assert kept.digest == hashlib.sha256(key.encode()).hexdigest()
    assert kept.expires_at is not None
    assert kept.expires_at - kept.made_at == timedelta(days=90)


@pytest.mark.parametrize(
    ("document", "pointers"),
    [
        ({"name": "a b", "scopes": []}, ["/name", "/scopes"]),
        ({"name": "a", "scopes": ["root"]}, ["/scopes/0"]),
        ({"name": "a", "scopes": ["admin"], "expiresIn": "soon"}, ["/expiresIn"]),
        ({"name": "a", "scopes": ["admin"], "expiresIn": "99999999d"}, ["/expiresIn"]),
        ({"scopes": ["admin"]}, ["/name"]),
    ],
)
async def test_all_that_is_wrong_is_said(api: Api, document: Any, pointers: Sequence[str]) -> None:
    reply = await api.ask("POST", "/v1/principals", document)
    assert reply.status == 422, reply.content
    assert [each["pointer"] for each in reply.document["errors"]] == pointers


async def test_keys_of_the_settings_stand_beside_and_are_not_touched() -> None:
    async with serving(memory_ports(), settings=ServerSettings(keys=(ADMIN,))) as api:
        added = await add(api, "reader", "read", key="secret")
        assert added.status == 201, "the settings have an admin"
        assert "closesDoors" not in added.document
        assert await names(api, "secret") == ["reader", "root"]
        assert (await add(api, "root", "read", key="secret")).document["code"] == "name-taken"
        assert (await add(api, "reader", "read", key="secret")).document["code"] == "name-taken"
        for name, code in (("root", "in-settings"), ("nobody", "not-found")):
            reply = await api.ask("DELETE", f"/v1/principals/{name}", headers=with_key("secret"))
            assert reply.document["code"] == code
        gone = await api.ask("DELETE", "/v1/principals/reader", headers=with_key("secret"))
        assert gone.document == {"name": "reader"}


class CountedStore(MemoryPrincipalStore):
    """Counts for how many keys it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    async def find(self, digest: str) -> Principal | None:
        self.asked += 1
        return await super().find(digest)


async def test_keys_that_nobody_has_are_not_all_asked_for_and_who_has_one_does_not_notice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The bug that this noticed: each key that somebody made up cost a question to the database."""
    monkeypatch.setattr(keys, "STRANGERS_PER_SECOND", 0.0)
    store = CountedStore()
    async with listening(platform_over(evolve(memory_ports(), principal_store=store))) as api:
        root = (await add(api, "root", "admin")).document["key"]
        assert (await api.ask("GET", "/v1/traversals", headers=with_key(root))).status == 200
        made_up = [f"wg_{number}" for number in range(2 * keys.STRANGERS_AT_ONCE)]
        replies = [await api.ask("GET", "/v1/traversals", headers=with_key(each)) for each in made_up]
        assert Counter(each.status for each in replies) == {
            401: keys.STRANGERS_AT_ONCE - 1,
            429: keys.STRANGERS_AT_ONCE + 1,
        }
        assert store.asked == keys.STRANGERS_AT_ONCE
        assert replies[-1].headers["Retry-After"] == "1"
        monkeypatch.setattr(keys, "REMEMBERED_SECONDS", 0.0)  # the store is asked again for the key that it knew
        for _ in range(2):
            assert (await api.ask("GET", "/v1/traversals", headers=with_key(root))).status == 200


class AwayStore:
    """A store that does not answer: what a network that is cut makes of any."""

    async def add(self, principal: Principal) -> bool:
        raise Unavailable("principal store", "nobody answers")

    async def find(self, digest: str) -> Principal | None:
        raise Unavailable("principal store", "nobody answers")

    async def every(self) -> Sequence[Principal]:
        raise Unavailable("principal store", "nobody answers")

    async def remove(self, name: str) -> bool:
        raise Unavailable("principal store", "nobody answers")

    async def remove_beside_an_admin(self, name: str, now: datetime) -> Removal:
        raise Unavailable("principal store", "nobody answers")

    async def remove_the_only_one(self, name: str) -> bool:
        raise Unavailable("principal store", "nobody answers")


async def test_while_the_store_does_not_answer_keys_of_the_settings_work_and_no_other() -> None:
    ports = evolve(memory_ports(), principal_store=AwayStore())
    async with listening(platform_over(ports, ServerSettings(keys=(ADMIN,)))) as api:
        assert (await api.ask("GET", "/v1/traversals", headers=with_key("secret"))).status == 200
        other = await api.ask("GET", "/v1/traversals", headers=with_key("wg_other"))
        assert (other.status, other.document["code"]) == (503, "unavailable")
        assert "Retry-After" in other.headers
    async with listening(platform_over(ports)) as api:
        assert (await api.ask("GET", "/v1/traversals")).status == 503, "perhaps there are principals"
        assert (await api.ask("GET", "/health/live")).status == 200


async def test_the_document_says_whether_keys_are_needed(api: Api) -> None:
    def security(reply: Reply) -> Any:
        return reply.document["paths"]["/v1/traversals"]["get"]["security"]

    assert security(await api.ask("GET", "/openapi.json")) == [{}, {"key": []}]
    await add(api, "root", "admin")
    assert security(await api.ask("GET", "/openapi.json")) == [{"key": []}]
