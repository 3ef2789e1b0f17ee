"""What is asked of a simulated platform: traversals of many kinds, what the users of each do, and what must come of it.

The kinds use all that a Spec can say. What each answers is written here and not computed: the machine that is tested
is no witness.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from functools import cache
from random import Random
from typing import Any, Final, TypeAlias

import anyio
from attrs import define, field, frozen

from waygrid_core.compile.pipeline import compile_document
from waygrid_core.dag.dag import CompiledDag
from waygrid_core.message.messages import (
    Message,
    TraversalCancelRequested,
    TraversalPauseRequested,
    TraversalUnpauseRequested,
)
from waygrid_core.model.address import INBOX, SCHEDULER, WAYSTATION, ServiceAddress
from waygrid_core.model.canonical_json import canonical_json
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.model.topic import topic_name
from waygrid_core.traversal.state import TraversalStatus
from waygrid_shell.hosting.attempt import Attempt, Failed
from waygrid_shell.hosting.handler import Handler, Served
from waygrid_shell.hosting.post import seal
from waygrid_shell.origins.acceptance.items import HTTP_ORIGIN, Wanted, WantedEvent
from waygrid_shell.origins.acceptance.refusals import NoRoom
from waygrid_shell.ports.failure import PortFailure
from waygrid_shell.ports.journal import Query, Summary
from waygrid_shell.runtime.built_in import KAFKA
from waygrid_shell.settings.origins import KafkaOrigin
from waygrid_shell.simulation.loop import current_domain
from waygrid_shell.simulation.platform import Platform
from waygrid_shell.simulation.process import Process

Document: TypeAlias = Mapping[str, Any]

_ANSWER_SECONDS: Final = 4.0
"""How long a client waits for an answer before it asks again."""

DELIVERY: Final = "delivery"
"""The parameter by which a node is known that must be done outside, if it is asked for at all."""

IMPORTS: Final = "wanted"
DONE: Final = "done"
"""Topics of the users' own: of what they want, and of what was done."""

SILENT: Final = ServiceAddress("processor", "silent")
WEBHOOK: Final = ServiceAddress("destination", "webhook")


def _work(service: str, **fields: Any) -> dict[str, Any]:
    return {"type": "standard", "address": f"waygrid://processor/{service}", **fields}


def _deliver(name: str) -> dict[str, Any]:
    mark = {"parameters": {DELIVERY: True}}
    retries = {"type": "Linear", "base": "100ms", "maxRetries": 100}
    return {"type": "standard", "id": name, "address": str(WEBHOOK), "retryPolicy": retries, **mark}


def _wait(delay: str, then: dict[str, Any]) -> dict[str, Any]:
    return {"type": "pass", "deliveryStrategy": {"type": "ScheduleAfter", "delay": delay}, "onSuccess": then}


def _spec(entry: dict[str, Any], **fields: Any) -> Document:
    return {"entryPoints": [entry], **fields}


def _fork(name: str, branches: dict[str, Any], strategy: dict[str, Any], **then: Any) -> dict[str, Any]:
    join = {"type": "join", "joinNodeId": name, "strategy": strategy, **then}
    return {"type": "fork", "joinNodeId": name, "branches": branches, "join": join}


_NEVER: Final = {"type": "await", "event": "never", "timeout": "1h"}

SPECS: Final[Mapping[str, Document]] = {
    "order": _spec(
        _fork(
            "ready",
            {
                "stock": _work("stock"),
                # Nobody waits so long: who loses an answer is not helped by its timer, and is found.
                "payment": _work(
                    "payment", timeout="1h", retryPolicy={"type": "Linear", "base": "200ms", "maxRetries": 5}
                ),
            },
            {"type": "And"},
            onSuccess={
                "type": "each",
                "over": {"$from": "/payload/lines"},
                "body": _work("line"),
                "onSuccess": _wait("300ms", _deliver("ok")),
            },
            onFailure=_deliver("refused"),
        )
    ),
    "approval": _spec({"type": "await", "event": "approved", "timeout": "1h", "onSuccess": _deliver("approved")}),
    "first": _spec(
        {
            "type": "call",
            "body": _fork("first", {"here": _work("line", input={"item": 1}), "slow": _work("silent")}, {"type": "Or"}),
            "onSuccess": _deliver("called"),
        }
    ),
    "quorum": _spec(
        _fork(
            "some",
            {"a": _work("line", input={"item": 1}), "b": _work("line", input={"item": 2}), "c": _NEVER},
            {"type": "Quorum", "n": 2},
            onSuccess=_deliver("enough"),
        )
    ),
    "poll": _spec(
        {
            "type": "loop",
            "body": _work("round"),
            "until": {"type": "JsonEquals", "pointer": "/rounds", "value": 3},
            "every": "300ms",
            "atMost": 5,
            "onSuccess": _deliver("polled"),
        }
    ),
    "held": _spec(_wait("500ms", _work("line", input={"item": 4}, onSuccess=_deliver("held")))),
    "canceled": _spec(
        {"type": "call", "body": _fork("deep", {"a": _NEVER, "b": _work("silent")}, {"type": "And"})},
        onEnd=_deliver("cleaned"),
    ),
    "late": _spec(_work("silent", timeout="2s", onTimeout=_deliver("late"))),
    "bounded": _spec(_fork("both", {"a": _NEVER, "b": _work("silent")}, {"type": "And"}), timeout="3s"),
    "broken": _spec(
        _work("broken", retryPolicy={"type": "Exponential", "base": "100ms", "maxRetries": 3}), onEnd=_deliver("told")
    ),
    "series": _spec(_work("line", input={"item": 5}), repeatPolicy={"type": "Times", "every": "700ms", "times": 3}),
    "race": _spec(
        {
            "type": "await",
            "event": "answered",
            "timeout": "1s",
            "onSuccess": _deliver("in-time"),
            "onTimeout": _deliver("too-late"),
        }
    ),
    "second-chance": _spec(
        {
            "type": "await",
            "event": "answered",
            "timeout": "1s",
            "onSuccess": _deliver("at-first"),
            "onTimeout": {"type": "await", "event": "answered", "timeout": "1h", "onSuccess": _deliver("at-last")},
        }
    ),
    "keyed": _spec(
        _fork(
            "paid",
            {
                "a": {"type": "await", "event": "paid", "key": {"$from": "/payload/key"}, "timeout": "1h"},
                "b": _wait(
                    "400ms", {"type": "await", "event": "paid", "key": {"$from": "/payload/key"}, "timeout": "1h"}
                ),
            },
            {"type": "And"},
            onSuccess=_deliver("paid-twice"),
        )
    ),
    "members": _spec(
        {
            "type": "each",
            "over": {"$literal": [1, 2, 3, 4, 5]},
            "concurrency": 2,
            "strategy": {"type": "Quorum", "n": 4},
            "body": {
                "type": "loop",
                "body": _work("round"),
                "until": {"type": "JsonCompare", "pointer": "/rounds", "op": "ge", "value": 2},
                "atMost": 3,
            },
            "timeout": "1h",
            "onSuccess": _deliver("counted"),
        }
    ),
    "imported": _spec(
        _work(
            "line",
            input={"item": 3},
            onSuccess={
                "type": "standard",
                "id": "posted",
                "address": str(KAFKA),
                "parameters": {"topic": DONE, "key": {"$from": "/payload/key"}},
                "retryPolicy": {"type": "Linear", "base": "100ms", "maxRetries": 100},
            },
        )
    ),
}
"""What each kind runs. Those of `imported` come as records of a topic of the users' own, and end in another."""


TOPICS: Final = tuple(
    topic_name(address)
    for address in (
        WAYSTATION,
        SCHEDULER,
        INBOX,
        WEBHOOK,
        KAFKA,
        SILENT,
        *(ServiceAddress("processor", name) for name in ("stock", "payment", "line", "round", "broken")),
    )
)
"""Where everything of the kinds travels."""


IMPORTING: Final = KafkaOrigin(
    name="imports",
    topics=(IMPORTS,),
    group="imports",
    spec=compile_document(SPECS["imported"]).unwrap().dag.hash,
    traversal_name="imported",
    labels={"key": "/value/key"},
)
"""What makes traversals of those records."""


@cache
def compiled(kind: str) -> CompiledDag:
    """The DAG of a kind."""
    return compile_document(SPECS[kind]).unwrap()


@define(eq=False)
class Outside:
    """What stands outside of the platform and keeps what was done to it: nobody can undo that."""

    seed: int | str
    delivered: Counter[str] = field(factory=Counter)
    """How often each delivery arrived, by its idempotency key."""
    worked: dict[tuple[TraversalId, str, int], None] = field(factory=dict)
    """The attempts that handlers were given."""
    _calls: Counter[str] = field(factory=Counter)

    def handlers(self, concurrency: int) -> Mapping[ServiceAddress, Served]:
        """Those of all services that the kinds use."""
        named = {
            "stock": self._stock,
            "payment": self._payment,
            "line": _line,
            "round": _round,
            "broken": _broken,
        }
        made = {
            ServiceAddress("processor", name): Served(handler=self._noting(work), concurrency=concurrency)
            for name, work in named.items()
        }
        made[WEBHOOK] = Served(handler=self._noting(self._receive), concurrency=concurrency)
        # Who is silent is canceled before that, unless its request came again when nobody knew any more.
        made[SILENT] = Served(handler=self._noting(_silent), concurrency=1_000, deadline=timedelta(seconds=20))
        return made

    def _noting(self, work: Callable[[Attempt, Random], Awaitable[JsonValue]]) -> Handler:
        async def handle(attempt: Attempt) -> JsonValue:
            self.worked[attempt.traversal, attempt.node, attempt.attempt] = None
            self._calls[attempt.attempt_key] += 1
            chance = Random(f"{self.seed}/{attempt.attempt_key}/{self._calls[attempt.attempt_key]}")
            await anyio.sleep(chance.expovariate(20.0) if chance.random() < 0.9 else chance.uniform(0.5, 2.0))
            return await work(attempt, chance)

        return handle

    async def _stock(self, attempt: Attempt, chance: Random) -> JsonValue:
        del chance
        if _of(attempt.input, "id") % 5 == 3:
            raise Failed("out-of-stock", "none left")
        return {"reserved": True}

    async def _payment(self, attempt: Attempt, chance: Random) -> JsonValue:
        del chance
        if _of(attempt.input, "id") % 3 == 0 and attempt.attempt < 3:
            raise Failed("busy", "come back")
        return {"paid": True}

    async def _receive(self, attempt: Attempt, chance: Random) -> JsonValue:
        """A delivery: it may not arrive, and its sender may not hear that it has."""
        drawn = chance.random()
        if drawn < 0.1:
            raise Failed("unreachable", "nobody answers")
        domain = current_domain()
        assert domain is not None, "handlers run in processes"
        if not domain.is_over:
            self.delivered[attempt.idempotency_key] += 1
        if drawn < 0.2:
            raise Failed("unreachable", "the answer is lost")
        return {"delivered": True}


async def _line(attempt: Attempt, chance: Random) -> JsonValue:
    del chance
    return _of(attempt.input, "item") * 2


async def _round(attempt: Attempt, chance: Random) -> JsonValue:
    del chance
    given = attempt.input
    assert isinstance(given, Mapping)
    rounds = given.get("rounds", 0)
    assert isinstance(rounds, int)
    return {"rounds": rounds + 1}


async def _silent(attempt: Attempt, chance: Random) -> JsonValue:
    del attempt, chance
    await anyio.sleep_forever()
    raise AssertionError("it is canceled")


async def _broken(attempt: Attempt, chance: Random) -> JsonValue:
    del attempt, chance
    raise Failed("broken", "it never works")


def _of(given: JsonValue, name: str) -> int:
    assert isinstance(given, Mapping)
    value = given[name]
    assert isinstance(value, int)
    return value


@frozen
class Order:
    """One traversal that a client wants. `key` names it, for the platform and for people.

    `cancel_after`, `pause_after`: somebody changes their mind so many seconds after it was accepted.
    """

    key: str
    kind: str
    payload: Mapping[str, JsonValue]
    cancel_after: float | None = None
    pause_after: float | None = None


class Client:
    """Asks a platform, again and again until it answers, as `order` needs it; `accepted` is what was promised."""

    def __init__(self, platform: Platform, chance: Random) -> None:
        self._platform = platform
        self._world = platform.world
        self._chance = chance
        self.accepted: dict[str, TraversalId] = {}
        """By key."""
        self._imported: list[str] = []
        """The keys of records."""

    async def run(self, order: Order) -> None:
        """Hand it in, and do what is to be done for it."""
        chance = self._chance
        if order.kind == "imported":
            await self._write_record(order)
            return
        traversal = await self.submit(order)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._change_mind, order, traversal)
            await self._send_events(order, traversal, chance)

    async def _send_events(self, order: Order, traversal: TraversalId, chance: Random) -> None:
        match order.kind:
            case "approval":
                await anyio.sleep(chance.choice((0.0, chance.uniform(0.0, 3.0))))
                await self.send("approved", traversal, f"{order.key}-event")
            case "race" | "second-chance":
                await anyio.sleep(chance.uniform(0.5, 1.5))
                await self.send("answered", traversal, f"{order.key}-event")
            case "keyed":
                for number in (1, 2):
                    await anyio.sleep(chance.uniform(0.0, 1.0))
                    await self.send("paid", order.key, f"{order.key}-event-{number}")
            case _:
                pass

    async def _write_record(self, order: Order) -> None:
        """Into the users' topic, by somebody whose business it is: nothing happens to them."""
        servers = self._world.servers
        await servers.record_log.add(IMPORTS, value=canonical_json(order.payload), at=servers.clock.now())
        self._imported.append(order.key)
        self._world.transcript.say("client", f"writes the record of {order.key}")

    async def are_all_imported(self) -> bool:
        """Whether each record that was written has its traversal; it is accepted from then on."""
        for key in self._imported:
            if key not in self.accepted:
                for summary in await self._world.servers.journal.search(Query(labels={"key": key})):
                    self.accepted[key] = summary.traversal
                    self._world.transcript.names[summary.traversal] = key
        return all(key in self.accepted for key in self._imported)

    async def _change_mind(self, order: Order, traversal: TraversalId) -> None:
        """Pause it, and go on; cancel it."""
        if order.pause_after is not None:
            await anyio.sleep(order.pause_after)
            await self.steer(TraversalPauseRequested(traversal))
            await anyio.sleep(self._chance.uniform(0.0, 2.0))
            await self.steer(TraversalUnpauseRequested(traversal))
        if order.cancel_after is not None:
            await anyio.sleep(order.cancel_after)
            await self.steer(TraversalCancelRequested(traversal, "changed my mind"))

    async def submit(self, order: Order) -> TraversalId:
        """Its traversal."""
        wanted = Wanted(
            compiled=compiled(order.kind),
            payload=order.payload,
            name=order.kind,
            labels={"key": order.key},
            idempotency_key=order.key,
        )
        traversal: TraversalId
        (traversal,) = await self._insist(lambda process: process.acceptance.take_in([wanted]), f"submit {order.key}")
        self.accepted[order.key] = traversal
        self._world.transcript.names[traversal] = order.key
        if self._chance.random() < 0.2:
            (again,) = await self._insist(lambda process: process.acceptance.take_in([wanted]), f"submit {order.key}")
            assert again == traversal, f"{order.key} has two traversals: {traversal} and {again}"
        return traversal

    async def send(self, event: str, key: str, name: str) -> None:
        """An event, once."""
        wanted = WantedEvent(event=event, key=key, data={"by": "Ada"}, idempotency_key=name)
        await self._insist(lambda process: process.acceptance.take_event(wanted), f"event {event} for {key}")

    async def steer(self, message: Message) -> None:
        """As `waygrid_shell.api.steering` does: each time that it is asked, under another id."""

        async def publish(process: Process) -> None:
            ports = process.ports
            name = self._chance.randbytes(16).hex()
            record = seal(WAYSTATION, message, name, sender=HTTP_ORIGIN, sent_at=ports.clock.now())
            await ports.event_log.publish([record])

        await self._insist(publish, f"{type(message).__name__} {message}")

    async def resume_what_is_held(self) -> None:
        """A pause that was asked for twice may have come after the resume."""
        for summary in await self._world.servers.journal.unfinished():
            if summary.status == "Paused":
                await self.steer(TraversalUnpauseRequested(summary.traversal))

    async def _insist(self, handle: Callable[[Process], Awaitable[Any]], what: str) -> Any:
        transcript = self._world.transcript
        while True:
            fronts = self._platform.fronts()
            if not fronts:
                await anyio.sleep(self._chance.uniform(0.1, 0.5))
                continue
            process = self._chance.choice(fronts)
            answer = process.request(handle)
            try:
                with anyio.fail_after(_ANSWER_SECONDS):
                    value = await answer
            except (PortFailure, NoRoom, TimeoutError) as error:
                transcript.say("client", f"{what} at {process.name}: {type(error).__name__} {error}")
                await anyio.sleep(self._chance.uniform(0.05, 1.0))
            else:
                transcript.say("client", f"{what} at {process.name}: done")
                return value


def orders(chance: Random, count: int) -> Sequence[Order]:
    """So many, of kinds and payloads as they come."""
    kinds = sorted(SPECS)
    return [_order(chance.choice(kinds), number, chance) for number in range(count)]


def _order(kind: str, number: int, chance: Random) -> Order:
    key = f"{kind}-{number}"
    return Order(
        key,
        kind,
        {"id": chance.randrange(30), "lines": list(range(chance.randrange(4))), "key": key},
        cancel_after=_moment(chance) if kind == "canceled" or chance.random() < 0.1 else None,
        pause_after=_moment(chance) if kind == "held" or chance.random() < 0.1 else None,
    )


def _moment(chance: Random) -> float:
    return chance.choice((0.0, chance.uniform(0.0, 2.0)))


def what_is_wrong(order: Order, summary: Summary) -> str | None:
    """What of the end of a traversal is not as it must be; None if it is right."""
    delivered: JsonValue = {"delivered": True}
    expected: tuple[TraversalStatus, JsonValue, str | None]
    match order.kind:
        case "canceled":
            expected = ("Canceled", None, None)
        case "bounded":
            expected = ("TimedOut", None, "timeout")
        case "broken":
            expected = ("Failed", None, "broken")
        case "series":
            expected = ("Completed", 10, None)
        case "imported":  # where the record stands is the topic's business
            expected = ("Completed", summary.output, None)
        case _:
            expected = ("Completed", delivered, None)
    code = None if summary.error is None else summary.error.code
    found = (summary.status, summary.output if summary.status == "Completed" else None, code)
    if found == expected or (order.cancel_after is not None and summary.status == "Canceled"):
        return None
    return f"{order.key} ended as {found}, and should as {expected}"
