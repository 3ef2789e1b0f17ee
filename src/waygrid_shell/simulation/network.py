"""The way from a process to a server, and all that may happen on it.

A request takes a while, is done at the server at one instant, and its answer takes a while. Whoever asked may not be
there any more by then; what was asked is done all the same.
"""

import asyncio
from collections.abc import Callable, Coroutine
from enum import Enum, auto
from random import Random
from typing import Any, Final, TypeAlias, TypeVar

from attrs import define, frozen

from waygrid_shell.ports.failure import PortFailure, StorageFull, Unavailable
from waygrid_shell.simulation.loop import NOBODY, VirtualLoop, at_once
from waygrid_shell.simulation.servers import Server
from waygrid_shell.simulation.transcript import Transcript

T = TypeVar("T")

Latency: TypeAlias = Callable[[Random], float]
"""Draws how long one way takes, in seconds."""

Do: TypeAlias = Callable[[], Coroutine[Any, Any, T]]
"""What a request does at its server. It waits for nothing."""

_PATIENCE_SECONDS: Final = (0.5, 3.0)
"""How long a process waits for an answer that does not come."""
_REFUSED_SECONDS: Final = (0.001, 0.1)
"""How soon it is known that a server is down."""
_LATEST_SECONDS: Final = 5.0
"""A request that was given up may arrive so much later."""


@frozen
class Trouble:
    """How often a request is lost, its answer is, or it comes after it was given up: each a share of all requests."""

    request_lost: float = 0.0
    answer_lost: float = 0.0
    request_late: float = 0.0


NO_TROUBLE: Final = Trouble()


class _Fate(Enum):
    DONE = auto()
    REQUEST_LOST = auto()
    ANSWER_LOST = auto()
    REQUEST_LATE = auto()


@frozen(eq=False)
class _Request:
    """`torn` does a part of it, for those that may be done in part."""

    port: str
    what: str
    do: Do[Any]
    torn: Do[Any] | None
    is_write: bool
    fate: _Fate
    answer: "asyncio.Future[Any]"


@define(eq=False)
class Traveler:
    """The process whose way it is; `asks` is told of each request before it leaves, `asked` once it has been done."""

    name: str
    asks: Callable[[str], None] = lambda what: None
    asked: Callable[[str], None] = lambda what: None


class Way:
    """The way from one process to one server. It is cut and healed; once it is severed nothing comes by it any more."""

    def __init__(
        self,
        loop: VirtualLoop,
        traveler: Traveler,
        server: Server,
        *,
        latency: Latency,
        chance: Random,
        transcript: Transcript,
    ) -> None:
        self._loop = loop
        self._traveler = traveler
        self.server = server
        self._latency = latency
        self._chance = chance
        self._transcript = transcript
        self.is_cut = False
        self.is_severed = False
        self.trouble = NO_TROUBLE

    @property
    def is_open(self) -> bool:
        """Whether what is sent now arrives."""
        return not (self.is_cut or self.is_severed or self.server.is_down)

    def takes(self) -> float:
        """How long one way takes this time, in seconds."""
        return self._latency(self._chance) * self.server.slowness

    async def ask(self, port: str, what: str, do: Do[T], *, is_write: bool = False, torn: Do[Any] | None = None) -> T:
        """What `do` gives at the server. `what` says it to people.

        Raises what it raises, `StorageFull` for a write where there is no room, and `Unavailable`.
        """
        if not self.is_severed:
            self._traveler.asks(f"{port}.{what}")
        if self.is_severed:
            raise Unavailable(port, "this process has come to its end")
        answer: asyncio.Future[T] = self._loop.create_future()
        request = _Request(port, what, do, torn, is_write, self._fate_of(is_write), answer)
        takes = self.takes()
        if request.fate is _Fate.REQUEST_LATE:
            self._give_up(request, "it did not answer in time")
            takes = self._chance.uniform(_PATIENCE_SECONDS[0], _LATEST_SECONDS)
        self._loop.call_later(takes, self._arrive, request, context=NOBODY)
        return await answer

    def _fate_of(self, is_write: bool) -> _Fate:
        trouble = self.trouble
        if trouble is NO_TROUBLE:
            return _Fate.DONE
        drawn = self._chance.random()
        if drawn < trouble.request_lost:
            return _Fate.REQUEST_LOST
        if drawn < trouble.request_lost + trouble.answer_lost:
            return _Fate.ANSWER_LOST
        is_late = is_write and drawn < trouble.request_lost + trouble.answer_lost + trouble.request_late
        return _Fate.REQUEST_LATE if is_late else _Fate.DONE

    def _arrive(self, request: _Request) -> None:
        if self.is_severed and self._chance.random() < 0.5:
            return  # it died with its process
        if self.server.is_down:
            self._fail(request, _REFUSED_SECONDS, "it is down")
        elif self.is_cut or request.fate is _Fate.REQUEST_LOST:
            if request.torn is not None and not self.is_cut:
                self._do(request, request.torn)
            self._give_up(request, "it did not answer in time")
        elif request.is_write and self.server.is_full:
            self._tell(request, StorageFull(f"the {self.server.name} has no room: free some"), None)
        else:
            error, value = self._do(request, request.do)
            if request.fate is _Fate.ANSWER_LOST:
                self._give_up(request, "it did not answer in time")
            elif request.fate is _Fate.DONE:
                self._tell(request, error, value)

    def _do(self, request: _Request, do: Do[Any]) -> tuple[PortFailure | None, Any]:
        error, value = None, None
        try:
            value = at_once(do())
        except PortFailure as failure:
            error = failure
        said = f"{request.port}.{request.what}{'' if error is None else f': {error}'}"
        self._transcript.murmur(self._traveler.name, said)
        self._traveler.asked(f"{request.port}.{request.what}")
        return error, value

    def _tell(self, request: _Request, error: PortFailure | None, value: Any) -> None:
        self._loop.call_later(self.takes(), self._arrive_back, request, error, value, context=NOBODY)

    def _arrive_back(self, request: _Request, error: PortFailure | None, value: Any) -> None:
        if self.is_cut:
            self._give_up(request, "its answer did not come in time")
        elif request.answer.done():
            pass  # whoever asked has given up
        elif error is None:
            request.answer.set_result(value)
        else:
            request.answer.set_exception(error)

    def _give_up(self, request: _Request, reason: str) -> None:
        self._fail(request, _PATIENCE_SECONDS, reason)

    def _fail(self, request: _Request, within: tuple[float, float], reason: str) -> None:
        error = Unavailable(request.port, reason)
        seconds = self._chance.uniform(*within)
        self._loop.call_later(seconds, _refuse, request.answer, error, context=NOBODY)


def _refuse(answer: "asyncio.Future[Any]", error: PortFailure) -> None:
    if not answer.done():
        answer.set_exception(error)
