"""Who asked for what to be changed is kept: what was granted, and what was refused and why."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import anyio
import pytest
from attrs import evolve

from tests.integration.api.serving import LONG, Api, listening, platform_over, serving
from tests.integration.api.test_dead_letters import bury
from waygrid_shell.adapters.memory.audit_log import MemoryAuditLog
from waygrid_shell.ports.audit_log import AuditEntry
from waygrid_shell.ports.failure import Unavailable
from waygrid_shell.runtime.wiring import Ports, memory_ports
from waygrid_shell.settings.settings import ApiKey, Scope, ServerSettings
from waygrid_shell.telemetry.metrics import Metrics

pytestmark = pytest.mark.anyio

PASS: Any = {"entryPoints": [{"type": "pass"}]}
WAIT: Any = {"entryPoints": [{"type": "await", "event": "go"}]}


def key(name: str, *scopes: Scope) -> ApiKey:
    return ApiKey(name=name, digest=hashlib.sha256(name.encode()).hexdigest(), scopes=frozenset(scopes))


KEYED = ServerSettings(keys=(key("root", "admin"), key("ada", "write"), key("eve", "read")))


def as_(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {name}"}


async def entries(api: Api, count: int, query: str = "") -> list[Any]:
    """Once there are so many: they are written beside the answers."""
    with anyio.fail_after(LONG):
        while True:
            reply = await api.ask("GET", f"/v1/audit{query}", headers=as_("root"))
            assert reply.status == 200, reply.content
            items: list[Any] = reply.document["items"]
            if len(items) >= count:
                return items
            await anyio.sleep(0.01)


def short(found: Sequence[Any]) -> list[tuple[str, str, str, str]]:
    """The oldest first."""
    fields = ("principal", "action", "subject", "outcome")
    return [tuple(each.get(name, "") for name in fields) for each in reversed(found)]


async def test_every_change_is_kept_with_who_asked_for_it(ports: Ports) -> None:
    async with serving(ports, settings=KEYED) as api:
        await bury(api, 1)
        (letter,) = await ports.event_log.dead_letters()
        submitted = await api.ask("POST", "/v1/traversals", {"spec": WAIT}, headers=as_("ada"))
        traversal = submitted.document["id"]
        await api.ask("POST", f"/v1/traversals/{traversal}/pause", headers=as_("ada"))
        await api.ask("POST", f"/v1/traversals/{traversal}/resume", headers=as_("ada"))
        await api.ask("POST", f"/v1/traversals/{traversal}/events/go", {}, headers=as_("ada"))
        await api.ask("POST", "/v1/events/paid?key=order-17", {}, headers=as_("ada"))
        stored = await api.ask("POST", "/v1/specs", PASS, headers=as_("ada"))
        await api.ask("DELETE", f"/v1/dead-letters/{letter.position}", headers=as_("root"))
        await api.ask("POST", "/v1/dead-letters/redrive", headers=as_("root"))
        await api.ask("POST", "/v1/principals", {"name": "bob", "scopes": ["read"]}, headers=as_("root"))
        await api.ask("DELETE", "/v1/principals/bob", headers=as_("root"))
        found = await entries(api, 10)
    assert short(found) == [
        ("ada", "submitTraversal", traversal, "granted"),
        ("ada", "pauseTraversal", traversal, "granted"),
        ("ada", "resumeTraversal", traversal, "granted"),
        ("ada", "sendEventToTraversal", traversal, "granted"),
        ("ada", "sendEvent", "paid@order-17", "granted"),
        ("ada", "storeSpec", stored.document["dag"], "granted"),
        ("root", "discardDeadLetter", f"dead-letter/{letter.position}", "granted"),
        ("root", "redriveDeadLetters", "dead-letters", "granted"),
        ("root", "addPrincipal", "bob", "granted"),
        ("root", "removePrincipal", "bob", "granted"),
    ]
    assert {each["address"] for each in found} == {"127.0.0.1"}


async def test_what_is_refused_is_kept_with_the_code_of_the_refusal() -> None:
    nobody = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    async with serving(memory_ports(), settings=KEYED) as api:
        await api.ask("POST", "/v1/traversals", {"spec": PASS})
        await api.ask("POST", "/v1/traversals", {"spec": PASS}, headers=as_("nobody"))
        await api.ask("POST", "/v1/traversals", {"spec": PASS}, headers=as_("eve"))
        await api.ask("POST", "/v1/traversals", {"spec": {}}, headers=as_("ada"))
        await api.ask("POST", f"/v1/traversals/{nobody}/cancel", headers=as_("ada"))
        found = await entries(api, 5)
    assert short(found) == [
        ("", "submitTraversal", "", "no-key"),
        ("", "submitTraversal", "", "unknown-key"),
        ("eve", "submitTraversal", "", "forbidden"),
        ("ada", "submitTraversal", "", "invalid-spec"),
        ("ada", "cancelTraversal", nobody, "not-found"),
    ]


async def test_who_only_looks_is_not_kept(ports: Ports) -> None:
    async with serving(ports, settings=KEYED) as api:
        await api.ask("GET", "/v1/traversals", headers=as_("eve"))
        await api.ask("POST", "/v1/specs/validate", PASS, headers=as_("eve"))
        await api.ask("GET", "/v1/audit", headers=as_("eve"))
        await api.ask("POST", "/v1/traversals", {"spec": PASS}, headers=as_("ada"))
        assert [each["action"] for each in await entries(api, 1)] == ["submitTraversal"]


async def test_each_traversal_of_a_batch_and_of_a_retry_is_found_by_its_id(ports: Ports) -> None:
    async with serving(ports, settings=KEYED) as api:
        batch = await api.ask("POST", "/v1/traversals/batch", {"spec": PASS, "payloads": [1, 2]}, headers=as_("ada"))
        first, second = batch.document["ids"]
        with anyio.fail_after(LONG):
            while (reply := await api.ask("POST", f"/v1/traversals/{first}/retry", headers=as_("ada"))).status != 202:
                await anyio.sleep(0.01)
        again = reply.document["id"]
        for traversal, actions in (
            (second, ["submitBatch"]),
            (again, ["retryTraversal"]),
        ):
            assert [each["action"] for each in await entries(api, 1, f"?subject={traversal}")] == actions
        about_first = await entries(api, 2, f"?subject={first}")
        assert (about_first[0]["action"], about_first[-1]["action"]) == ("retryTraversal", "submitBatch")


async def test_who_waits_for_the_end_is_kept_before_it_comes(ports: Ports) -> None:
    async with serving(ports, settings=KEYED) as api, anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: api.ask("POST", "/v1/traversals?wait=60s", {"spec": WAIT}, headers=as_("ada")))
        (found,) = await entries(api, 1)
        await api.ask("POST", f"/v1/traversals/{found['subject']}/cancel", headers=as_("ada"))


async def test_pages_follow_each_other(ports: Ports) -> None:
    async with serving(ports, settings=KEYED) as api:
        for _ in range(5):
            await api.ask("POST", "/v1/traversals", {"spec": PASS}, headers=as_("ada"))
        await api.ask("POST", "/v1/traversals", {"spec": PASS}, headers=as_("eve"))
        every = await entries(api, 6)
        path, seen = "/v1/audit?limit=2&principal=ada", []
        while path:
            page = (await api.ask("GET", path, headers=as_("root"))).document
            seen += page["items"]
            path = page.get("next", "")
        assert seen == [each for each in every if each["principal"] == "ada"]
        assert (await api.ask("GET", "/v1/audit?after=0", headers=as_("root"))).status == 400


async def test_it_may_be_switched_off() -> None:
    ports = memory_ports()
    async with serving(ports, settings=evolve(KEYED, audit=False)) as api:
        traversal = (await api.ask("POST", "/v1/traversals", {"spec": PASS}, headers=as_("ada"))).document["id"]
        await api.ask("GET", f"/v1/traversals/{traversal}", headers=as_("root"))
    assert await ports.audit_log.read() == []


class SlowToComeBack(MemoryAuditLog):
    """A log that cannot be written at first."""

    def __init__(self, is_back: Callable[[], bool]) -> None:
        super().__init__()
        self.is_back = is_back
        self.asked = anyio.Event()

    async def append(self, entries: Sequence[AuditEntry]) -> None:
        self.asked.set()
        if not self.is_back():
            raise Unavailable("audit log", "nobody answers")
        await super().append(entries)


async def test_a_log_that_cannot_be_written_refuses_nobody_and_entries_wait_for_it() -> None:
    is_back = False
    log = SlowToComeBack(lambda: is_back)
    async with serving(evolve(memory_ports(), audit_log=log), settings=KEYED) as api:
        for _ in range(3):
            reply = await api.ask("POST", "/v1/traversals", {"spec": PASS}, headers=as_("ada"))
            assert reply.status == 202
        await log.asked.wait()
        is_back = True
        assert len(await entries(api, 3)) == 3


async def test_what_is_lost_is_counted() -> None:
    log, metrics = SlowToComeBack(lambda: False), Metrics()
    platform = platform_over(evolve(memory_ports(), audit_log=log), KEYED, metrics)
    async with listening(platform) as api:
        await api.ask("POST", "/v1/traversals", {"spec": PASS}, headers=as_("eve"))
    assert "waygrid_audit_lost_total 1.0" in metrics.text().decode()


async def test_what_waits_is_written_before_the_server_has_stopped() -> None:
    ports = memory_ports()
    async with listening(platform_over(ports, KEYED)) as api:
        for _ in range(20):
            await api.ask("POST", "/v1/traversals", {"spec": PASS}, headers=as_("eve"))
    assert len(await ports.audit_log.read()) == 20
