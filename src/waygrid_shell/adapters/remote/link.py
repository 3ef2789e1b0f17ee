"""The connection of a worker process to its server.

What the server gave on a connection is void when that is lost: it gives it again, to this worker (which says what it
holds) or to another. So the link never fails for a lost connection. An answer that was not confirmed is kept here until
its request has come again; a request for an attempt that is still worked on meets that attempt in the worker.
"""

import asyncio
import logging
import random
from collections import OrderedDict, deque
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress
from typing import Final, assert_never

import anyio
from attrs import define, field
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from waygrid_core.codec.json_bytes import read_json, write_json
from waygrid_core.codec.wire import MESSAGES
from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_core.message.identity import work_key
from waygrid_core.message.messages import (
    NodeTraversalCancelRequested,
    NodeTraversalFailed,
    NodeTraversalRequested,
    NodeTraversalSucceeded,
)
from waygrid_core.model.address import WAYSTATION, ServiceAddress, parse_address
from waygrid_core.model.json_value import JsonValue
from waygrid_core.model.topic import topic_name
from waygrid_core.outcome import Failure
from waygrid_shell.hosting.post import seal
from waygrid_shell.ports.clock import Clock
from waygrid_shell.ports.event_log import Delivery
from waygrid_shell.resources import work as frames
from waygrid_shell.resources.work import (
    Answers,
    Cancels,
    Confirmed,
    Drain,
    FromWorker,
    Hello,
    Progress,
    ProgressReport,
    Release,
    Requests,
    Welcome,
    WorkAnswer,
    WorkRequest,
    read_from_server,
    write_frame,
)

FIRST_WAIT_SECONDS: Final = 0.1
LONGEST_WAIT_SECONDS: Final = 10.0
"""Between attempts to connect; each wait is up to twice the one before, by chance shorter, so that a thousand workers
do not come back at one instant."""

OPEN_SECONDS: Final = 10.0
MAX_UNCONFIRMED: Final = 10_000
"""Answers that are kept until they are confirmed; an older one is forgotten, and its attempt made again."""

_MAX_OUTGOING: Final = 10_000
"""Frames that wait to be sent before progress is dropped."""

_FATAL_CODES: Final = frozenset({frames.BAD_FRAME, frames.OTHER_PROTOCOL})

_log = logging.getLogger(__name__)


class ServerRefused(Exception):  # noqa: N818 - it says what happened
    """The server will not have this worker; coming again does not help. The text is a sentence, with the cure."""


@define(eq=False)
class _Held:
    """An attempt that was given and is not done with.

    `number` names it on this connection, None if it was not given there; `position` is that of its latest delivery.
    """

    key: str
    address: ServiceAddress
    request: NodeTraversalRequested
    number: int | None = None
    position: int = 0
    is_settled: bool = False
    """Whether its answer is confirmed."""


@define(eq=False)
class Topic:
    """What was given of one topic and not taken yet."""

    deliveries: deque[Delivery] = field(factory=deque)
    has_some: asyncio.Event = field(factory=asyncio.Event)

    def put(self, delivery: Delivery) -> None:
        """Add one."""
        self.deliveries.append(delivery)
        self.has_some.set()


@define(eq=False)
class _Confirm:
    """Answers that were sent; `done` when they are confirmed or the connection is lost."""

    answered: list[_Held]
    done: asyncio.Event = field(factory=asyncio.Event)


class Link:
    """Made once a process, and run beside its workers. `serves`: how many attempts of each address at once."""

    def __init__(
        self,
        url: str,
        *,
        serves: Mapping[ServiceAddress, int],
        clock: Clock,
        key: str | None = None,
        name: str = "",
    ) -> None:
        self._url = url
        self._key = key
        self._name = name
        self._serves = dict(serves)
        self._clock = clock
        self._topics = {topic_name(address): Topic() for address in serves}
        self._held: dict[str, _Held] = {}
        self._by_position: dict[int, _Held] = {}
        self._numbers: dict[int, _Held] = {}
        self._unconfirmed: OrderedDict[str, bytes] = OrderedDict()
        self._positions = 0
        self._frame_number = 0
        self._is_draining = False
        self._is_connected = False
        self._outgoing: list[FromWorker] = []
        self._has_outgoing = asyncio.Event()
        self._has_settled = asyncio.Event()
        self._confirms: dict[int, _Confirm] = {}

    # --- what the ports ask

    def topic(self, name: str) -> Topic | None:
        """What was given of that topic; None if this worker does not serve it."""
        return self._topics.get(name)

    def remember(self, key: str, answer: bytes) -> None:
        """Keep an answer until it is confirmed."""
        self._unconfirmed[key] = answer
        while len(self._unconfirmed) > MAX_UNCONFIRMED:
            self._unconfirmed.popitem(last=False)

    def recall(self, key: str) -> bytes | None:
        """An answer that was not confirmed."""
        return self._unconfirmed.get(key)

    async def answer(self, answers: Sequence[NodeTraversalSucceeded | NodeTraversalFailed]) -> None:
        """Send these, and return when they are kept, or when the connection is lost: then they are asked for again."""
        part: list[tuple[_Held, WorkAnswer]] = []
        size = 0
        waits = []
        for answer in answers:
            held = self._held.get(work_key(answer.traversal, answer.node, answer.attempt))
            if held is None or held.number is None:
                continue  # it is asked for again, and answered from memory
            document = MESSAGES.to_json(answer)
            length = len(write_json(document))
            if part and size + length > frames.USUAL_FRAME_BYTES:
                waits.append(self._send_answers(part))
                part, size = [], 0
            size += length
            part.append((held, WorkAnswer(delivery=held.number, message=document)))
        if part:
            waits.append(self._send_answers(part))
        for wait in waits:
            await wait

    def done_with(self, deliveries: Sequence[Delivery]) -> None:
        """The worker has finished these. Those that were not answered were canceled, and are released."""
        released = []
        for delivery in deliveries:
            held = self._by_position.pop(delivery.position, None)
            if held is None or held.is_settled or held.position != delivery.position:
                continue
            if held.number is not None:
                released.append(held.number)
            self._let_go(held)
        if released:
            self._send(Release(deliveries=tuple(released)))

    def is_settled(self, delivery: Delivery) -> bool:
        """Whether a request that was given again has been answered before the worker took it."""
        held = self._by_position.get(delivery.position)
        return held is not None and held.is_settled

    def tell(self, key: str, data: JsonValue) -> None:
        """Report progress of an attempt, if there is somebody to tell."""
        held = self._held.get(key)
        if held is not None and held.number is not None and len(self._outgoing) < _MAX_OUTGOING:
            self._send(Progress(reports=(ProgressReport(delivery=held.number, data=data),)))

    def drain(self) -> None:
        """Take nothing new from now on."""
        self._is_draining = True
        self._send(Drain())

    async def settled(self) -> None:
        """Until no answer is unconfirmed: one that was made without a connection is worth waiting for the next."""
        while self._unconfirmed:
            self._has_settled.clear()
            await self._has_settled.wait()

    # --- the connection

    async def run(self) -> None:
        """Be connected, again and again, until canceled. Raises `ServerRefused`."""
        wait = FIRST_WAIT_SECONDS
        while True:
            began = anyio.current_time()
            try:
                reason = await self._connect()
            except ConnectionClosed as error:
                reason = _closed(error)
            except InvalidStatus as error:
                reason = _refusal(error)
            except InvalidURI as error:
                raise ServerRefused(f"{self._url} is no address of a server: {error}") from error
            except (OSError, TimeoutError, InvalidHandshake) as error:
                reason = str(error) or type(error).__name__
            if anyio.current_time() - began > LONGEST_WAIT_SECONDS:
                wait = FIRST_WAIT_SECONDS
            _log.warning("no connection to %s: %s; trying again", self._url, reason)
            await anyio.sleep(random.uniform(wait / 2, wait))
            wait = min(2 * wait, LONGEST_WAIT_SECONDS)

    async def _connect(self) -> str:
        headers = {} if self._key is None else {"Authorization": f"Bearer {self._key}"}
        async with connect(
            self._url,
            additional_headers=headers,
            open_timeout=OPEN_SECONDS,
            compression=None,
            max_size=None,
            proxy=None,
            user_agent_header="waygrid",
        ) as socket:
            try:
                await socket.send(write_frame(self._hello()))
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._write, socket, tasks.cancel_scope)
                    ended = await self._listen(socket)
                    tasks.cancel_scope.cancel()
            finally:
                self._lose()
        if isinstance(ended, ServerRefused):
            raise ended
        return _closed(ended)

    async def _listen(self, socket: ClientConnection) -> ConnectionClosed | ServerRefused:
        """Until the connection ends; gives why, for an exception would come out of the task group in another form."""
        try:
            while True:
                self._hear(await socket.recv())
        except (ConnectionClosed, ServerRefused) as error:
            return error

    def _hello(self) -> Hello:
        serves = {str(address): 0 if self._is_draining else window for address, window in self._serves.items()}
        holding = tuple(dict.fromkeys((*self._held, *self._unconfirmed)))
        return Hello(protocol=frames.PROTOCOL, serves=serves, holding=holding, name=self._name)

    def _lose(self) -> None:
        self._is_connected = False
        self._outgoing.clear()
        self._numbers.clear()
        for held in self._held.values():
            held.number = None
        confirms, self._confirms = self._confirms, {}
        for confirm in confirms.values():
            confirm.done.set()

    async def _write(self, socket: ClientConnection, scope: anyio.CancelScope) -> None:
        try:
            while True:
                await self._has_outgoing.wait()
                self._has_outgoing.clear()
                outgoing, self._outgoing = self._outgoing, []
                for frame in outgoing:
                    await socket.send(write_frame(frame))
        except ConnectionClosed:
            scope.cancel()

    def _send(self, frame: FromWorker) -> None:
        """Soon; not at all without a connection, for numbers mean nothing on the next."""
        if self._is_connected:
            self._outgoing.append(frame)
            self._has_outgoing.set()

    def _send_answers(self, part: Sequence[tuple[_Held, WorkAnswer]]) -> Awaitable[object]:
        self._frame_number += 1
        confirm = _Confirm([held for held, _ in part])
        self._confirms[self._frame_number] = confirm
        self._send(Answers(number=self._frame_number, answers=tuple(answer for _, answer in part)))
        return confirm.done.wait()

    # --- what the server says

    def _hear(self, text: str | bytes) -> None:
        read = read_from_server(text if isinstance(text, str) else text.decode("utf-8", "replace"))
        if isinstance(read, Failure):
            raise ServerRefused(f"{self._url} sends what this version cannot read ({read.failure()}); update Waygrid")
        frame = read.unwrap()
        match frame:
            case None:
                pass
            case Welcome(lost=lost):
                self._is_connected = True
                _log.info("connected to %s", self._url)
                for key in lost:
                    self._unconfirmed.pop(key, None)
                    self._has_settled.set()
                    if (held := self._held.get(key)) is not None:
                        self._give_cancel(held)
            case Requests(requests=requests):
                self._give(requests)
            case Cancels(deliveries=deliveries):
                for number in deliveries:
                    if (held := self._numbers.get(number)) is not None:
                        self._give_cancel(held)
            case Confirmed(number=number):
                confirm = self._confirms.pop(number, None)
                if confirm is not None:
                    self._settle(confirm)
            case _:
                assert_never(frame)

    def _give(self, requests: Sequence[WorkRequest]) -> None:
        unwanted = []
        for each in requests:
            if self._is_draining and each.attempt_key not in self._held and each.attempt_key not in self._unconfirmed:
                unwanted.append(each.delivery)
                continue
            address = parse_address(each.address)
            message = MESSAGES.from_json(each.message)
            if isinstance(address, Failure) or isinstance(message, Failure):
                raise ServerRefused(f"{self._url} asks for what this version cannot read; update Waygrid")
            request = message.unwrap()
            topic = topic_name(address.unwrap())
            if not isinstance(request, NodeTraversalRequested) or topic not in self._topics:
                raise ServerRefused(f"{self._url} asks for what this worker does not serve: {each.address}")
            held = self._held.get(each.attempt_key)
            if held is None:
                held = self._held[each.attempt_key] = _Held(each.attempt_key, address.unwrap(), request)
            held.number = each.delivery
            self._numbers[each.delivery] = held
            record = TransportEnvelope(
                topic=topic, key=request.traversal, headers=each.headers, value=write_json(each.message)
            )
            held.position = self._put(topic, record, held)
        if unwanted:
            self._send(Release(deliveries=tuple(unwanted)))

    def _give_cancel(self, held: _Held) -> None:
        request = held.request
        cancel = NodeTraversalCancelRequested(
            traversal=request.traversal, node=request.node, attempt=request.attempt, parameters=request.parameters
        )
        now = self._clock.now()
        record = seal(held.address, cancel, f"{held.key}-cancel", sender=WAYSTATION, sent_at=now)
        self._put(topic_name(held.address), record, None)

    def _put(self, topic: str, record: TransportEnvelope, held: _Held | None) -> int:
        self._positions += 1
        if held is not None:
            self._by_position[self._positions] = held
        self._topics[topic].put(Delivery(record, self._positions, may_be_repeated=True))
        return self._positions

    def _settle(self, confirm: "_Confirm") -> None:
        for held in confirm.answered:
            held.is_settled = True
            self._unconfirmed.pop(held.key, None)
            self._let_go(held)
        self._has_settled.set()
        confirm.done.set()

    def _let_go(self, held: _Held) -> None:
        if self._held.get(held.key) is held:
            del self._held[held.key]
        if held.number is not None:
            self._numbers.pop(held.number, None)


def _refusal(error: InvalidStatus) -> str:
    """Why it does not let us in now. Raises `ServerRefused` if it will not do so later either: then it says a problem,
    which those that stand before a server, and one that is just stopping, do not."""
    response = error.response
    problem: object = None
    with suppress(ValueError):
        problem = read_json(bytes(response.body or b""))
    if not isinstance(problem, dict) or response.status_code not in (400, 401, 403, 404, 422):
        return f"the server answers {response.status_code}"
    match response.status_code:
        case 401:
            cure = "; give a key with --key or WAYGRID_KEY"
        case 403:
            cure = "; take a key with the scope `work`"
        case _:
            cure = ""
    raise ServerRefused(f"the server refuses this worker: {problem.get('detail') or response.status_code}{cure}")


def _closed(error: ConnectionClosed) -> str:
    received = error.rcvd
    if received is None:
        return "the connection was lost"
    if received.code in _FATAL_CODES:
        raise ServerRefused(f"the server refuses this worker: {received.reason}") from error
    return received.reason or f"the server closed the connection ({received.code})"
