"""The client and a server that runs: what is asked is done."""

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from tests.integration.api.serving import Api, serving
from waygrid_core.envelope.transport import TransportEnvelope, dead_letter
from waygrid_core.model.json_value import JsonValue
from waygrid_core.spec.authoring import Node, from_
from waygrid_core.spec.node import Spec
from waygrid_shell.client import (
    NotAllowed,
    NotFound,
    ProblemAnswer,
    SpecRefused,
    SpecText,
    SyncWaygridClient,
    TraversalFailed,
    WaygridClient,
)
from waygrid_shell.hosting.attempt import Attempt, Failed
from waygrid_shell.processors.function import App
from waygrid_shell.resources.live import Change, Progress
from waygrid_shell.resources.traversal import ENDED, TraversalView
from waygrid_shell.runtime.wiring import memory_ports
from waygrid_shell.settings.settings import ApiKey, Scope, ServerSettings

pytestmark = pytest.mark.anyio

DOUBLE = Spec.single(Node.standard("waygrid://processor/double").with_id("double"))
APPROVAL = Spec.single(Node.await_("approved", key=from_("/payload/id")).with_id("approval"))
YAML = "entryPoints:\n  - type: standard\n    address: waygrid://processor/double\n"

app = App()


@app.processor("double")
def double(number: int, attempt: Attempt) -> int:
    attempt.tell({"halfway": True})
    return number * 2


@app.processor("declines")
def declines(number: int) -> None:
    raise Failed("card-declined", "no funds")


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with serving(memory_ports(), app) as api:
        yield api


@pytest.fixture
async def client(api: Api) -> AsyncIterator[WaygridClient]:
    async with WaygridClient(api.url) as client:
        yield client


async def test_what_is_submitted_runs_to_its_end(client: WaygridClient) -> None:
    accepted = await client.submit(DOUBLE, 21, name="one", labels={"customer": "ada"})
    ended = await client.wait(accepted.id, timedelta(seconds=30))
    assert (ended.status, ended.output, ended.name, ended.labels) == ("completed", 42, "one", {"customer": "ada"})
    assert ended == await client.get(accepted.id)
    assert await client.result(accepted.id) == 42


async def test_a_run_gives_the_end_at_once(client: WaygridClient) -> None:
    assert (await client.run(DOUBLE, 4)).output == 8
    failed = await client.run(Spec.single(Node.standard("waygrid://processor/declines")), 4)
    assert (failed.status, failed.error and failed.error.code) == ("failed", "card-declined")
    with pytest.raises(TraversalFailed, match="card-declined"):
        await client.result(failed.id)


async def test_a_spec_may_be_built_a_document_a_text_or_a_file(client: WaygridClient, tmp_path: Path) -> None:
    (tmp_path / "double.yaml").write_text(YAML)
    document: dict[str, JsonValue] = {"entryPoints": [{"type": "standard", "address": "waygrid://processor/double"}]}
    (tmp_path / "double.json").write_text(
        '{"entryPoints": [{"type": "standard", "address": "waygrid://processor/double"}]}'
    )
    given = (
        document,
        SpecText(YAML),
        tmp_path / "double.yaml",
        str(tmp_path / "double.yaml"),
        tmp_path / "double.json",
    )
    dags = {(await client.submit(spec, 1)).dag for spec in given}
    verdicts = [await client.validate(spec) for spec in given] + [await client.store(spec) for spec in given]
    assert dags == {verdict.dag for verdict in verdicts}
    assert all(verdict.valid for verdict in verdicts)
    (dag,) = dags
    assert (await client.run(dag=dag, payload=5)).output == 10
    flat = await client.dag(str(dag))
    assert isinstance(flat, dict)
    assert flat["hash"] == dag


async def test_all_that_is_wrong_with_a_spec_is_told(client: WaygridClient, tmp_path: Path) -> None:
    wrong = SpecText("entryPoints: [{type: standard, address: x, timeout: 5 sec}]")
    assert [each.code for each in (await client.validate(wrong)).errors] == ["bad-address", "bad-duration"]
    for refused in (client.submit(wrong), client.store(wrong), client.submit_batch(wrong, [1])):
        with pytest.raises(SpecRefused) as raised:
            await refused
        assert [each.pointer for each in raised.value.errors] == ["/entryPoints/0/address", "/entryPoints/0/timeout"]
    with pytest.raises(OSError, match="missing"):
        await client.submit(tmp_path / "missing.yaml")


async def test_the_same_key_gives_the_same_traversal_and_refuses_another_request(client: WaygridClient) -> None:
    first = await client.submit(DOUBLE, 1, idempotency_key="k")
    assert (await client.submit(DOUBLE, 1, idempotency_key="k")).id == first.id
    assert (await client.submit(DOUBLE, 1)).id != first.id
    with pytest.raises(ProblemAnswer, match="another") as raised:
        await client.submit(DOUBLE, 2, idempotency_key="k")
    assert raised.value.problem.code == "idempotency-key-reused"


async def test_a_batch_is_one_traversal_a_payload_in_order(client: WaygridClient) -> None:
    batch = await client.submit_batch(DOUBLE, [1, 2, 3], labels={"batch": "a"})
    assert [await client.result(each) for each in batch.ids] == [2, 4, 6]
    listed = [each.id async for each in client.list(labels={"batch": "a"}, page_size=1)]
    assert sorted(listed) == sorted(batch.ids)


async def test_a_list_holds_what_is_as_all_that_is_asked_says(client: WaygridClient) -> None:
    before = datetime.now(UTC)
    waiting = await client.submit(APPROVAL, {"id": "o-1"}, name="first", labels={"customer": "ada"})
    done = await client.submit(DOUBLE, 1, name="second")
    await client.wait(done.id)

    async def ids(**asked: object) -> list[str]:
        return [each.id async for each in client.list(**asked)]  # type: ignore[arg-type]

    assert await ids() == [done.id, waiting.id]
    assert await ids(status="completed") == [done.id]
    assert await ids(status=["failed", "completed"]) == [done.id]
    assert await ids(name="first") == [waiting.id]
    assert await ids(labels={"customer": "ada"}) == [waiting.id]
    assert await ids(labels={"customer": "ada"}, name="second") == []
    assert await ids(dag=done.dag) == [done.id]
    assert await ids(begun_before=before - timedelta(minutes=1)) == []
    assert len(await ids(begun_from=before - timedelta(minutes=1))) == 2
    with pytest.raises(ValueError, match="offset"):
        await ids(begun_from=datetime(2026, 1, 1))


async def test_an_event_answers_who_awaits_it_by_key_or_by_traversal(client: WaygridClient) -> None:
    by_key = await client.submit(APPROVAL, {"id": "order 7/ü"})
    sent = await client.send_event("approved", {"by": "Ada"}, key="order 7/ü", idempotency_key="once")
    again = await client.send_event("approved", {"by": "Ada"}, key="order 7/ü", idempotency_key="once")
    assert (sent.event, sent.key, sent.id) == ("approved", "order 7/ü", again.id)
    assert await client.result(by_key.id) == {"by": "Ada"}
    by_traversal = await client.submit(Spec.single(Node.await_("go/on")))
    await client.send_event("go/on", [1], traversal=by_traversal.id)
    assert await client.result(by_traversal.id) == [1]


async def test_what_happens_is_told_while_it_happens(client: WaygridClient) -> None:
    spec = Spec.single(
        Node.await_("go").with_id("wait").on_success(Node.standard("waygrid://processor/double").with_id("double"))
    )
    accepted = await client.submit(spec)
    story: list[TraversalView | Change | Progress] = []
    async for told in client.watch(accepted.id, timedelta(seconds=30)):
        if not story:
            await client.send_event("go", 4, traversal=accepted.id)
        story.append(told)
    first, *between, last = story
    assert isinstance(first, TraversalView)
    assert first.status not in ENDED
    assert isinstance(last, TraversalView)
    assert (last.status, last.output) == ("completed", 8)
    happened = [(node.name, node.what) for told in between if isinstance(told, Change) for node in told.nodes]
    assert ("double", "NodeSucceeded") in happened
    assert [told.data for told in between if isinstance(told, Progress)] == [{"halfway": True}]


async def test_a_traversal_is_paused_goes_on_and_is_canceled(client: WaygridClient) -> None:
    accepted = await client.submit(APPROVAL, {"id": "x"})
    await client.pause(accepted.id)
    with anyio.fail_after(30):
        while (await client.get(accepted.id)).status != "paused":
            await anyio.sleep(0.01)
        await client.resume(accepted.id)
        while (await client.get(accepted.id)).status != "running":
            await anyio.sleep(0.01)
    await client.cancel(accepted.id, "changed my mind")
    ended = await client.wait(accepted.id)
    assert (ended.status, ended.reason) == ("canceled", "changed my mind")
    with pytest.raises(ProblemAnswer, match="has ended") as raised:
        await client.cancel(accepted.id)
    assert raised.value.problem.status == 409


async def test_the_history_is_told_and_any_state_of_it_shown(client: WaygridClient) -> None:
    ended = await client.run(DOUBLE, 3)
    entries = [each async for each in client.history(ended.id)]
    assert entries[-1].version == ended.version
    assert any("double succeeded" in line for entry in entries for line in entry.lines)
    begun = await client.get(ended.id, at=entries[0].version)
    assert (begun.status, begun.version) == ("running", entries[0].version)


async def test_what_is_not_there_is_not_found(client: WaygridClient) -> None:
    missing = "01JABCDEFGHJKMNPQRSTVWXYZ0"
    for asked in (client.get(missing), client.wait(missing), client.cancel(missing), client.dag("0" * 64)):
        with pytest.raises(NotFound):
            await asked
    with pytest.raises(NotFound):
        await client.get("not an id?")
    for wrong in (client.get("a/b"), client.pause(""), client.dag("..")):
        with pytest.raises(ValueError, match="is no id"):
            await wrong
    with pytest.raises(NotFound):
        await client.dead_letter(4)


async def test_dead_letters_are_shown_sent_again_and_discarded(api: Api, client: WaygridClient) -> None:
    records = [
        TransportEnvelope(topic="system.waystation", key="k", headers={}, value=f"no message {number}".encode())
        for number in range(3)
    ]
    await api.platform.event_log.publish([dead_letter(each, "it cannot be read") for each in records])
    letters = [each async for each in client.dead_letters(page_size=2)]
    assert [(each.topic, each.reason) for each in letters] == [("system.waystation", "it cannot be read")] * 3
    assert await client.dead_letter(letters[0].id) == letters[0]
    await client.discard(letters[0].id)
    with pytest.raises(NotFound):
        await client.discard(letters[0].id)
    assert await client.redrive(letters[1].id) == 1
    assert await client.redrive() >= 1


async def test_a_server_with_keys_lets_those_in_that_may() -> None:
    def key(name: str, scope: Scope) -> ApiKey:
        return ApiKey(name=name, digest=hashlib.sha256(name.encode()).hexdigest(), scopes=frozenset({scope}))

    settings = ServerSettings(keys=(key("reader", "read"), key("writer", "write")))
    async with serving(memory_ports(), app, settings) as api:
        for given, calls in ((None, ("submit", "list")), ("unknown", ("submit", "list")), ("reader", ("submit",))):
            async with WaygridClient(api.url, given) as client:
                for call in calls:
                    with pytest.raises(NotAllowed, match="as WAYGRID_KEY"):
                        await (client.submit(DOUBLE, 1) if call == "submit" else anext(client.list()))
        async with WaygridClient(api.url, "writer") as writer, WaygridClient(api.url, "reader") as reader:
            assert await reader.result((await writer.submit(DOUBLE, 2)).id) == 4


async def test_it_says_whether_the_server_is_well(client: WaygridClient) -> None:
    assert (await client.health()).ready


async def test_the_blocking_client_does_the_same(api: Api) -> None:
    def block() -> JsonValue:
        with SyncWaygridClient(api.url) as client:
            accepted = client.submit(DOUBLE, 8)
            last = list(client.watch(accepted.id))[-1]
            assert isinstance(last, TraversalView)
            assert [each.id for each in client.list()] == [accepted.id]
            return last.output

    assert await anyio.to_thread.run_sync(block) == 16
