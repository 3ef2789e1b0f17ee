"""Whatever goes wrong is told as an RFC 9457 problem, and never tells what is inside."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from attrs import evolve

from tests.integration.api.serving import Api, listening, platform_over
from tests.integration.plant.tripwire import Tripwire
from waygrid_core.extension.registry import NO_EXTENSIONS
from waygrid_shell.api.platform import Platform
from waygrid_shell.api.problem_of import problem_response
from waygrid_shell.ports.failure import StorageFull
from waygrid_shell.resources.platform import Health
from waygrid_shell.runtime.wiring import memory_ports
from waygrid_shell.settings.settings import ApiKey, ServerSettings

pytestmark = pytest.mark.anyio

PASS: Any = {"entryPoints": [{"type": "pass"}]}
SUBMISSION: Any = {"spec": PASS}


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with served(platform_over(memory_ports())) as api:
        yield api


@asynccontextmanager
async def served(platform: Platform) -> AsyncIterator[Api]:
    """The API of that platform, which takes traversals in and runs none."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(platform.acceptance.run)
        async with listening(platform) as api:
            yield api
        tasks.cancel_scope.cancel()


async def test_a_path_that_is_not_there_is_a_problem(api: Api) -> None:
    for path in ("/", "/v1", "/v1/traversals/", "/v2/traversals", "/%2e%2e/etc/passwd"):
        reply = await api.ask("GET", path)
        assert reply.status == 404, path
        problem = reply.document
        assert reply.headers["Content-Type"] == "application/problem+json"
        assert problem["status"] == 404
        assert problem["code"] == "no-such-path"
        assert problem["type"].endswith(problem["code"])
        assert problem["title"]


async def test_a_method_that_is_not_there_names_those_that_are(api: Api) -> None:
    reply = await api.ask("PUT", "/v1/traversals")
    assert reply.status == 405
    assert reply.headers["Allow"] == "GET, HEAD, POST"
    assert reply.document["code"] == "method-not-allowed"


async def test_a_head_is_a_get_without_its_body(api: Api) -> None:
    reply = await api.ask("HEAD", "/v1/traversals")
    assert reply.status == 200
    assert reply.content == b""


async def test_a_stream_has_no_head_that_would_never_come(api: Api) -> None:
    accepted = await api.ask("POST", "/v1/traversals", SUBMISSION)
    reply = await api.ask("HEAD", accepted.document["links"]["live"])
    assert reply.status == 405
    assert reply.headers["Allow"] == "GET"


async def test_a_body_that_does_not_come_is_not_waited_for_without_end(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("waygrid_shell.api.respond._BODY_SECONDS", 0.01)
    never = anyio.Event()

    async def half() -> AsyncIterator[bytes]:
        yield b"{"
        await never.wait()

    headers = {"Content-Type": "application/json"}
    async with api.session.post(f"{api.url}/v1/traversals", data=half(), headers=headers) as response:
        assert response.status == 408
        never.set()


async def test_a_store_that_does_not_answer_is_a_503(api: Api) -> None:
    ports = Tripwire(1, "before").around(memory_ports())
    async with served(platform_over(ports)) as failing:
        reply = await failing.ask("POST", "/v1/traversals", SUBMISSION)
        assert reply.status == 503
        assert reply.document["code"] == "unavailable"
        assert int(reply.headers["Retry-After"]) > 0


class FullStore:
    """A DAG store on a disk that is full."""

    extensions = NO_EXTENSIONS

    async def put(self, compiled: object) -> None:
        raise StorageFull("the disk that holds data is full; make room and try again")


async def test_a_disk_that_is_full_is_a_507(api: Api) -> None:
    full: Any = FullStore()
    async with served(platform_over(evolve(memory_ports(), dag_store=full))) as failing:
        for path, document in (("/v1/traversals", SUBMISSION), ("/v1/specs", PASS)):
            reply = await failing.ask("POST", path, document)
            assert reply.status == 507
            assert "make room" in reply.document["detail"]


async def test_when_there_is_no_room_a_client_is_told_when_to_come_again() -> None:
    platform = platform_over(memory_ports(), ServerSettings(max_unfinished=2))
    async with served(platform) as api:
        replies = [await api.ask("POST", "/v1/traversals", SUBMISSION) for _ in range(3)]
        assert [reply.status for reply in replies] == [202, 202, 429]
        assert replies[-1].document["code"] == "no-room"
        assert int(replies[-1].headers["Retry-After"]) > 0


class BrokenClock:
    """A clock with a bug."""

    def now(self) -> Any:
        raise AssertionError("the secret inside")


async def test_a_bug_is_a_500_that_does_not_tell_what_is_inside() -> None:
    platform = evolve(platform_over(memory_ports()), clock=BrokenClock())
    async with served(platform) as api:
        accepted = await api.ask("POST", "/v1/traversals", SUBMISSION)
        reply = await api.ask("POST", f"/v1/traversals/{accepted.document['id']}/pause")
        assert reply.status == 500
        assert reply.document["code"] == "internal"
        assert b"secret" not in reply.content
        assert (await api.ask("GET", "/health/live")).status == 200


async def test_health_says_whether_it_can_serve_and_why_not() -> None:
    health = Health(ready=False, reasons=("the waystation starts again",), version="1")
    async with served(evolve(platform_over(memory_ports()), health=lambda: health)) as api:
        assert (await api.ask("GET", "/health/live")).status == 200
        reply = await api.ask("GET", "/health/ready")
        assert reply.status == 503
        assert reply.document == {"ready": False, "reasons": ["the waystation starts again"], "version": "1"}


async def test_with_keys_only_who_may_read_is_told_why_it_cannot_serve() -> None:
    health = Health(ready=False, reasons=("the disk at /data is full",), version="1")
    digest = hashlib.sha256(b"secret").hexdigest()
    settings = ServerSettings(keys=(ApiKey(name="monitor", digest=digest, scopes=frozenset({"read"})),))
    async with served(evolve(platform_over(memory_ports(), settings), health=lambda: health)) as api:
        for path in ("/health/live", "/health/ready"):
            assert "reasons" not in (await api.ask("GET", path)).document
            told = await api.ask("GET", path, headers={"Authorization": "Bearer secret"})
            assert told.document["reasons"] == ["the disk at /data is full"]


async def test_a_failure_that_comes_out_of_a_group_of_tasks_is_told_as_what_it_is() -> None:
    error = ExceptionGroup("tasks", [ExceptionGroup("inner", [StorageFull("it is full")])])
    assert problem_response(error, "/").status_code == 507
    several = ExceptionGroup("tasks", [StorageFull("it is full"), ValueError("secret")])
    assert problem_response(several, "/").status_code == 500


async def test_every_answer_bears_an_id_and_a_client_may_give_it(api: Api) -> None:
    reply = await api.ask("GET", "/v1/traversals", headers={"X-Request-Id": "abc-1"})
    assert reply.headers["X-Request-Id"] == "abc-1"
    replies = [await api.ask("GET", path, headers={"X-Request-Id": "a b"}) for path in ("/nope", "/v1/traversals")]
    ids = {each.headers["X-Request-Id"] for each in replies}
    assert len(ids) == 2
    assert "a b" not in ids


async def test_requests_are_counted_by_the_path_that_answered(api: Api) -> None:
    for path in ("/v1/traversals/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/v1/events/x/y?key=1", "/a/b", "/a/c"):
        await api.ask("GET", path)
    reply = await api.ask("GET", "/metrics")
    assert reply.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    text = reply.content.decode()
    assert 'waygrid_http_requests_total{method="GET",route="/v1/traversals/{id}",status="404"} 1.0' in text
    assert 'waygrid_http_requests_total{method="GET",route="/v1/events/{event}",status="405"} 1.0' in text
    assert 'waygrid_http_requests_total{method="GET",route="(none)",status="404"} 2.0' in text


async def test_what_a_request_holds_stays_out_of_the_log(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG", logger="waygrid_shell"):
        await api.ask("POST", "/v1/traversals", {**SUBMISSION, "payload": {"card": "4242"}})
        await api.ask("POST", "/v1/events/e?key=secret-key", {"card": "4242"})
    assert "POST /v1/traversals 202" in caplog.text
    assert "4242" not in caplog.text
    assert "secret-key" not in caplog.text
