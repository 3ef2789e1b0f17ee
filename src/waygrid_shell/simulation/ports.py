"""The ports of a simulated process: those of the servers, at a distance."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from random import Random
from typing import Any, Final, cast

from attrs import frozen

from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_core.template.template import SecretReference
from waygrid_shell.ports.clock import Clock
from waygrid_shell.ports.event_log import Subscription
from waygrid_shell.ports.journal import Change
from waygrid_shell.ports.outbox import Outbox
from waygrid_shell.ports.secret_vault import SecretVault
from waygrid_shell.ports.seen_ledger import Answer
from waygrid_shell.runtime.wiring import Ports
from waygrid_shell.simulation.network import Way
from waygrid_shell.simulation.reading import Session, reading
from waygrid_shell.simulation.records import RecordSession, RemoteRecordLog
from waygrid_shell.simulation.servers import Servers

_WRITES: Final = frozenset(
    {
        "acquire",
        "add",
        "announce",
        "append",
        "claim",
        "commit",
        "discard",
        "enter",
        "forget",
        "move_strays",
        "publish",
        "put",
        "record",
    }
    | {"redrive", "release", "remove", "renew", "save", "unset", "withdraw", "write"}
)
"""Methods of ports that write: they need room, and change something when they come late."""

_DATABASE: Final = (
    "journal",
    "dag_store",
    "timer_book",
    "event_book",
    "claim_book",
    "channel_log",
    "principal_store",
    "audit_log",
)
_CACHE: Final = ("seen_ledger", "lease_table", "presence")


@frozen(kw_only=True)
class Ways:
    """Those of one process to the servers."""

    log: Way
    database: Way
    cache: Way

    @property
    def every(self) -> Sequence[Way]:
        """All three."""
        return (self.log, self.database, self.cache)


def ports_by(
    ways: Ways,
    servers: Servers,
    *,
    clock: Clock,
    chance: Random,
    open_session: Callable[[Sequence[str]], Session],
    open_record_session: Callable[[Sequence[str], str], RecordSession],
    is_one_commit: bool,
) -> Ports:
    """The ports. `is_one_commit`: all are of one database, so that decisions and messages are written as one."""
    database = {name: _Remote(name, ways.database, partial(getattr, servers, name)) for name in _DATABASE}
    cache = {name: _Remote(name, ways.cache, partial(getattr, servers, name)) for name in _CACHE}
    event_log = _RemoteEventLog(ways.log, servers, chance, open_session)
    made = {**database, **cache, "event_log": event_log}
    return Ports(
        **cast(Any, made),
        record_log=RemoteRecordLog(ways.log, servers, open_record_session),
        clock=clock,
        outbox=_OneCommit(ways.database, servers) if is_one_commit else None,
        secret_vault=_AnySecret(),
    )


class _Remote:
    """A port: each call of a method is a request to its server. What is no method, whoever asks knows."""

    def __init__(self, name: str, way: Way, there: Callable[[], Any]) -> None:
        self._name = name
        self._way = way
        self._there = there

    def __getattr__(self, method: str) -> Any:
        name, way, there, is_write = self._name, self._way, self._there, method in _WRITES
        known = getattr(there(), method)
        if not callable(known):
            return known

        async def call(*args: Any, **kwargs: Any) -> Any:
            return await way.ask(name, method, lambda: getattr(there(), method)(*args, **kwargs), is_write=is_write)

        setattr(self, method, call)
        return call


class _RemoteEventLog(_Remote):
    """A batch that is published may come in part; records of one partition come in order all the same."""

    def __init__(
        self, way: Way, servers: Servers, chance: Random, open_session: Callable[[Sequence[str]], Session]
    ) -> None:
        super().__init__("event_log", way, lambda: servers.event_log)
        self._servers = servers
        self._chance = chance
        self._open_session = open_session

    async def publish(self, records: Sequence[TransportEnvelope]) -> None:
        log = self._servers
        await self._way.ask(
            "event_log",
            f"publish {len(records)}",
            lambda: log.publish(records),
            is_write=True,
            torn=lambda: log.publish(self._part_of(records)),
        )

    def _part_of(self, records: Sequence[TransportEnvelope]) -> Sequence[TransportEnvelope]:
        """Of each key of each topic the first ones, however many; nothing of some."""
        kept: dict[tuple[str, str], bool] = {}
        part = []
        for record in records:
            key = (record.topic, record.key)
            kept[key] = kept.get(key, True) and self._chance.random() < 0.6
            if kept[key]:
                part.append(record)
        return part

    def subscribe(self, topics: Sequence[str]) -> AbstractAsyncContextManager[Subscription]:
        return reading(partial(self._open_session, topics), self._way, topics)


class _AnySecret(SecretVault):
    """Has something for every secret: nothing leaves a run, and what this machine keeps is no part of it."""

    async def reveal(self, secret: SecretReference) -> str:
        return f"a stand-in for {secret.path}"


class _OneCommit(Outbox):
    """See `waygrid_shell.ports.outbox`."""

    def __init__(self, way: Way, servers: Servers) -> None:
        self._way = way
        self._servers = servers

    async def decide(self, changes: Sequence[Change], records: Sequence[TransportEnvelope]) -> None:
        await self._way.ask("outbox", "decide", lambda: self._servers.decide(changes, records), is_write=True)

    async def answer(self, answers: Sequence[Answer], records: Sequence[TransportEnvelope]) -> None:
        await self._way.ask("outbox", "answer", lambda: self._servers.answer(answers, records), is_write=True)
