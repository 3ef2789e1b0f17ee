"""Topics: which a platform needs, how they are made, and whether they are as they should be."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code
from attrs import frozen

from waygrid_core.model.address import INBOX, SCHEDULER, WAYSTATION, ServiceAddress
from waygrid_core.model.topic import DEAD_LETTER_SUFFIX, dead_letter_topic, topic_name
from waygrid_shell.adapters.kafka.brokers import Brokers
from waygrid_shell.adapters.kafka.failures import listed, sentence_of, unavailable
from waygrid_shell.ports.failure import Unavailable
from waygrid_shell.settings.settings import KafkaSettings

SYSTEM: Final = (WAYSTATION, SCHEDULER, INBOX)

RETENTION_MILLISECONDS: Final = 7 * 24 * 60 * 60 * 1_000
"""How long a message waits for who shall read it: an outage may last so long."""

LEAST_RETENTION_MILLISECONDS: Final = 24 * 60 * 60 * 1_000
LEAST_MESSAGE_BYTES: Final = 512 * 1024
"""Values of up to 256 KiB travel in records, and headers with them."""

_REQUEST_TIMEOUT_MILLISECONDS: Final = 10_000
_LOOKS: Final = 50
_LOOK_AGAIN_SECONDS: Final = 0.1
_USUAL_MESSAGE_BYTES: Final = 1_048_588
_FOR_EVER: Final = -1
_BY_DEFAULT: Final = -1


def needed_topics(addresses: Iterable[ServiceAddress]) -> tuple[str, ...]:
    """The topics, without prefix, of the system's services and of these, and of the letters of each that died."""
    services = dict.fromkeys([*SYSTEM, *addresses])
    return tuple(topic for each in services for topic in (topic_name(each), dead_letter_topic(topic_name(each))))


async def create_topics(settings: KafkaSettings, topics: Sequence[str]) -> Sequence[str]:
    """Make those of these topics that are missing; the names of those made, in Kafka. Raises `Unavailable`."""
    brokers = Brokers(settings)
    async with admin_of(brokers) as admin:
        there = await _counts(admin)
        missing = [name for topic in topics if (name := brokers.named(topic)) not in there]
        await _make(admin, missing, settings)
    return missing


async def check_topics(settings: KafkaSettings, topics: Sequence[str]) -> Sequence[str]:
    """What is wrong with these topics, each with its cure; nothing if all is well. Raises `Unavailable`."""
    brokers = Brokers(settings)
    async with admin_of(brokers) as admin:
        described = {each["topic"]: each for each in await admin.describe_topics()}
        names = [brokers.named(topic) for topic in topics]
        missing = [name for name in names if name not in described]
        there = [name for name in names if name in described]
        configs = await _configs(admin, there)
        count = len((await admin.describe_cluster())["brokers"])
    problems = [f"{name} is missing; make it with: waygrid topics create" for name in missing]
    for name in there:
        problems += _faults(name, described[name]["partitions"], configs[name], settings, count)
    return problems


@frozen
class TopicFacts:
    """What whoever writes to a topic has to know."""

    partitions: int
    max_bytes: int
    """Of a batch, as the brokers take it."""


class TopicMaker:
    """Has topics, if it may."""

    def __init__(self, brokers: Brokers) -> None:
        self._brokers = brokers

    async def have(self, names: Sequence[str]) -> Mapping[str, TopicFacts]:
        """These topics (of Kafka's name); the missing are made, if they may be, and with each that for its letters.

        Raises `Unavailable`.
        """
        settings = self._brokers.settings
        async with admin_of(self._brokers) as admin:
            counts = await _counts(admin)
            missing = [name for name in _with_dead_letters(names) if name not in counts]
            if missing and settings.create_topics:
                await _make(admin, missing, settings)
                for _ in range(_LOOKS):
                    counts = await _counts(admin)
                    if all(name in counts for name in missing):
                        break
                    await asyncio.sleep(_LOOK_AGAIN_SECONDS)  # one broker knows it earlier than another
            absent = [name for name in names if name not in counts]
            if absent:
                raise Unavailable("event log", f"there is no topic {listed(absent)}; make it: waygrid topics create")
            configs = await _configs(admin, names)
        largest = {name: int(configs[name].get("max.message.bytes", _USUAL_MESSAGE_BYTES)) for name in names}
        return {name: TopicFacts(counts[name], largest[name]) for name in names}


@asynccontextmanager
async def admin_of(brokers: Brokers, port: str = "event log") -> AsyncIterator[Any]:
    """A client that makes topics and looks at them. Errors inside become `Unavailable`."""
    admin = AIOKafkaAdminClient(
        **brokers.options(port), request_timeout_ms=_REQUEST_TIMEOUT_MILLISECONDS, retry_backoff_ms=50
    )
    try:
        try:
            await admin.start()
        except (KafkaError, OSError) as error:
            raise await brokers.why(error, port) from error
        try:
            yield admin
        except (KafkaError, OSError) as error:
            raise unavailable(error, port) from error
    finally:
        await admin.close()


def _with_dead_letters(names: Iterable[str]) -> list[str]:
    both = [name for each in names for name in (each, each + DEAD_LETTER_SUFFIX)]
    return [name for name in dict.fromkeys(both) if not name.endswith(DEAD_LETTER_SUFFIX * 2)]


async def _counts(admin: Any) -> dict[str, int]:
    """How many partitions each topic has that is there. Asking for one by name might make it."""
    return {each["topic"]: len(each["partitions"]) for each in await admin.describe_topics() if each["partitions"]}


async def _make(admin: Any, names: Sequence[str], settings: KafkaSettings) -> None:
    if not names:
        return
    response = await admin.create_topics([_new(name, settings) for name in names])
    for name, code, message in response.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise Unavailable("event log", f"topic {name} cannot be made: {message or sentence_of(error())}")


def _new(name: str, settings: KafkaSettings) -> Any:
    """Letters that died are few, and are kept for people, in the order in which they died."""
    is_dead = name.endswith(DEAD_LETTER_SUFFIX)
    replicas = settings.replication_factor
    configs = {
        "cleanup.policy": "delete",
        "retention.ms": str(_FOR_EVER if is_dead else RETENTION_MILLISECONDS),
        **({"min.insync.replicas": "2"} if replicas is not None and replicas > 2 else {}),
    }
    return NewTopic(
        name,
        1 if is_dead else settings.partitions,
        _BY_DEFAULT if replicas is None else replicas,
        replica_assignments={} if replicas is None else None,
        topic_configs=configs,
    )


async def _configs(admin: Any, names: Sequence[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    responses = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    return {
        name: {entry[0]: entry[1] for entry in entries}
        for response in responses
        for _, _, _, name, entries in response.resources
    }


def _faults(
    name: str, partitions: Sequence[Any], configs: Mapping[str, str], settings: KafkaSettings, brokers: int
) -> list[str]:
    """What is wrong with a topic that is there."""
    is_dead = name.endswith(DEAD_LETTER_SUFFIX)
    faults = []
    alter = f"kafka-configs.sh --alter --entity-type topics --entity-name {name} --add-config"
    headless = sum(1 for each in partitions if each["leader"] < 0)
    if headless:
        faults.append(f"{name}: {headless} of {len(partitions)} partitions have no leader; see which brokers are down")
    if not is_dead and len(partitions) != settings.partitions:
        faults.append(
            f"{name} has {len(partitions)} partitions, and kafka.partitions is {settings.partitions}; set that to"
            f" {len(partitions)}, or stop all of Waygrid, wait until the topic is read, and change the topic"
        )
    replicas = min((len(each["replicas"]) for each in partitions), default=0)
    wanted = settings.replication_factor or min(3, brokers)
    if replicas < wanted:
        faults.append(
            f"{name} has {replicas} replicas, and {wanted} are wanted: messages are lost with a broker; give it more"
            " with kafka-reassign-partitions.sh"
        )
    in_sync = int(configs.get("min.insync.replicas", 1))
    if replicas >= 3 and in_sync < 2:
        faults.append(f"{name} takes messages with one replica in sync; {alter} min.insync.replicas=2")
    if in_sync > 1 and in_sync >= replicas:
        faults.append(
            f"{name} takes messages only while all {replicas} replicas are in sync;"
            f" {alter} min.insync.replicas={max(1, replicas - 1)}"
        )
    if configs.get("cleanup.policy", "delete") != "delete":
        faults.append(f"{name} is compacted, which loses messages; {alter} cleanup.policy=delete")
    retention = int(configs.get("retention.ms", _FOR_EVER))
    if is_dead and retention != _FOR_EVER:
        faults.append(f"{name} forgets dead letters; {alter} retention.ms=-1")
    elif 0 <= retention < LEAST_RETENTION_MILLISECONDS:
        faults.append(
            f"{name} forgets messages within a day, read or not; {alter} retention.ms={RETENTION_MILLISECONDS}"
        )
    largest = int(configs.get("max.message.bytes", LEAST_MESSAGE_BYTES))
    if largest < LEAST_MESSAGE_BYTES:
        faults.append(f"{name} takes no message of {LEAST_MESSAGE_BYTES} bytes; {alter} max.message.bytes=1048588")
    return faults
