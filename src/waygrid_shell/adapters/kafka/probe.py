"""Looks at Kafka, for `waygrid doctor`."""

from collections.abc import Sequence
from datetime import timedelta
from time import monotonic

from waygrid_core.model.address import WAYSTATION
from waygrid_core.model.topic import topic_name
from waygrid_shell.adapters.kafka.brokers import Brokers
from waygrid_shell.adapters.kafka.failures import quiet_the_driver
from waygrid_shell.adapters.kafka.publisher import Publisher
from waygrid_shell.adapters.kafka.topics import TopicMaker, admin_of
from waygrid_shell.ports.failure import PortFailure
from waygrid_shell.ports.finding import Finding
from waygrid_shell.settings.settings import KafkaSettings

_SLOW = timedelta(milliseconds=200)


async def probe_kafka(settings: KafkaSettings) -> Sequence[Finding]:
    """What there is to say about it. Raises nothing that Kafka may cause."""
    quiet_the_driver()
    brokers = Brokers(settings)
    try:
        async with admin_of(brokers) as admin:
            began = monotonic()
            described = await admin.describe_cluster()
            took = timedelta(seconds=monotonic() - began)
    except PortFailure as failure:
        return [Finding("fail", str(failure))]
    places = sorted(f"{each['host']}:{each['port']}" for each in described["brokers"])
    findings = [Finding("ok", f"Kafka answers: cluster {described['cluster_id']} with {', '.join(places)}")]
    if took > _SLOW:
        findings.append(
            Finding("warn", f"Kafka took {took / timedelta(milliseconds=1):.0f} ms to answer", "see what keeps it busy")
        )
    findings += await _wrong_with_writing(brokers)
    findings += await _wrong_with_reading(brokers)
    return findings


async def _wrong_with_writing(brokers: Brokers) -> list[Finding]:
    publisher = Publisher(brokers, TopicMaker(brokers))
    try:
        await publisher.start()
    except PortFailure as failure:
        return [Finding("fail", f"Kafka lets us write nothing: {failure}", "grant IDEMPOTENT_WRITE and WRITE")]
    await publisher.close()
    return []


async def _wrong_with_reading(brokers: Brokers) -> list[Finding]:
    group = brokers.group(topic_name(WAYSTATION))
    try:
        async with admin_of(brokers) as admin:
            await admin.list_consumer_group_offsets(group)
    except PortFailure as failure:
        return [
            Finding("warn", f"Kafka does not let us see group {group}: {failure}", "try again; or grant READ on it")
        ]
    return []
