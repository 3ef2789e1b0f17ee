"""Topics are made as they should be, and what is wrong with one is found, with its cure."""

import secrets

import anyio
import pytest
from aiokafka.admin import NewTopic
from attrs import evolve

from tests.contract.event_logs import delete_topics
from tests.servers.cluster import ClusterServers
from waygrid_core.model.address import parse_address
from waygrid_shell.adapters.kafka.brokers import Brokers
from waygrid_shell.adapters.kafka.checking import check_topics
from waygrid_shell.adapters.kafka.probe import probe_kafka
from waygrid_shell.adapters.kafka.topics import admin_of, counts_of, create_topics, needed_topics
from waygrid_shell.ports.failure import Unavailable
from waygrid_shell.settings.settings import KafkaSettings

pytestmark = pytest.mark.anyio


def settings_of(servers: ClusterServers) -> KafkaSettings:
    name = f"t{secrets.token_hex(5)}"
    return KafkaSettings(servers=(servers.kafka.bootstrap,), topic_prefix=name, partitions=3, replication_factor=1)


def test_a_platform_needs_the_topics_of_its_services_and_for_what_died_of_each() -> None:
    address = parse_address("waygrid://processor/http").unwrap()
    topics = needed_topics([address, address])
    assert topics == (
        "system.waystation",
        "system.waystation.dead-letter",
        "system.scheduler",
        "system.scheduler.dead-letter",
        "system.inbox",
        "system.inbox.dead-letter",
        "processor.http",
        "processor.http.dead-letter",
    )


async def test_what_is_made_is_found_to_be_well_and_made_once(servers: ClusterServers) -> None:
    settings = settings_of(servers)
    topics = ["processor.a", "processor.b"]
    try:
        missing = await check_topics(settings, topics)
        assert [finding.verdict for finding in missing] == ["fail"] * 4
        assert all("waygrid topics create" in finding.cure for finding in missing)
        made = await create_topics(settings, topics)
        assert sorted(made) == sorted(
            f"{settings.topic_prefix}.{topic}{suffix}" for topic in topics for suffix in ("", ".dead-letter")
        )
        assert await create_topics(settings, topics) == []
        findings = await check_topics(settings, topics)
        assert [(finding.verdict, finding.cure) for finding in findings] == [("ok", "")] * 4
    finally:
        await delete_topics(settings)


async def test_what_is_wrong_with_a_topic_is_said_with_the_command_that_mends_it(servers: ClusterServers) -> None:
    settings = settings_of(servers)
    name = f"{settings.topic_prefix}.processor.a"
    configs = {
        "cleanup.policy": "compact",
        "retention.ms": "60000",
        "max.message.bytes": "1000",
        "min.insync.replicas": "1",
    }
    try:
        async with admin_of(Brokers(settings)) as admin:
            await admin.create_topics(
                [
                    NewTopic(name, 2, 1, topic_configs=configs),
                    NewTopic(f"{name}.dead-letter", 1, 1, topic_configs={"retention.ms": "1000"}),
                ]
            )
            with anyio.fail_after(60):
                while not {name, f"{name}.dead-letter"} <= set(await counts_of(admin)):
                    await anyio.sleep(0.05)  # a broker knows it a moment later
        findings = await check_topics(evolve(settings, replication_factor=3), ["processor.a"])
        said = "\n".join(f"{finding.verdict} {finding.what}: {finding.cure}" for finding in findings)
        for sentence in (
            f"warn topic {name} has 2 partitions, and kafka.partitions is 3: set kafka.partitions to 2",
            f"warn topic {name} has 1 of 3 replicas",
            f"fail topic {name} is compacted: messages are lost: kafka-configs.sh --alter",
            f"--entity-type topics --entity-name {name} --add-config cleanup.policy=delete",
            f"warn topic {name} forgets messages within a day",
            f"warn topic {name} takes no batch of more than 1000 bytes",
            f"warn topic {name}.dead-letter forgets dead letters",
        ):
            assert sentence in said
    finally:
        await delete_topics(settings)


async def test_a_look_at_kafka_says_who_answers_and_never_raises(servers: ClusterServers) -> None:
    found, *_ = await probe_kafka(settings_of(servers))
    assert found.verdict == "ok"
    assert servers.kafka.bootstrap in found.what
    (nobody,) = await probe_kafka(KafkaSettings(servers=("127.0.0.1:1",)))
    assert nobody.verdict == "fail"
    assert "no broker answers" in nobody.what
    (nameless,) = await probe_kafka(KafkaSettings())
    assert "set kafka.servers" in nameless.what


async def test_topics_where_nobody_answers_cannot_be_made() -> None:
    with pytest.raises(Unavailable, match="no broker answers"):
        await create_topics(KafkaSettings(servers=("127.0.0.1:1",)), ["processor.a"])
