"""Whether topics are as they should be, for `waygrid topics check` and `waygrid doctor`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from waygrid_core.model.topic import DEAD_LETTER_SUFFIX
from waygrid_shell.adapters.kafka.brokers import Brokers
from waygrid_shell.adapters.kafka.topics import RETENTION_MILLISECONDS, admin_of, configs_of, with_dead_letters
from waygrid_shell.ports.finding import Finding
from waygrid_shell.settings.settings import KafkaSettings

_LEAST_RETENTION_MILLISECONDS: Final = 24 * 60 * 60 * 1_000
_LEAST_MESSAGE_BYTES: Final = 512 * 1024
"""Values of up to 256 KiB travel in records, and headers with them."""

_USUAL_MESSAGE_BYTES: Final = 1_048_588
_ENOUGH_REPLICAS: Final = 3


async def check_topics(settings: KafkaSettings, topics: Sequence[str]) -> Sequence[Finding]:
    """What there is to say about these topics, and those for their letters that died. Raises `Unavailable`."""
    brokers = Brokers(settings)
    async with admin_of(brokers) as admin:
        described = {each["topic"]: each["partitions"] for each in await admin.describe_topics()}
        names = with_dead_letters(map(brokers.named, topics))
        there = [name for name in names if name in described]
        configs = await configs_of(admin, there)
        count = len((await admin.describe_cluster())["brokers"])
    findings = [
        Finding("fail", f"topic {name} is missing", "make it with: waygrid topics create")
        for name in names
        if name not in described
    ]
    for name in there:
        found = list(_wrong_with(name, described[name], configs.get(name, {}), settings, count))
        findings += found or [Finding("ok", f"topic {name}: {len(described[name])} partitions")]
    return findings


def _wrong_with(
    name: str, partitions: Sequence[Any], configs: Mapping[str, str], settings: KafkaSettings, brokers: int
) -> Iterator[Finding]:
    is_dead = name.endswith(DEAD_LETTER_SUFFIX)
    headless = sum(1 for each in partitions if each["leader"] < 0)
    if headless:
        yield Finding(
            "fail",
            f"topic {name}: {headless} of {len(partitions)} partitions have no leader",
            "see which brokers are down",
        )
    if not is_dead and len(partitions) != settings.partitions:
        yield Finding(
            "warn",
            f"topic {name} has {len(partitions)} partitions, and kafka.partitions is {settings.partitions}",
            f"set kafka.partitions to {len(partitions)}; or stop all of Waygrid, and give the topic as many",
        )
    yield from _wrong_with_replicas(name, partitions, configs, settings, brokers)
    yield from _wrong_with_keeping(name, configs)


def _wrong_with_replicas(
    name: str, partitions: Sequence[Any], configs: Mapping[str, str], settings: KafkaSettings, brokers: int
) -> Iterator[Finding]:
    replicas = min((len(each["replicas"]) for each in partitions), default=0)
    wanted = settings.replication_factor or min(_ENOUGH_REPLICAS, brokers)
    if replicas < wanted:
        yield Finding(
            "warn",
            f"topic {name} has {replicas} of {wanted} replicas: messages are lost with a broker",
            "give it more with kafka-reassign-partitions.sh",
        )
    in_sync = int(configs.get("min.insync.replicas", 1))
    if replicas >= _ENOUGH_REPLICAS and in_sync < 2:
        yield Finding(
            "warn",
            f"topic {name} takes a message that one replica has: it is lost with that broker",
            _configure(name, "min.insync.replicas=2"),
        )
    if in_sync > 1 and in_sync >= replicas:
        yield Finding(
            "warn",
            f"topic {name} takes messages only while all {replicas} replicas are there",
            _configure(name, f"min.insync.replicas={max(1, replicas - 1)}"),
        )


def _wrong_with_keeping(name: str, configs: Mapping[str, str]) -> Iterator[Finding]:
    if configs.get("cleanup.policy", "delete") != "delete":
        yield Finding(
            "fail", f"topic {name} is compacted: messages are lost", _configure(name, "cleanup.policy=delete")
        )
    retention = int(configs.get("retention.ms", -1))
    if name.endswith(DEAD_LETTER_SUFFIX):
        if retention != -1:
            yield Finding("warn", f"topic {name} forgets dead letters", _configure(name, "retention.ms=-1"))
    elif 0 <= retention < _LEAST_RETENTION_MILLISECONDS:
        yield Finding(
            "warn",
            f"topic {name} forgets messages within a day, read or not",
            _configure(name, f"retention.ms={RETENTION_MILLISECONDS}"),
        )
    largest = int(configs.get("max.message.bytes", _USUAL_MESSAGE_BYTES))
    if largest < _LEAST_MESSAGE_BYTES:
        yield Finding(
            "warn",
            f"topic {name} takes no batch of more than {largest} bytes: all but small values travel in the database",
            _configure(name, f"max.message.bytes={_USUAL_MESSAGE_BYTES}"),
        )


def _configure(name: str, setting: str) -> str:
    return f"kafka-configs.sh --alter --entity-type topics --entity-name {name} --add-config {setting}"
