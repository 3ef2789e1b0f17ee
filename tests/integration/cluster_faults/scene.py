"""A whole cluster for faults: servers of its own that can be killed, networks that can be cut, processes with load."""

import random
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

import aiohttp
from attrs import define, field, frozen

from tests.free_port import free_port
from tests.integration.cluster_faults.injecting import topics_of
from tests.integration.faults.load import APP, ELSEWHERE, Load
from tests.integration.faults.processes import Command, Server, ask, ending, receiving, service
from tests.servers.kafka import Kafka, own_kafka
from tests.servers.postgres import Postgres, own_postgres
from tests.servers.processes import Server as ServerProcess
from tests.servers.programs import Missing
from tests.servers.proxy import Proxy, proxy
from tests.servers.redis import Redis, own_redis
from tests.servers.small_disk import SmallDisk, small_disk
from waygrid_shell.runtime.cluster_wiring import cluster_ports
from waygrid_shell.runtime.wiring import Ports
from waygrid_shell.settings.settings import KafkaSettings, PostgresSettings, RedisSettings, Settings

PREFIX: Final = "faults"
PARTITIONS: Final = 4
SESSION: Final = timedelta(seconds=3)
"""After so long a process that says nothing has lost its partitions."""

DRAIN: Final = timedelta(seconds=5)
START_SECONDS: Final = 180.0
"""In which seven processes come up at once, on a machine that may be busy otherwise."""

FRONT: Final = "api,scheduler,inbox,chores"
PROCESSES: Final = {
    "waystation-1": "waystation",
    "waystation-2": "waystation",
    "waystation-3": "waystation",
    "worker-1": "worker",
    "worker-2": "worker",
    "front-1": FRONT,
    "front-2": FRONT,
}
BEHIND_A_DOOR: Final = ("waystation-1", "worker-1", "front-1")
"""Those whose network can be cut: they know the servers by proxies alone."""


@frozen
class Network:
    """All that one process reaches its servers by."""

    kafka: Proxy
    postgres: Proxy
    redis: Proxy

    @property
    def links(self) -> Mapping[str, Proxy]:
        """Each by the name of its server."""
        return {"kafka": self.kafka, "postgres": self.postgres, "redis": self.redis}


@frozen(kw_only=True)
class OwnServers:
    """Servers that nobody else uses. `doors` are the ports that Kafka tells who comes through a proxy."""

    kafka: Kafka
    postgres: Postgres
    redis: Redis
    database: str
    """Its URL; it is migrated."""
    disk: SmallDisk | None
    """The disk of PostgreSQL; None where none can be had."""
    doors: Mapping[str, int]
    """By the process."""


@contextmanager
def own_servers() -> Iterator[OwnServers]:
    """One of each, to be killed. Raises `Missing`."""
    doors = {name: free_port() for name in BEHIND_A_DOOR}
    with ExitStack() as stack:
        disk = _disk(stack)
        settings = {"fsync": "on", "max_wal_size": "16MB", "min_wal_size": "2MB"}
        postgres = stack.enter_context(own_postgres(settings, within=None if disk is None else disk.path))
        yield OwnServers(
            kafka=stack.enter_context(own_kafka(doors=list(doors.values()))),
            postgres=postgres,
            redis=stack.enter_context(own_redis()),
            database=stack.enter_context(postgres.migrated_database()),
            disk=disk,
            doors=doors,
        )


@define(kw_only=True)
class Scene:
    """Everything that a fault can be done to. It begins with all of it well."""

    folder: Path
    servers: OwnServers
    networks: Mapping[str, Network]
    """By the process."""
    processes: Mapping[str, Command]
    fronts: Sequence[str]
    """Where the API is."""
    settings: Settings
    ports: Ports
    session: aiohttp.ClientSession
    receiver: str
    chance: random.Random
    load: Load
    """What is handed in now."""
    poison: set[str] = field(factory=set)
    delivered: set[str] = field(factory=set)
    """Keys of deliveries that have been judged."""
    done: list[str] = field(factory=list)
    """The faults so far."""
    began_at: float = field(factory=time.monotonic)

    def say(self, what: str) -> None:
        """A line of the transcript, which is shown with a failure."""
        print(f"{time.monotonic() - self.began_at:8.1f} s  {what}", flush=True)

    def begin_load(self, name: str) -> Load:
        """A new one, of that name."""
        self.load = Load(self.session, self.fronts, self.receiver, random.Random(self.chance.random()), name)
        return self.load

    async def topics(self) -> Sequence[str]:
        """Those of services, as Kafka knows them."""
        return await topics_of(self.servers.kafka.bootstrap, PREFIX)

    async def ready(self) -> None:
        """Wait until both APIs answer: what the others do is seen by what is done."""
        for name, url in zip(("front-1", "front-2"), self.fronts, strict=True):
            await Server(self.processes[name], url).up(self.session, START_SECONDS)

    async def newly_delivered(self) -> set[str]:
        """The keys of deliveries that have arrived since this was asked last."""
        _, seen = await ask(self.session, "GET", f"{self.receiver}/seen")
        new = set(seen) - self.delivered
        self.delivered |= new
        return new


@asynccontextmanager
async def scene(folder: Path, seed: int, servers: OwnServers) -> AsyncIterator[Scene]:
    """A cluster that runs on these servers, before a receiver that lives through it all."""
    chance = random.Random(seed)
    url, kafka, redis = servers.database, servers.kafka, servers.redis
    (folder / "shop.py").write_text(APP)
    (folder / "elsewhere.py").write_text(ELSEWHERE)
    async with AsyncExitStack() as stack:
        networks = {}
        for (name, door), target in zip(servers.doors.items(), kafka.behind, strict=True):
            links = [
                await stack.enter_async_context(proxy(port, to))
                for port, to in ((door, target), (free_port(), port_of(url)), (free_port(), port_of(redis.url)))
            ]
            networks[name] = Network(*links)
        receiver = await stack.enter_async_context(receiving(folder, seed))
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)))
        processes: dict[str, Command] = {}
        fronts = []
        for name, services in PROCESSES.items():
            network = networks.get(name)
            environment = {
                "WAYGRID_KAFKA_SERVERS": f"127.0.0.1:{network.kafka.port}" if network else kafka.bootstrap,
                "WAYGRID_KAFKA_TOPIC_PREFIX": PREFIX,
                "WAYGRID_KAFKA_PARTITIONS": str(PARTITIONS),
                "WAYGRID_KAFKA_SESSION_TIMEOUT": f"{SESSION.total_seconds():g}s",
                "WAYGRID_POSTGRES_URL": at_port(url, network.postgres.port) if network else url,
                "WAYGRID_REDIS_URL": at_port(redis.url, network.redis.port) if network else redis.url,
                "WAYGRID_REDIS_KEY_PREFIX": PREFIX,
                "WAYGRID_OUTBOUND_ALLOWED_NETWORKS": "loopback",
                "WAYGRID_LOG_FORMAT": "pretty",
                "WAYGRID_SERVER_DRAIN": f"{DRAIN.total_seconds():g}s",
                "WAYGRID_APP": "shop:app,elsewhere:app",
                "WAYGRID_SERVER_PORT": str(port := free_port()),
            }
            if services == FRONT:
                fronts.append(f"http://127.0.0.1:{port}")
            processes[name] = service(folder, name, services, **environment)
        await stack.enter_async_context(ending(*processes.values()))
        for process in processes.values():
            await process.start()
        ours = Settings(
            kafka=KafkaSettings(
                servers=(kafka.bootstrap,), topic_prefix=PREFIX, partitions=PARTITIONS, session_timeout=SESSION
            ),
            postgres=PostgresSettings(url=url),
            redis=RedisSettings(url=redis.url, key_prefix=PREFIX),
        )
        ports = await stack.enter_async_context(cluster_ports(ours))
        made = Scene(
            folder=folder,
            servers=servers,
            networks=networks,
            processes=processes,
            fronts=fronts,
            settings=ours,
            ports=ports,
            session=session,
            receiver=receiver,
            chance=chance,
            load=Load(session, fronts, receiver, chance),
        )
        await made.ready()
        made.say(f"{len(processes)} processes run; their logs are in {folder}")
        yield made


def process_of(server: Kafka | Postgres | Redis) -> ServerProcess:
    """The process of a server of our own."""
    assert server.process is not None
    return server.process


def port_of(url: str) -> int:
    """The port in a URL of a server on loopback."""
    return int(url.partition("127.0.0.1:")[2].partition("/")[0])


def at_port(url: str, port: int) -> str:
    """The same URL by another port."""
    return url.replace(f"127.0.0.1:{port_of(url)}", f"127.0.0.1:{port}")


def _disk(stack: ExitStack) -> SmallDisk | None:
    try:
        return stack.enter_context(small_disk())
    except Missing as error:
        print(f"PostgreSQL's disk is not filled: {error}")
        return None
