"""Apache Kafka: one broker, in KRaft mode, for a test session."""

import asyncio
import logging
import os
import secrets
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from tests.free_port import free_port
from tests.servers.processes import Server, folder, memory
from tests.servers.programs import HERE, Missing, kafka_jars, program

_FLAGS: Final = (
    "-Xss512k", "-XX:-UsePerfData", "-Djava.net.preferIPv4Stack=true",
    f"-Dlog4j2.configurationFile={HERE / 'kafka_jars' / 'log4j2.properties'}",
)  # fmt: skip

SMALL: Final = ("-Xms128m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""Flags of a small machine that starts quickly; it is not what benchmarks should run on."""

_QUICK: Final = {
    # One of everything that a cluster has three of.
    "default.replication.factor": 1,
    "offsets.topic.replication.factor": 1,
    "offsets.topic.num.partitions": 1,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "transaction.state.log.num.partitions": 1,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    "share.coordinator.state.topic.num.partitions": 1,
    "auto.create.topics.enable": "false",
    # What is waited for, as short as it may be.
    "group.initial.rebalance.delay.ms": 0,
    "group.min.session.timeout.ms": 500,
    "controller.quorum.election.timeout.ms": 300,
    "controller.quorum.fetch.timeout.ms": 600,
    "controller.quorum.election.backoff.max.ms": 300,
    "broker.heartbeat.interval.ms": 300,
    "broker.session.timeout.ms": 3000,
    "controlled.shutdown.enable": "false",
    # Few threads and little memory.
    "log.cleaner.threads": 1,
    "log.cleaner.dedupe.buffer.size": 4 * 1024 * 1024,
    "log.cleaner.io.buffer.size": 64 * 1024,
    "num.network.threads": 1,
    "num.io.threads": 2,
    "background.threads": 2,
}


@contextmanager
def kafka() -> Iterator["Kafka"]:
    """A broker that runs as long as the context lasts: the one that the environment names, or one of its own."""
    given = os.environ.get("WAYGRID_TEST_KAFKA")
    if given:
        yield Kafka(given, None)
        return
    with own_kafka(within=memory()) as started:
        yield started


@contextmanager
def own_kafka(
    *,
    flags: Sequence[str] = SMALL,
    settings: Mapping[str, str | int] | None = None,
    doors: Sequence[int] = (),
    listeners: Mapping[str, str] | None = None,
    scram_users: Mapping[str, str] | None = None,
    within: Path | None = None,
) -> Iterator["Kafka"]:
    """A broker of its own, whatever the environment names, with these flags of its Java and settings of its own.

    Its data is in a folder `within` one.

    `listeners` are more of them (`Kafka.at`), each with the protocol that is spoken there; `scram_users` are those that
    it knows from the beginning, with their passwords.

    `doors` are ports of proxies: for each there is a listener (`Kafka.behind`) whose clients are told to come to that
    port and to no other. For a broker tells its clients where it is.
    """
    jars = kafka_jars()
    if not jars:
        raise Missing("the jars of Kafka are not here; get them with: python -m tests.servers")
    java = [str(program("java")), *_FLAGS, *flags, "-cp", ":".join(map(str, jars))]
    with folder("kafka", within=within) as place:
        port, controller = free_port(), free_port()
        behind = [free_port() for _ in doors]
        hidden = [f"DOOR{number}" for number in range(len(doors))]
        more = {name: free_port() for name in listeners or {}}
        listening = [("PLAINTEXT", port), *zip(hidden, behind, strict=True), *more.items()]
        advertised = [("PLAINTEXT", port), *zip(hidden, doors, strict=True), *more.items()]
        protocols = {**dict.fromkeys(("CONTROLLER", "PLAINTEXT", *hidden), "PLAINTEXT"), **(listeners or {})}
        properties = {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "listeners": _places([*listening, ("CONTROLLER", controller)]),
            "advertised.listeners": _places(advertised),
            "listener.security.protocol.map": ",".join(f"{name}:{protocol}" for name, protocol in protocols.items()),
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAINTEXT",
            "log.dirs": place / "data",
            **_QUICK,
            **(settings or {}),
        }
        config = place / "broker.properties"
        config.write_text("".join(f"{name}={value}\n" for name, value in properties.items()), encoding="utf-8")
        _format(java, config, scram_users or {})
        bootstrap = f"127.0.0.1:{port}"
        process = Server([*java, "kafka.Kafka", str(config)], place / "log", lambda: _answers(bootstrap))
        process.start()
        try:
            yield Kafka(bootstrap, process, tuple(behind), more)
        finally:
            process.stop()


class Kafka:
    """A broker that runs. `process` is None for one that was given.

    `behind` are the ports that proxies lead to, one for each door; `at` the ports of its other listeners.
    """

    def __init__(
        self,
        bootstrap: str,
        process: Server | None,
        behind: tuple[int, ...] = (),
        at: Mapping[str, int] | None = None,
    ) -> None:
        self.bootstrap = bootstrap
        self.process = process
        self.behind = behind
        self.at = at or {}


def _places(listeners: Sequence[tuple[str, int]]) -> str:
    return ",".join(f"{name}://127.0.0.1:{port}" for name, port in listeners)


def _format(java: list[str], config: Path, scram_users: Mapping[str, str]) -> None:
    cluster = "W" + secrets.token_urlsafe(16)[:21]  # it may not begin with a hyphen
    command = [*java, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(config)]
    for name, password in scram_users.items():
        command += ["--add-scram", f"SCRAM-SHA-512=[name={name},password={password}]"]
    subprocess.run(command, check=True, timeout=60, stdout=subprocess.DEVNULL)


def _answers(bootstrap: str) -> bool:
    """Whether the broker knows itself: an open port is not enough."""
    host, _, port = bootstrap.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=2).close()
    except OSError:
        return False
    with ThreadPoolExecutor(1) as pool:  # in a thread: an event loop may be running in this one
        return pool.submit(asyncio.run, _has_broker(bootstrap)).result()


async def _has_broker(bootstrap: str) -> bool:
    noise = logging.getLogger("aiokafka")  # it tells of each attempt that failed, and that is expected here
    level = noise.level
    noise.setLevel(logging.CRITICAL + 1)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=2_000)
    try:
        await admin.start()
        described = await admin.describe_cluster()
        return bool(described["brokers"])
    except (KafkaError, OSError):
        return False
    finally:
        await admin.close()
        noise.setLevel(level)
