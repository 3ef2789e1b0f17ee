"""Channels: what is delivered to them is heard by whoever listens, now or later."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from tests.integration.api.serving import Api, listening, platform_over, serving
from waygrid_core.model.identifiers import TraversalId
from waygrid_shell.adapters.host.clock import HostClock
from waygrid_shell.api import channels
from waygrid_shell.ports.channel_log import ChannelMessage, Kept
from waygrid_shell.ports.failure import Unavailable
from waygrid_shell.runtime.wiring import Ports, memory_ports
from waygrid_shell.settings.settings import ApiKey, ServerSettings

pytestmark = pytest.mark.anyio

NEWS = "/v1/channels/news"


def spec(channel: str = "news", **parameters: Any) -> dict[str, Any]:
    address = "waygrid://destination/websocket"
    return {"entryPoints": [{"type": "standard", "address": address, "parameters": {"channel": channel, **parameters}}]}


@asynccontextmanager
async def listener(api: Api, path: str, **more: Any) -> AsyncIterator[ClientConnection]:
    more = {"max_queue": None, **more}  # else a client that goes with messages unread waits for nothing
    async with connect(api.url.replace("http", "ws") + path, proxy=None, **more) as connection:
        yield connection


async def heard(connection: ClientConnection, count: int) -> list[Any]:
    async with asyncio.timeout(30):
        return [json.loads(await connection.recv()) for _ in range(count)]


async def heard_to_the_end(connection: ClientConnection) -> tuple[list[int], int | None]:
    """The numbers of what comes until the connection ends, and the code that it is closed with, if any."""
    numbers: list[int] = []
    async with asyncio.timeout(30):
        while True:
            try:
                numbers.append(json.loads(await connection.recv())["number"])
            except ConnectionClosedError as closed:
                return numbers, None if closed.rcvd is None else closed.rcvd.code


async def append(api: Api, number: int, data: Any = None, channel: str = "news") -> Kept:
    message = ChannelMessage(
        channel=channel,
        key=f"key-{number}",
        traversal=TraversalId("01JDB8Z3M0000000000000TEST"),
        data=number if data is None else data,
        at=HostClock().now(),
    )
    (kept,) = await api.platform.channel_log.append([message])
    return kept


async def test_a_delivery_is_heard_by_who_listens_and_says_whose_it_is(api: Api) -> None:
    async with listener(api, f"{NEWS}?after=0") as ears:
        ended = await api.outcome(spec(), payload={"id": "é"})
        (message,) = await heard(ears, 1)
    assert ended["output"] == {"channel": "news", "number": 1}
    assert message.pop("at").endswith("Z")
    assert message == {"number": 1, "traversal": ended["id"], "data": {"id": "é"}}


async def test_data_can_be_something_else_than_the_input(api: Api) -> None:
    data = {"order": {"$from": "/payload/id"}}
    async with listener(api, f"{NEWS}?after=0") as ears:
        await api.outcome(spec(data=data), payload={"id": 7, "card": "secret"})
        (message,) = await heard(ears, 1)
    assert message["data"] == {"order": 7}


async def test_who_comes_later_hears_what_is_kept_and_then_what_is_new(api: Api) -> None:
    for number in range(1, 101):  # more than are read at once
        await append(api, number)
    async with listener(api, f"{NEWS}?after=40") as ears:
        assert [each["number"] for each in await heard(ears, 60)] == list(range(41, 101))
        await append(api, 101)
        assert [each["data"] for each in await heard(ears, 1)] == [101]


async def test_who_was_cut_off_comes_again_and_misses_nothing(api: Api) -> None:
    seen: list[int] = []

    async def deliver() -> None:
        for number in range(1, 201):
            await append(api, number)
            await anyio.lowlevel.checkpoint()

    async with asyncio.timeout(60), anyio.create_task_group() as tasks:
        tasks.start_soon(deliver)
        while len(seen) < 200:
            async with listener(api, f"{NEWS}?after={seen[-1] if seen else 0}") as ears:
                seen += [each["number"] for each in await heard(ears, min(7, 200 - len(seen)))]
    assert seen == list(range(1, 201))


async def test_without_a_number_only_what_is_new_is_heard(api: Api) -> None:
    await append(api, 1)
    async with listener(api, NEWS) as ears:
        await ears.ping()  # accepted, and about to listen
        for number in range(2, 30):  # whichever of them comes first, it is none from before
            await append(api, number)
        first, second = await heard(ears, 2)
    assert first["number"] > 1
    assert second["number"] == first["number"] + 1


async def test_a_delivery_that_is_made_again_is_one_message(api: Api) -> None:
    assert (await append(api, 1)).number == 1
    assert (await append(api, 1)).number == 1
    await append(api, 2)
    async with listener(api, f"{NEWS}?after=0") as ears:
        assert [each["data"] for each in await heard(ears, 2)] == [1, 2]


async def test_many_listen_and_each_hears_everything_of_its_channel_and_nothing_else(api: Api) -> None:
    heard_by: dict[int, list[int]] = {}
    async with asyncio.timeout(60), anyio.create_task_group() as tasks:
        ready = 0
        all_ready = anyio.Event()

        async def listen(number: int) -> None:
            nonlocal ready
            async with listener(api, f"{NEWS}?after=0") as ears:
                ready += 1
                if ready == 40:
                    all_ready.set()
                heard_by[number] = [each["data"] for each in await heard(ears, 20)]

        for number in range(40):
            tasks.start_soon(listen, number)
        await all_ready.wait()
        for number in range(20):
            await append(api, number)
            await append(api, number, data="other", channel="other")
    assert heard_by == {number: list(range(20)) for number in range(40)}


async def test_a_listener_that_takes_nothing_is_dropped_and_can_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "SLOWEST_SECONDS", 0.3)
    async with listening(platform_over(memory_ports())) as api:
        for number in range(1, 60):
            await append(api, number, data=secrets.token_hex(500_000))
        async with listener(api, f"{NEWS}?after=0", max_size=None, max_queue=1, close_timeout=5) as slow:
            slow.transport.pause_reading()  # it takes nothing, as a page that hangs
            async with listener(api, f"{NEWS}?after=58", max_size=None) as quick:
                assert (await heard(quick, 1))[0]["number"] == 59  # nobody else waits for it
            await anyio.sleep(2)  # much longer than it may take nothing
            slow.transport.resume_reading()
            seen, code = await heard_to_the_end(slow)
        assert seen == list(range(1, len(seen) + 1))
        assert len(seen) < 59
        assert code in (None, channels.TOO_SLOW)  # None: the code did not fit into the full buffers any more
        async with listener(api, f"{NEWS}?after={seen[-1] if seen else 0}", max_size=None) as again:
            assert (await heard(again, 1))[0]["number"] == len(seen) + 1


async def test_what_a_listener_says_is_ignored_and_its_going_is_noticed(api: Api) -> None:
    async with listener(api, f"{NEWS}?after=0") as ears:
        for said in ("hello", b"\x00\xff", "x" * 10_000):
            await ears.send(said)
        await append(api, 1)
        assert (await heard(ears, 1))[0]["number"] == 1
    await append(api, 2)
    async with listener(api, f"{NEWS}?after=1") as ears:
        assert (await heard(ears, 1))[0]["number"] == 2


async def test_a_log_that_cannot_be_read_closes_with_a_code_that_says_to_come_again(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def read(channel: str, *, after: int, limit: int) -> Any:
        raise Unavailable("channel log", "the disk is away")

    monkeypatch.setattr(api.platform.channel_log, "read", read)
    async with listener(api, f"{NEWS}?after=0") as ears:
        await append(api, 1)
        with pytest.raises(ConnectionClosedError) as closed:
            await heard(ears, 1)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == channels.TRY_AGAIN_LATER
    assert "the disk is away" in closed.value.rcvd.reason


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/channels/-news", 404, "no-such-channel"),
        ("/v1/channels/a%20b", 404, "no-such-channel"),
        (f"/v1/channels/{'x' * 129}", 404, "no-such-channel"),
        (f"{NEWS}?after=-1", 400, "bad-parameter"),
        (f"{NEWS}?after=x", 400, "bad-parameter"),
        (f"{NEWS}?after={2**63}", 400, "bad-parameter"),
        (f"{NEWS}?since=1", 400, "bad-parameter"),
    ],
)
async def test_who_asks_wrongly_is_told_so_before_anything_is_opened(
    api: Api, path: str, status: int, code: str
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with listener(api, path):
            pass
    assert refused.value.response.status_code == status
    assert code in json.loads(refused.value.response.body or b"{}")["type"]


async def test_only_who_may_read_listens(ports: Ports) -> None:
    import hashlib

    def key(name: str, *scopes: Any) -> ApiKey:
        return ApiKey(name=name, digest=hashlib.sha256(name.encode()).hexdigest(), scopes=frozenset(scopes))

    settings = ServerSettings(keys=(key("reader", "read"), key("writer", "write")))
    async with serving(ports, settings=settings) as api:
        await append(api, 1)
        for headers, status in (({}, 401), ({"Authorization": "Bearer writer"}, 403)):
            with pytest.raises(InvalidStatus) as refused:
                async with listener(api, NEWS, additional_headers=headers):
                    pass
            assert refused.value.response.status_code == status
        async with listener(api, f"{NEWS}?after=0", additional_headers={"Authorization": "Bearer reader"}) as ears:
            assert (await heard(ears, 1))[0]["number"] == 1


async def test_a_foreign_web_page_may_not_listen(api: Api) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with listener(api, NEWS, origin="https://elsewhere.example"):
            pass
    assert refused.value.response.status_code == 403


async def test_a_wrong_channel_is_a_bad_value(api: Api) -> None:
    for channel in ("", "a b", "-", "x" * 129, 7):
        ended = await api.outcome(spec(channel=channel))  # type: ignore[arg-type]
        assert ended["error"]["code"] == "bad-value", ended
