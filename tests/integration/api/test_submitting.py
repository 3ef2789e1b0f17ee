"""What is handed in over HTTP is kept, and runs to its end."""

import asyncio
from typing import Any

import anyio
import pytest

from tests.integration.api.serving import Api
from waygrid_core.model.identifiers import TraversalId

pytestmark = pytest.mark.anyio

PASS: Any = {"entryPoints": [{"type": "pass", "output": {"said": {"$from": "/payload/word"}}}]}
WAIT: Any = {"entryPoints": [{"type": "await", "event": "go"}]}
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize("path", ["/v1/traversals", "/v1/ingest"])
async def test_a_submission_is_accepted_and_runs_to_its_end(api: Api, path: str) -> None:
    reply = await api.ask("POST", path, {"spec": PASS, "payload": {"word": "hello"}})
    assert reply.status == 202
    accepted = reply.document
    assert reply.headers["Location"] == accepted["links"]["self"] == f"/v1/traversals/{accepted['id']}"
    ended = await api.ended(accepted["id"])
    assert ended["status"] == "completed"
    assert ended["output"] == {"said": "hello"}
    assert ended["dag"] == accepted["dag"]


async def test_who_waits_gets_the_outcome(api: Api) -> None:
    outcome = await api.outcome(PASS, payload={"word": "now"})
    assert outcome["status"] == "completed"
    assert outcome["output"] == {"said": "now"}


async def test_many_who_wait_get_their_own_outcomes(api: Api) -> None:
    outcomes = await asyncio.gather(*(api.outcome(PASS, payload={"word": number}) for number in range(50)))
    assert [each["output"]["said"] for each in outcomes] == list(range(50))


async def test_who_waits_in_vain_is_told_where_to_look(api: Api) -> None:
    reply = await api.ask("POST", "/v1/traversals?wait=10ms", {"spec": WAIT})
    assert reply.status == 202
    shown = await api.ask("GET", reply.document["links"]["self"])
    assert shown.document["status"] in ("accepted", "running")


async def test_who_hangs_up_waits_no_longer(api: Api) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await api.ask("POST", "/v1/traversals?wait=60s", {"spec": WAIT})
    with anyio.fail_after(30):
        while api.platform.endings._waiters:
            await anyio.sleep(0.01)


async def test_who_waits_when_the_server_is_to_stop_is_answered(api: Api) -> None:
    async with asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(api.ask("POST", "/v1/traversals?wait=60s", {"spec": WAIT}))
        while not api.platform.endings._waiters:
            await anyio.sleep(0.01)
        api.platform.endings.close()
    assert asked.result().status == 202


@pytest.mark.parametrize(
    "text",
    [
        "entryPoints:\n  - type: pass\n    output: {said: yaml}\n",
        '{"entryPoints": [{"type": "pass", "output": {"said": "yaml"}}]}',
    ],
)
async def test_a_spec_may_be_a_text_of_yaml_or_json(api: Api, text: str) -> None:
    assert (await api.outcome(text))["output"] == {"said": "yaml"}


async def test_a_stored_dag_is_submitted_by_its_hash(api: Api) -> None:
    stored = await api.ask("POST", "/v1/specs", PASS)
    submitted = {"dag": stored.document["dag"], "payload": {"word": "by hash"}}
    reply = await api.ask("POST", "/v1/traversals?wait=60s", submitted)
    assert reply.document["output"] == {"said": "by hash"}
    assert (await api.ask("POST", "/v1/traversals", {"dag": "0" * 64})).status == 404
    assert (await api.ask("POST", "/v1/traversals", {"dag": "abc"})).status == 404


async def test_a_body_may_be_a_stored_dag(api: Api) -> None:
    stored = await api.ask("POST", "/v1/specs", PASS)
    caller = {"entryPoints": [{"type": "call", "body": {"dag": stored.document["dag"]}}]}
    assert (await api.outcome(caller, payload={"word": "inner"}))["output"] == {"said": "inner"}


async def test_what_a_user_called_it_is_shown(api: Api) -> None:
    shown = await api.outcome(PASS, name="greeting", labels={"team/a": "x:y", "n": ""})
    assert shown["name"] == "greeting"
    assert shown["labels"] == {"team/a": "x:y", "n": ""}


async def test_without_a_name_it_is_called_as_its_spec_is(api: Api) -> None:
    named = {**PASS, "name": "greeting"}
    assert (await api.outcome(named))["name"] == "greeting"
    assert (await api.outcome(named, name="mine"))["name"] == "mine"
    assert len((await api.outcome({**PASS, "name": "x" * 1_000}))["name"]) == 256


async def test_a_traversal_is_part_of_the_trace_of_its_request(api: Api) -> None:
    headers = {"traceparent": TRACE, "tracestate": "vendor=1"}
    reply = await api.ask("POST", "/v1/traversals?wait=60s", {"spec": PASS}, headers=headers)
    traversal = TraversalId(reply.document["id"])
    origin = (await api.platform.journal.load([traversal]))[traversal].origin
    assert origin.trace is not None
    assert TRACE[3:35] in origin.trace.traceparent
    assert origin.trace.tracestate == "vendor=1"
    for odd in ({"traceparent": "nonsense"}, {"traceparent": TRACE, "tracestate": "x" * 5_000}):
        assert (await api.ask("POST", "/v1/traversals", {"spec": PASS}, headers=odd)).status == 202


async def test_the_same_key_is_the_same_traversal(api: Api) -> None:
    submission = {"spec": PASS, "payload": {"word": 1}}
    headers = {"Idempotency-Key": "order-17"}
    replies = await asyncio.gather(*(api.ask("POST", "/v1/traversals", submission, headers=headers) for _ in range(20)))
    assert {reply.status for reply in replies} == {202}
    assert len({reply.document["id"] for reply in replies}) == 1
    ended = await api.ended(replies[0].document["id"])
    again = await api.ask("POST", "/v1/traversals?wait=60s", submission, headers=headers)
    assert again.status == 200
    assert again.document["id"] == ended["id"]
    other = await api.ask("POST", "/v1/traversals", {**submission, "payload": {"word": 2}}, headers=headers)
    assert other.status == 422
    assert other.document["code"] == "idempotency-key-reused"
    assert len((await api.ask("GET", "/v1/traversals")).document["items"]) == 1


async def test_a_batch_is_a_traversal_a_payload(api: Api) -> None:
    batch = {"spec": PASS, "payloads": [{"word": number} for number in range(5)], "labels": {"batch": "b"}}
    reply = await api.ask("POST", "/v1/traversals/batch", batch, headers={"Idempotency-Key": "b-1"})
    assert reply.status == 202
    ended = [await api.ended(each) for each in reply.document["ids"]]
    assert [each["output"]["said"] for each in ended] == list(range(5))
    assert all(each["labels"] == {"batch": "b"} for each in ended)
    again = await api.ask("POST", "/v1/traversals/batch", batch, headers={"Idempotency-Key": "b-1"})
    assert again.document == reply.document
    longer = {**batch, "payloads": [*batch["payloads"], {"word": 5}]}
    assert (await api.ask("POST", "/v1/traversals/batch", longer, headers={"Idempotency-Key": "b-1"})).status == 422


async def test_keys_of_a_batch_are_not_those_of_single_submissions(api: Api) -> None:
    first = await api.ask(
        "POST", "/v1/traversals/batch", {"spec": PASS, "payloads": [1]}, headers={"Idempotency-Key": "a"}
    )
    for key in ("a/0", "a0", "a 0"):
        submission = {"spec": PASS, "payload": 1}
        reply = await api.ask("POST", "/v1/traversals", submission, headers={"Idempotency-Key": key})
        assert reply.status == 202
        assert reply.document["id"] not in first.document["ids"]


async def test_all_that_is_wrong_with_a_spec_is_said_at_once(api: Api) -> None:
    wrong = {"entryPoints": [{"type": "pas"}, {"type": "pass", "onSuccess": {"ref": "nowhere"}}], "foo": 1}
    for spec in (wrong, "entryPoints: [{type: pas}, {type: pass, onSuccess: {ref: nowhere}}]\nfoo: 1\n"):
        reply = await api.ask("POST", "/v1/traversals", {"spec": spec})
        assert reply.status == 422
        assert reply.headers["Content-Type"] == "application/problem+json"
        problem = reply.document
        assert problem["code"] == "invalid-spec"
        assert [(each["code"], each["pointer"]) for each in problem["errors"]] == [
            ("unknown-type", "/entryPoints/0/type"),
            ("unknown-ref", "/entryPoints/1/onSuccess/ref"),
            ("unknown-field", "/foo"),
        ]


@pytest.mark.parametrize(
    ("submission", "pointers"),
    [
        ({}, [""]),
        ({"spec": PASS, "dag": "0" * 64}, [""]),
        ({"spec": PASS, "entry": 1}, ["/entry"]),
        ({"spec": PASS, "entry": -1}, ["/entry"]),
        ({"spec": PASS, "entry": "0"}, ["/entry"]),
        ({"spec": PASS, "entry": True}, ["/entry"]),
        ({"spec": PASS, "name": ""}, ["/name"]),
        (
            {"spec": PASS, "name": "x" * 257, "labels": {"a b": "1", "l": "x" * 257}},
            ["/name", "/labels/a b", "/labels/l"],
        ),
        ({"spec": PASS, "labels": {"waygrid/retry-of": "x"}}, ["/labels/waygrid~1retry-of"]),
        ({"spec": PASS, "labels": {f"l{number}": "" for number in range(33)}}, ["/labels"]),
        ({"spec": PASS, "labels": {"a": 1}}, ["/labels/a"]),
        ({"spec": PASS, "a/b": 1, "c": 2}, ["/a~1b", "/c"]),
        ([], [""]),
        ("text", [""]),
    ],
)
async def test_whatever_is_wrong_with_a_submission_is_said_with_its_place(
    api: Api, submission: Any, pointers: list[str]
) -> None:
    reply = await api.ask("POST", "/v1/traversals", submission)
    assert reply.status == 422
    assert reply.document["code"] == "invalid-request"
    assert [each["pointer"] for each in reply.document["errors"]] == pointers


@pytest.mark.parametrize("payloads", [[], None, "abc"])
async def test_a_batch_has_payloads(api: Api, payloads: Any) -> None:
    reply = await api.ask("POST", "/v1/traversals/batch", {"spec": PASS, "payloads": payloads})
    assert reply.status == 422
    assert reply.document["errors"][0]["pointer"] == "/payloads"


@pytest.mark.parametrize("wait", ["soon", "-1s", "1", ""])
async def test_a_wait_is_a_duration(api: Api, wait: str) -> None:
    reply = await api.ask("POST", f"/v1/traversals?wait={wait}", {"spec": PASS})
    assert reply.status == 400
    assert reply.document["code"] == "bad-parameter"


@pytest.mark.parametrize("key", ["x" * 256, "tab\tin it", "ü"])
async def test_an_idempotency_key_is_short_and_printable(api: Api, key: str) -> None:
    reply = await api.ask("POST", "/v1/traversals", {"spec": PASS}, headers={"Idempotency-Key": key})
    assert reply.status == 400
