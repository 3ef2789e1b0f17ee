"""The client: one Redis or a Redis Cluster, which look the same from here.

What it is asked in one go is sent in one go (a pipeline; on a Cluster, one to each server that is concerned).
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.connection import Connection, ConnectionPool, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisClusterException, RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from waygrid_shell.adapters.redis.failures import OF_A_CLUSTER, failure_of
from waygrid_shell.adapters.redis.keys import Keys
from waygrid_shell.adapters.redis.script import Argument, Call
from waygrid_shell.ports.failure import Unavailable
from waygrid_shell.settings.settings import RedisSettings
from waygrid_shell.settings.shown_url import shown_url

CONNECT_SECONDS: Final = 3.0
ANSWER_SECONDS: Final = 5.0

_RETRIES: Final = 3
_FIRST_REST_SECONDS: Final = 0.02
_LONGEST_REST_SECONDS: Final = 0.2
"""A connection that was closed while it was idle is noticed by the next command: it is sent again at once, or soon."""

BROKEN: Final = (OSError, TimeoutError, RuntimeError)
"""What redis-py lets through of a connection that broke; a RuntimeError is how uvloop says that it was closed before
anybody has heard of it."""

_MAX_CONNECTIONS: Final = 1_000
"""Of one process, to one server. Work comes in batches: a few are used."""


@asynccontextmanager
async def open_redis(settings: RedisSettings) -> AsyncIterator["RedisClient"]:
    """A client for as long as the context lasts. Raises `Unavailable` if the servers do not answer, or not to us."""
    client = RedisClient(settings)
    try:
        await client.greet()
        yield client
    finally:
        await client.close()


class RedisClient:
    """Asks the servers. All raise `Unavailable`, and `StorageFull` where there is no memory left to write.

    Whatever is asked may be sent twice when a connection breaks: it is of the kind for which twice is once.
    """

    def __init__(self, settings: RedisSettings) -> None:
        self.settings = settings
        self.keys = Keys(settings.key_prefix)
        self.is_cluster = settings.cluster
        with self.in_our_words():
            self._options = _options(settings)
            self._servers: Any = _cluster(self._options) if settings.cluster else _one(self._options)

    async def greet(self) -> None:
        """Return once the servers have answered."""
        with self.in_our_words():
            if self.is_cluster:
                await self._servers.initialize()
                return
            said = await self._servers.execute_command("INFO", "cluster")
        if said.get("cluster_enabled"):
            raise Unavailable("Redis server", f"{shown_url(self.settings.url or '')}: {OF_A_CLUSTER}")

    async def close(self) -> None:
        """Close all connections."""
        await self._servers.aclose()

    async def ask(self, *command: Argument) -> Any:
        """What one command answers."""
        with self.in_our_words():
            return await self._servers.execute_command(*command)

    async def ask_all(self, commands: Sequence[Sequence[Argument]]) -> list[Any]:
        """What each command answers; if one fails, so does all, and the others may have been done."""
        if len(commands) == 1:
            return [await self.ask(*commands[0])]
        with self.in_our_words():
            answers = await self._send(commands)
            for answer in answers:
                if isinstance(answer, Exception):
                    raise answer
            return answers

    async def call(self, call: Call) -> Any:
        """What a script answers."""
        with self.in_our_words():
            try:
                return await self._servers.execute_command(*call.by_digest)
            except NoScriptError:
                return await self._servers.execute_command(*call.by_text)

    async def call_all(self, calls: Sequence[Call]) -> list[Any]:
        """What each call answers; if one fails, so does all, and the others may have been done."""
        if len(calls) == 1:
            return [await self.call(calls[0])]
        with self.in_our_words():
            answers = await self._send([call.by_digest for call in calls])
            unknown = [index for index, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
            if unknown:
                again = await self._send([calls[index].by_text for index in unknown])
                for index, answer in zip(unknown, again, strict=True):
                    answers[index] = answer
            for answer in answers:
                if isinstance(answer, Exception):
                    raise answer
            return answers

    def line_to(self, key: str) -> Connection:
        """A connection, not yet opened, to the server that has `key`: for who listens. Whoever asks closes it."""
        options = dict(self._options)
        del options["max_connections"]
        if self.is_cluster:
            with self.in_our_words():
                node = self._servers.get_node_from_key(key)
                if node is None:
                    raise RedisError("no server has that slot")
            options |= {"host": node.host, "port": node.port}
        kind: type[Connection] = options.pop("connection_class", Connection)
        return kind(**options)

    async def look_around(self) -> None:
        """Find out anew which server of the Cluster has which slots."""
        if self.is_cluster:
            with self.in_our_words():
                await self._servers.nodes_manager.initialize()

    async def describe(self) -> Mapping[str, Mapping[str, Any]]:
        """What each server says of itself (INFO), by its address; of a Cluster, those that can be written."""
        with self.in_our_words():
            if self.is_cluster:
                described: dict[str, Mapping[str, Any]] = await self._servers.execute_command(
                    "INFO", target_nodes=RedisCluster.PRIMARIES
                )
                return described
            host, port = self._options.get("host", "localhost"), self._options.get("port", 6379)
            return {f"{host}:{port}": await self._servers.execute_command("INFO")}

    async def _send(self, commands: Sequence[Sequence[Argument]]) -> list[Any]:
        pipeline = self._servers.pipeline(transaction=False) if not self.is_cluster else self._servers.pipeline()
        for command in commands:
            pipeline.execute_command(*command)
        answers: list[Any] = await pipeline.execute(raise_on_error=False)
        return answers

    @contextmanager
    def in_our_words(self) -> Iterator[None]:
        """Tells in our words what redis-py raises."""
        try:
            yield
        except (RedisError, RedisClusterException, *BROKEN) as error:
            raise failure_of(error, self.settings) from error


def _options(settings: RedisSettings) -> dict[str, Any]:
    """What redis-py is told. Its own retries, ten of them, would hide for seconds that a server is gone."""
    options: dict[str, Any] = dict(parse_url(settings.url or ""))
    if settings.password is not None:
        options["password"] = settings.password
    return {
        "max_connections": _MAX_CONNECTIONS,
        "socket_timeout": ANSWER_SECONDS,
        "socket_connect_timeout": CONNECT_SECONDS,
        "socket_keepalive": True,
        "protocol": 2,  # what Redis and Valkey of all versions speak
        "retry": Retry(
            ExponentialBackoff(cap=_LONGEST_REST_SECONDS, base=_FIRST_REST_SECONDS),
            _RETRIES,
            supported_errors=(RedisConnectionError, RedisTimeoutError, *BROKEN),  # type: ignore[arg-type]
        ),
        **options,
    }


def _one(options: dict[str, Any]) -> Redis:
    return Redis.from_pool(ConnectionPool(**options))


def _cluster(options: dict[str, Any]) -> RedisCluster:
    of_cluster = dict(options)
    if of_cluster.pop("connection_class", Connection) is not Connection:
        of_cluster["ssl"] = True
    return RedisCluster(**of_cluster)
