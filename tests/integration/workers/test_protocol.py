"""What is said on the wire between a server and a worker elsewhere, and what is not heard."""

import hashlib
from typing import Any

import anyio
import pytest
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from tests.integration.api.serving import Api, serving
from tests.integration.plant.running import work
from tests.integration.workers.elsewhere import Speaker, connecting, speaking
from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_shell.ports.event_log import EventLog
from waygrid_shell.ports.failure import Unavailable
from waygrid_shell.runtime.wiring import Ports, memory_ports
from waygrid_shell.settings.settings import ApiKey, ServerSettings

pytestmark = pytest.mark.anyio

STOCK = {"entryPoints": [work("stock")]}


async def test_a_request_says_all_that_a_worker_needs(api: Api) -> None:
    spec = {"entryPoints": [work("stock", parameters={"shelf": 3, "pin": {"$secret": {"path": "shop/pin"}}})]}
    async with speaking(api.url, "stock") as worker:
        traversal = await api.submit(spec, payload={"id": 7})
        (request,) = await worker.requests(1)
        assert request["address"] == "waygrid://processor/stock"
        assert request["message"]["traversal"] == traversal
        assert request["message"]["input"] == {"id": 7}
        assert request["message"]["parameters"] == {"shelf": 3, "pin": {"$secret": {"path": "shop/pin"}}}
        assert len(request["attemptKey"]) == len(request["idempotencyKey"]) == 32
        assert request["headers"]["ce_type"] == "io.waygrid.NodeTraversalRequested.v1"
        await worker.answer(1, request, output={"reserved": 7})
        assert await worker.hear() == {"type": "confirmed", "number": 1}
        assert (await api.ended(traversal))["output"] == {"reserved": 7}


async def test_what_was_given_to_a_worker_that_goes_is_given_to_another(api: Api) -> None:
    async with speaking(api.url, "stock") as stays:
        async with speaking(api.url, "stock", window=20) as goes:
            traversal = await api.submit(STOCK)
            (before,) = await goes.requests(1)  # it has more room than the other
        (again,) = await stays.requests(1)
        assert again["attemptKey"] == before["attemptKey"]
        await stays.answer(1, again)
        assert (await api.ended(traversal))["status"] == "completed"


async def test_what_nobody_serves_waits(api: Api) -> None:
    traversal = await api.submit(STOCK)
    async with speaking(api.url, "stock") as first:
        await first.requests(1)
    async with speaking(api.url, "stock") as second:
        (request,) = await second.requests(1)
        await second.answer(1, request)
        assert (await api.ended(traversal))["status"] == "completed"


async def test_a_worker_has_no_more_at_once_than_it_said(api: Api) -> None:
    async with speaking(api.url, "stock", window=2) as worker:
        traversals = [await api.submit(STOCK) for _ in range(5)]
        has: list[Any] = []
        most, answered, confirmed = 0, 0, 0
        while confirmed < 5:
            frame = await worker.hear()
            if frame["type"] == "confirmed":
                confirmed += 1
            else:
                has += frame["requests"]
                most = max(most, len(has))
            if has and (len(has) == 2 or answered == 4):
                answered += 1
                await worker.answer(answered, has.pop(0))
        assert most == 2
        assert {(await api.ended(each))["status"] for each in traversals} == {"completed"}


async def test_a_cancel_goes_to_the_worker_that_has_the_attempt(api: Api) -> None:
    async with speaking(api.url, "stock", window=1) as one, speaking(api.url, "stock", window=1) as other:
        traversals = [await api.submit(STOCK), await api.submit(STOCK)]
        (first,) = await one.requests(1)
        (second,) = await other.requests(1)
        whose = {first["message"]["traversal"]: (one, first), second["message"]["traversal"]: (other, second)}
        worker, request = whose[traversals[1]]
        assert (await api.ask("POST", f"/v1/traversals/{traversals[1]}/cancel")).status == 202
        assert await worker.hear() == {"type": "cancels", "deliveries": [request["delivery"]]}
        await worker.say(type="release", deliveries=[request["delivery"]])
        assert (await api.ended(traversals[1]))["status"] == "canceled"
        worker, request = whose[traversals[0]]
        await worker.answer(1, request)
        assert await worker.hear() == {"type": "confirmed", "number": 1}  # the cancel was none of its business
        with anyio.fail_after(20):
            while await api.platform.event_log.backlog():
                await anyio.sleep(0.01)


async def test_an_attempt_that_was_canceled_while_it_waited_is_given_to_nobody(api: Api) -> None:
    async with speaking(api.url, "stock", window=1) as worker:
        kept, canceled, last = [await api.submit(STOCK) for _ in range(3)]
        (request,) = await worker.requests(1)
        assert request["message"]["traversal"] == kept
        await api.ask("POST", f"/v1/traversals/{canceled}/cancel")
        await api.ended(canceled)
        with anyio.fail_after(20):
            while (await api.platform.event_log.backlog()).get("processor.stock") != 2:  # of the kept and the last
                await anyio.sleep(0.01)
        await worker.answer(1, request)
        frames = [await worker.hear(), await worker.hear()]
        (given,) = [frame for frame in frames if frame["type"] == "requests"]
        assert [each["message"]["traversal"] for each in given["requests"]] == [last]


async def test_what_is_released_without_a_cancel_is_given_again(api: Api) -> None:
    async with speaking(api.url, "stock") as worker:
        await api.submit(STOCK)
        (request,) = await worker.requests(1)
        await worker.say(type="release", deliveries=[request["delivery"]])
        (again,) = await worker.requests(1)
        assert again["attemptKey"] == request["attemptKey"]
        assert again["delivery"] != request["delivery"]


async def test_who_drains_is_given_nothing_new_and_may_still_answer(api: Api) -> None:
    async with speaking(api.url, "stock", window=20) as drains, speaking(api.url, "stock", window=10) as other:
        traversal = await api.submit(STOCK)
        (request,) = await drains.requests(1)
        await drains.say(type="drain")
        await drains.say(type="answers", number=1, answers=[])
        assert (await drains.hear())["type"] == "confirmed"  # so the drain has been heard
        await api.submit(STOCK)
        await other.requests(1)
        await drains.answer(2, request)
        assert await drains.hear() == {"type": "confirmed", "number": 2}
        assert (await api.ended(traversal))["status"] == "completed"


async def test_an_answer_to_what_a_worker_does_not_have_is_refused(api: Api) -> None:
    async with speaking(api.url, "stock") as worker, speaking(api.url, "other") as stranger:
        traversal = await api.submit(STOCK)
        (request,) = await worker.requests(1)
        await stranger.answer(5, request, output={"forged": True})
        assert await stranger.hear() == {"type": "confirmed", "number": 5, "refused": [request["delivery"]]}
        await worker.answer(1, request, output={"true": True})
        await worker.hear()
        assert (await api.ended(traversal))["output"] == {"true": True}


async def test_an_answer_counts_once(api: Api) -> None:
    async with speaking(api.url, "stock") as worker:
        traversal = await api.submit(STOCK)
        (request,) = await worker.requests(1)
        await worker.answer(1, request, output={"n": 1})
        await worker.answer(2, request, output={"n": 2})
        frames = sorted([await worker.hear(), await worker.hear()], key=lambda frame: int(frame["number"]))
        assert [frame["number"] for frame in frames] == [1, 2]
        assert (await api.ended(traversal))["output"] in ({"n": 1}, {"n": 2})
        decisions = await api.platform.journal.decisions(traversal)  # type: ignore[arg-type]
        answers = [event for each in decisions for event in each.events if type(event).__name__ == "NodeSucceeded"]
        assert len(answers) == 1


async def test_an_output_that_is_too_large_or_too_deep_fails_the_attempt(api: Api) -> None:
    deep: Any = []
    for _ in range(300):
        deep = [deep]
    async with speaking(api.url, "stock") as worker:
        for number, output in enumerate(["x" * (1024 * 1024), deep]):
            traversal = await api.submit(STOCK)
            (request,) = await worker.requests(1)
            await worker.answer(number, request, output=output)
            await worker.hear()
            ended = await api.ended(traversal)
            assert (ended["status"], ended["error"]["code"]) == ("failed", "bad-output")


async def test_a_failure_is_told_in_as_many_words_as_are_worth_keeping(api: Api) -> None:
    async with speaking(api.url, "stock") as worker:
        traversal = await api.submit(STOCK)
        (request,) = await worker.requests(1)
        names = {name: request["message"][name] for name in ("traversal", "node", "attempt")}
        error = {"code": "c" * 10_000, "message": "m" * 100_000}
        message = {"type": "NodeTraversalFailed.v1", **names, "error": error}
        await worker.say(type="answers", number=1, answers=[{"delivery": request["delivery"], "message": message}])
        await worker.hear()
        told = (await api.ended(traversal))["error"]
        assert (len(told["code"]), len(told["message"])) == (200, 2_000)


FORGED = [
    {"type": "TimerFired.v1", "timer": "x"},
    {"type": "TraversalCancelRequested.v1"},
    {"type": "NodeTraversalSucceeded.v1", "node": "0123456789abcdef", "attempt": 1},
    {"type": "NodeTraversalSucceeded.v9"},
    {"no": "message"},
]


@pytest.mark.parametrize("message", FORGED, ids=lambda message: str(message.get("type", "none")))
async def test_who_answers_with_anything_else_is_sent_away(api: Api, message: dict[str, Any]) -> None:
    async with speaking(api.url, "stock") as worker:
        traversal = await api.submit(STOCK)
        (request,) = await worker.requests(1)
        forged = {"traversal": traversal, **message}
        await worker.say(type="answers", number=1, answers=[{"delivery": request["delivery"], "message": forged}])
        assert await closing_code(worker) == 4400
    async with speaking(api.url, "stock") as worker:
        await worker.requests(1)


BAD = [
    {"type": "publish", "records": []},
    {"type": "hello", "protocol": 1, "serves": {"waygrid://processor/stock": 1}},
    {"type": "answers", "number": 1},
    {"type": "answers", "number": "1", "answers": []},
    {"type": "release", "deliveries": [], "more": 1},
    {"number": 1},
]


@pytest.mark.parametrize("frame", BAD, ids=str)
async def test_who_says_what_is_no_frame_is_sent_away_with_a_sentence(api: Api, frame: dict[str, Any]) -> None:
    async with speaking(api.url, "stock") as worker:
        await worker.say(**frame)
        assert await closing_code(worker) == 4400


HELLOS = [
    ({"protocol": 2, "serves": {"waygrid://processor/stock": 1}}, 4426),
    ({"protocol": 1, "serves": {}}, 4400),
    ({"protocol": 1, "serves": {"waygrid://system/waystation": 1}}, 4400),
    ({"protocol": 1, "serves": {"processor.stock": 1}}, 4400),
    ({"protocol": 1, "serves": {"waygrid://processor/stock": -1}}, 4400),
]


@pytest.mark.parametrize(("hello", "code"), HELLOS, ids=str)
async def test_a_hello_that_cannot_be_is_refused(api: Api, hello: dict[str, Any], code: int) -> None:
    async with connecting(api.url) as worker:
        await worker.say(type="hello", **hello)
        assert await closing_code(worker) == code


async def test_the_first_frame_is_a_hello(api: Api) -> None:
    async with connecting(api.url) as worker:
        await worker.say(type="drain")
        assert await closing_code(worker) == 4400


async def test_what_cannot_be_read_becomes_a_dead_letter_and_the_rest_goes_on(api: Api) -> None:
    log = api.platform.event_log
    await log.publish([TransportEnvelope(topic="processor.stock", key="k", headers={"ce_id": "1"}, value=b"{")])
    traversal = await api.submit(STOCK)
    async with speaking(api.url, "stock") as worker:
        (request,) = await worker.requests(1)
        await worker.answer(1, request)
        assert (await api.ended(traversal))["status"] == "completed"
    (letter,) = await log.dead_letters()
    assert "ce_specversion" in letter.reason


async def test_a_worker_that_comes_back_is_given_what_it_holds_and_told_what_it_lost(api: Api) -> None:
    async with speaking(api.url, "stock", window=20) as first:
        traversals = [await api.submit(STOCK) for _ in range(3)]
        keys = {each["message"]["traversal"]: each["attemptKey"] for each in await first.requests(3)}
        holding = tuple(keys[each] for each in traversals)
        async with speaking(api.url, "stock", window=1) as other:
            await first.socket.close()
            (taken,) = await other.requests(1)
            canceled = next(each for each in traversals if keys[each] != taken["attemptKey"])
            await api.ask("POST", f"/v1/traversals/{canceled}/cancel")
            await api.ended(canceled)
            with anyio.fail_after(20):
                while (await api.platform.event_log.backlog()).get("processor.stock") != 2:
                    await anyio.sleep(0.01)
            async with connecting(api.url) as back:
                serves = {"waygrid://processor/stock": 0}
                await back.say(type="hello", protocol=1, serves=serves, holding=holding)
                welcome = await back.hear()
                assert set(welcome["lost"]) == {taken["attemptKey"], keys[canceled]}
                (held,) = await back.requests(1)
                assert held["attemptKey"] == next(each for each in holding if each not in welcome["lost"])


async def test_only_a_key_that_may_work_is_let_in() -> None:
    def digest(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    keys = (
        ApiKey(name="worker", digest=digest("w"), scopes=frozenset({"work"})),
        ApiKey(name="reader", digest=digest("r"), scopes=frozenset({"read", "write"})),
    )
    async with serving(memory_ports(), settings=ServerSettings(keys=keys)) as api:
        for headers, status in (({}, 401), ({"Authorization": "Bearer r"}, 403), ({"Authorization": "Bearer x"}, 401)):
            with pytest.raises(InvalidStatus) as refused:
                async with speaking(api.url, "stock", headers=headers):
                    pytest.fail("it was let in")
            assert refused.value.response.status_code == status
        async with speaking(api.url, "stock", headers={"Authorization": "Bearer w"}):
            pass


async def test_a_web_page_from_elsewhere_is_not_let_in(api: Api) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with speaking(api.url, "stock", headers={"Origin": "https://evil.example"}):
            pytest.fail("it was let in")
    assert refused.value.response.status_code == 403


async def test_the_last_worker_that_goes_leaves_the_address_free(ports: Ports) -> None:
    async with serving(ports) as api:
        for _ in range(3):
            async with speaking(api.url, "stock"), speaking(api.url, "stock"):
                pass
        with anyio.fail_after(20):
            while not await is_free(ports.event_log, "processor.stock"):
                await anyio.sleep(0.01)


async def is_free(log: EventLog, topic: str) -> bool:
    """Whether nobody subscribes to that topic."""
    try:
        async with log.subscribe([topic]):
            return True
    except Unavailable:
        return False


async def closing_code(worker: Speaker) -> int:
    """What the connection is closed with, for a reason that is told; requests may come before."""
    try:
        while True:
            await worker.hear()
    except ConnectionClosedError as error:
        closed = error.rcvd
    assert closed is not None
    assert closed.reason
    return closed.code
