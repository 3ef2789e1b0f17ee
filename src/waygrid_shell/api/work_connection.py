"""The conversation with one worker process, from its hello to its end."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Final, assert_never

import anyio
from anyio.abc import TaskGroup
from attrs import define, field, frozen
from starlette.websockets import WebSocket, WebSocketDisconnect

from waygrid_core.model.address import ServiceAddress, parse_address
from waygrid_core.outcome import Failure
from waygrid_shell.api.platform import Platform
from waygrid_shell.api.work_answers import progress_told, read_answer, request_frame
from waygrid_shell.hosting.desk import Desk, Desks
from waygrid_shell.hosting.handler import MOST_AT_ONCE
from waygrid_shell.hosting.seat import Answered, Job, Seat
from waygrid_shell.ports.failure import PortFailure
from waygrid_shell.resources import work as frames
from waygrid_shell.resources.work import (
    Answers,
    Cancels,
    Confirmed,
    Drain,
    FromServer,
    FromWorker,
    Hello,
    Progress,
    Release,
    Requests,
    Welcome,
    WorkRequest,
    read_from_worker,
    write_frame,
)

HELLO_SECONDS: Final = 10.0
"""How long a connection may be there without a word."""

ANSWER_SECONDS: Final = 60.0
"""How long keeping answers may go on after their worker has gone."""

MAX_ADDRESSES: Final = 1_000
MAX_WINDOW: Final = MOST_AT_ONCE
"""Attempts of one address that one worker may have at once."""

_MAX_REASON_BYTES: Final = 120
"""Of a close frame."""

_log = logging.getLogger(__name__)


class BadFrame(Exception):  # noqa: N818 - it says what it is
    """The worker does not speak as it should; the connection is closed with `code` and this sentence."""

    def __init__(self, sentence: str, code: int = frames.BAD_FRAME) -> None:
        super().__init__(sentence)
        self.code = code


@define(eq=False)
class _Given:
    """A job that this connection has, and where it is from."""

    job: Job
    desk: Desk
    seat: Seat


@frozen
class _Close:
    code: int
    reason: str


@define(eq=False)
class WorkConnection:
    """One worker process. Its socket has been accepted."""

    _socket: WebSocket
    _desks: Desks
    _platform: Platform
    _outgoing: "asyncio.Queue[FromServer | _Close]" = field(factory=asyncio.Queue)
    _given: dict[int, _Given] = field(factory=dict)
    _numbers: dict[str, int] = field(factory=dict)
    _last: int = 0
    _seats: list[tuple[Desk, Seat]] = field(factory=list)

    async def serve(self) -> None:
        """Until the worker goes, speaks wrongly, or the platform cannot go on."""
        try:
            hello = await self._hello()
            async with AsyncExitStack() as stack:
                lost = await self._take_seats(hello, stack)
                await self._converse(
                    Welcome(protocol=frames.PROTOCOL, version=self._platform.health().version, lost=lost)
                )
        except WebSocketDisconnect:
            return
        except BadFrame as bad:
            await self._close(_Close(bad.code, str(bad)))
        except PortFailure as failure:
            await self._close(_Close(frames.TRY_AGAIN_LATER, str(failure)))

    async def _hello(self) -> Hello:
        try:
            with anyio.fail_after(HELLO_SECONDS):
                frame = await self._next()
        except TimeoutError as error:
            raise BadFrame(f"no hello within {HELLO_SECONDS:g} s") from error
        if not isinstance(frame, Hello):
            raise BadFrame("the first frame is a hello")
        if frame.protocol != frames.PROTOCOL:
            sentence = f"this server speaks version {frames.PROTOCOL} of the protocol, not {frame.protocol}"
            raise BadFrame(sentence, frames.OTHER_PROTOCOL)
        return frame

    async def _take_seats(self, hello: Hello, stack: AsyncExitStack) -> tuple[str, ...]:
        if not 0 < len(hello.serves) <= MAX_ADDRESSES:
            raise BadFrame(f"`serves` has {len(hello.serves)} addresses; it may have 1 to {MAX_ADDRESSES}")
        places: list[tuple[ServiceAddress, int]] = []
        for text, window in hello.serves.items():
            address = parse_address(text)
            if isinstance(address, Failure):
                raise BadFrame(address.failure())
            if address.unwrap().component not in ("processor", "destination"):
                raise BadFrame(f"{text}: workers serve processors and destinations")
            if not 0 <= window <= MAX_WINDOW:
                raise BadFrame(f"{text}: {window} attempts at once; it may be 0 to {MAX_WINDOW}")
            places.append((address.unwrap(), window))
        lost: set[str] = set()
        for address_served, window in places:
            desk = self._desks.of(address_served)
            seat = Seat(window, give=_ignore, cancel=self._cancel, fail=self._fail)
            seat.give = self._giver(desk, seat)
            self._seats.append((desk, seat))
            lost.update(await stack.enter_async_context(desk.sit(seat, hello.holding)))
        _log.info("a worker serves %s", ", ".join(hello.serves), extra={"worker": hello.name[:64]})
        return tuple(key for key in hello.holding if key in lost)

    async def _converse(self, welcome: Welcome) -> None:
        # What the desks gave while the worker took its seats stands in the queue already; the welcome goes before it.
        try:
            await self._socket.send_text(write_frame(welcome))
        except (RuntimeError, OSError):
            return  # it has gone already
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._send, tasks)
            try:
                while True:
                    await self._hear(await self._next(), tasks)
            except WebSocketDisconnect:
                tasks.cancel_scope.cancel()
            except BadFrame as bad:
                self._outgoing.put_nowait(_Close(bad.code, str(bad)))

    async def _next(self) -> FromWorker:
        try:
            text = await self._socket.receive_text()
        except KeyError as error:
            raise BadFrame("frames are texts, not bytes") from error
        except RuntimeError as error:  # we have begun to close it, and it has not heard of that yet
            raise WebSocketDisconnect from error
        frame = read_from_worker(text)
        if isinstance(frame, Failure):
            raise BadFrame(frame.failure())
        return frame.unwrap()

    async def _hear(self, frame: FromWorker, tasks: TaskGroup) -> None:
        match frame:
            case Hello():
                raise BadFrame("a worker says hello once")
            case Answers():
                tasks.start_soon(self._answer, frame)
            case Release(deliveries=deliveries):
                for desk, seat, jobs in _by_seat([self._given[each] for each in deliveries if each in self._given]):
                    self._drop(jobs)
                    desk.release(seat, jobs)
            case Progress(reports=reports):
                held = [(self._given[each.delivery].job, each.data) for each in reports if each.delivery in self._given]
                self._platform.live_feed.tell([progress_told(job, data) for job, data in held])
            case Drain():
                for _, seat in self._seats:
                    seat.window = 0
            case _:
                assert_never(frame)

    # --- what the desks tell, which never waits

    def _giver(self, desk: Desk, seat: Seat) -> Callable[[Sequence[Job]], None]:
        def give(jobs: Sequence[Job]) -> None:
            requests: list[WorkRequest] = []
            size = 0
            for job in jobs:
                if requests and size + len(job.record.value) > frames.USUAL_FRAME_BYTES:
                    self._outgoing.put_nowait(Requests(requests=tuple(requests)))
                    requests, size = [], 0
                size += len(job.record.value)
                self._last += 1
                self._given[self._last] = _Given(job, desk, seat)
                self._numbers[job.key] = self._last
                requests.append(request_frame(self._last, desk.address, job))
            if requests:
                self._outgoing.put_nowait(Requests(requests=tuple(requests)))

        return give

    def _cancel(self, job: Job) -> None:
        number = self._numbers.get(job.key)
        if number is not None:
            self._outgoing.put_nowait(Cancels(deliveries=(number,)))

    def _fail(self, error: BaseException) -> None:
        if not isinstance(error, PortFailure):
            _log.error("the work of an address cannot be given out", exc_info=error)
        reason = str(error) if isinstance(error, PortFailure) else "something went wrong in here; the log says more"
        self._outgoing.put_nowait(_Close(frames.TRY_AGAIN_LATER, reason))

    # --- answers

    async def _answer(self, frame: Answers) -> None:
        """Goes on when the worker has gone: what is half kept would be done again for nothing."""
        refused: list[int] = []
        answers: dict[int, tuple[Desk, Seat, list[tuple[Job, Answered]]]] = {}
        for each in frame.answers:
            given = self._given.get(each.delivery)
            if given is None:
                refused.append(each.delivery)
                continue
            answer = read_answer(each.message, given.job)
            if isinstance(answer, Failure):
                self._outgoing.put_nowait(_Close(frames.BAD_FRAME, f"delivery {each.delivery}: {answer.failure()}"))
                return
            answers.setdefault(id(given.seat), (given.desk, given.seat, []))[2].append((given.job, answer.unwrap()))
        with anyio.move_on_after(ANSWER_SECONDS, shield=True) as patience:
            try:
                for desk, seat, answered in answers.values():
                    await desk.answer(seat, answered)
                    self._drop([job for job, _ in answered])
            except PortFailure as failure:
                self._outgoing.put_nowait(_Close(frames.TRY_AGAIN_LATER, str(failure)))
                return
        if patience.cancelled_caught:
            self._outgoing.put_nowait(_Close(frames.TRY_AGAIN_LATER, "answers could not be kept in time"))
            return
        self._outgoing.put_nowait(Confirmed(number=frame.number, refused=tuple(refused)))

    def _drop(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            number = self._numbers.pop(job.key, None)
            if number is not None:
                del self._given[number]

    # --- the wire

    async def _send(self, tasks: TaskGroup) -> None:
        while True:
            item = await self._outgoing.get()
            if isinstance(item, _Close):
                await self._close(item)
                tasks.cancel_scope.cancel()
                return
            try:
                await self._socket.send_text(write_frame(item))
            except (WebSocketDisconnect, RuntimeError, OSError):
                tasks.cancel_scope.cancel()
                return

    async def _close(self, close: _Close) -> None:
        reason = close.reason.encode()[:_MAX_REASON_BYTES].decode("utf-8", "ignore")
        _log.warning("a worker is sent away: %s", close.reason)
        try:
            await self._socket.close(close.code, reason)
        except (WebSocketDisconnect, RuntimeError, OSError):
            return  # it has gone already


def _by_seat(given: Sequence[_Given]) -> list[tuple[Desk, Seat, list[Job]]]:
    found: dict[int, tuple[Desk, Seat, list[Job]]] = {}
    for each in given:
        found.setdefault(id(each.seat), (each.desk, each.seat, []))[2].append(each.job)
    return list(found.values())


def _ignore(jobs: Sequence[Job]) -> None:
    del jobs
