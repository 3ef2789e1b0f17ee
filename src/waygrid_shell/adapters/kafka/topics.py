"""Topics: which a platform needs, and how they are made."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import anyio
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code
from attrs import frozen

from waygrid_core.model.address import INBOX, SCHEDULER, WAYSTATION, ServiceAddress
from waygrid_core.model.topic import DEAD_LETTER_SUFFIX, dead_letter_topic, topic_name
from waygrid_shell.adapters.kafka.brokers import Brokers
from waygrid_shell.adapters.kafka.failures import listed, sentence_of, unavailable
from waygrid_shell.adapters.kafka.leaving import begin
from waygrid_shell.ports.failure import Unavailable
from waygrid_shell.settings.settings import KafkaSettings

SYSTEM: Final = (WAYSTATION, SCHEDULER, INBOX)

RETENTION_MILLISECONDS: Final = 7 * 24 * 60 * 60 * 1_000
"""How long a message waits for who shall read it: an outage may last so long."""

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
    """Make those of these topics that are missing, and those for their letters that died.

    The names, in Kafka, of those that were made. Raises `Unavailable`.
    """
    brokers = Brokers(settings)
    async with admin_of(brokers) as admin:
        there = await counts_of(admin)
        missing = [name for name in with_dead_letters(map(brokers.named, topics)) if name not in there]
        await _make(admin, missing, settings)
    return missing


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
            counts = await counts_of(admin)
            missing = [name for name in with_dead_letters(names) if name not in counts]
            if missing and settings.create_topics:
                await _make(admin, missing, settings)
                counts = await counts_of(admin)
            absent = [name for name in names if name not in counts]
            if absent:
                raise Unavailable("event log", f"there is no topic {listed(absent)}; make it: waygrid topics create")
            configs = await configs_of(admin, names)
        largest = {name: int(configs[name].get("max.message.bytes", _USUAL_MESSAGE_BYTES)) for name in names}
        return {name: TopicFacts(counts[name], largest[name]) for name in names}


@asynccontextmanager
async def admin_of(brokers: Brokers, port: str = "event log") -> AsyncIterator[Any]:
    """A client that makes topics and looks at them. Errors inside become `Unavailable`."""
    admin = AIOKafkaAdminClient(
        **brokers.options(port), request_timeout_ms=_REQUEST_TIMEOUT_MILLISECONDS, retry_backoff_ms=50
    )
    try:
        await begin(admin, admin.close)
    except (KafkaError, OSError) as error:
        raise await brokers.why(error, port) from error
    try:
        yield admin
    except (KafkaError, OSError) as error:
        raise unavailable(error, port) from error
    finally:
        with anyio.CancelScope(shield=True):
            await admin.close()


def with_dead_letters(names: Iterable[str]) -> list[str]:
    """Each of these topics, and after it the one for its letters that died."""
    both = [name for each in names for name in (each, each + DEAD_LETTER_SUFFIX)]
    return [name for name in dict.fromkeys(both) if not name.endswith(DEAD_LETTER_SUFFIX * 2)]


async def counts_of(admin: Any) -> dict[str, int]:
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
    for _ in range(_LOOKS):
        counts = await counts_of(admin)
        if all(name in counts for name in names):
            break
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)  # one broker knows it earlier than another


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


async def configs_of(admin: Any, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """How each topic is configured; one whose configuration we may not see has an empty one."""
    if not names:
        return {}
    responses = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    return {
        name: {entry[0]: entry[1] for entry in entries}
        for response in responses
        for _, _, _, name, entries in response.resources
    }
