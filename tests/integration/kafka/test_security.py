"""Kafka behind TLS, with names and passwords; and what is said when one of them is wrong."""

from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from attrs import evolve, frozen

from tests.servers.certificates import Certificates, make_certificates
from tests.servers.kafka import Kafka, own_kafka
from tests.servers.programs import Missing
from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_shell.adapters.host.clock import HostClock
from waygrid_shell.adapters.kafka.event_log import open_event_log
from waygrid_shell.adapters.kafka.probe import probe_kafka
from waygrid_shell.adapters.memory.blob_store import MemoryBlobStore
from waygrid_shell.adapters.memory.dead_letter_book import MemoryDeadLetterBook
from waygrid_shell.ports.failure import Unavailable
from waygrid_shell.settings.settings import KafkaSettings

pytestmark = pytest.mark.anyio
TOPIC = "processor.a"
PASSWORD = "correct-horse"


@frozen
class Secured:
    """A broker that listens behind TLS, and what it is reached with."""

    kafka: Kafka
    certificates: Certificates

    def settings(self, listener: str) -> KafkaSettings:
        """Right ones, for that listener."""
        right = KafkaSettings(
            servers=(f"localhost:{self.kafka.at[listener]}",),
            topic_prefix=listener.lower(),
            partitions=2,
            security_protocol="SASL_SSL",
            sasl_mechanism="SCRAM-SHA-512",
            sasl_username="waygrid",
            sasl_password=PASSWORD,
            ca_file=self.certificates.authority,
        )
        match listener:
            case "SCRAM":
                return right
            case "PLAIN":
                return evolve(right, sasl_mechanism="PLAIN")
            case _:
                return evolve(
                    right,
                    security_protocol="SSL",
                    cert_file=self.certificates.client_certificate,
                    key_file=self.certificates.client_key,
                )


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder: Path = tmp_path_factory.mktemp("certificates")
    plain = "org.apache.kafka.common.security.plain.PlainLoginModule required"
    scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    try:
        certificates = make_certificates(folder)
        settings = {
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(certificates.server),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(certificates.authority),
            "listener.name.scram.sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.plain.sasl.enabled.mechanisms": "PLAIN",
            "listener.name.scram.scram-sha-512.sasl.jaas.config": scram,
            "listener.name.plain.plain.sasl.jaas.config": f'{plain} user_waygrid="{PASSWORD}";',
            "listener.name.mutual.ssl.client.auth": "required",
        }
        with own_kafka(
            settings=settings,
            listeners={"SCRAM": "SASL_SSL", "PLAIN": "SASL_SSL", "MUTUAL": "SSL"},
            scram_users={"waygrid": PASSWORD},
        ) as kafka:
            yield Secured(kafka, certificates)
    except Missing as error:
        pytest.skip(str(error))


async def opened(settings: KafkaSettings) -> None:
    """Write a record there and read it."""
    record = TransportEnvelope(topic=TOPIC, key="k", headers={"ce_id": "1"}, value=b"{}")
    blobs, book = MemoryBlobStore(), MemoryDeadLetterBook()
    async with (
        open_event_log(settings, dead_letter_book=book, blob_store=blobs, clock=HostClock()) as event_log,
        event_log.subscribe([TOPIC]) as subscription,
    ):
        await event_log.publish([record])
        with anyio.fail_after(60):
            taken = await subscription.take(10)
        assert [each.record for each in taken] == [record]
        await subscription.acknowledge(taken)
        assert await event_log.backlog() == {}


@pytest.mark.parametrize("listener", ["SCRAM", "PLAIN", "MUTUAL"])
async def test_records_travel_behind_tls_with_every_way_to_say_who_one_is(secured: Secured, listener: str) -> None:
    await opened(secured.settings(listener))
    findings = await probe_kafka(secured.settings(listener))
    assert [finding.verdict for finding in findings] == ["ok"]


@pytest.mark.parametrize("listener", ["SCRAM", "PLAIN"])
async def test_a_wrong_password_is_said_to_be_one_and_not_shown(secured: Secured, listener: str) -> None:
    wrong = evolve(secured.settings(listener), sasl_password="battery-staple")
    with pytest.raises(Unavailable, match=r"refuses the name or the password.*check kafka\.sasl_username") as refused:
        await opened(wrong)
    assert "battery-staple" not in str(refused.value)
    (finding,) = await probe_kafka(wrong)
    assert finding.verdict == "fail"
    assert "password" in finding.what


async def test_an_authority_that_has_not_signed_is_said_to_be_the_wrong_one(secured: Secured) -> None:
    wrong = evolve(secured.settings("SCRAM"), ca_file=secured.certificates.stranger)
    with pytest.raises(Unavailable, match=r"certificate of the broker is not trusted.*check kafka\.ca_file"):
        await opened(wrong)


async def test_a_client_that_shows_no_certificate_where_one_is_asked_for_is_told_so(secured: Secured) -> None:
    wrong = evolve(secured.settings("MUTUAL"), cert_file=None, key_file=None)
    with pytest.raises(Unavailable, match=r"check kafka\.(cert_file|security_protocol|servers)"):
        await opened(wrong)


async def test_speaking_plainly_to_a_port_with_tls_says_what_to_check(secured: Secured) -> None:
    wrong = evolve(secured.settings("SCRAM"), security_protocol="PLAINTEXT")
    with pytest.raises(Unavailable, match=r"check kafka\.servers"):
        await opened(wrong)


async def test_a_mechanism_that_the_broker_does_not_speak_is_named(secured: Secured) -> None:
    wrong = evolve(secured.settings("SCRAM"), sasl_mechanism="SCRAM-SHA-256")
    with pytest.raises(Unavailable, match=r"check kafka\.sasl"):
        await opened(wrong)


async def test_a_file_of_certificates_that_is_not_there_is_named(secured: Secured) -> None:
    wrong = evolve(secured.settings("SCRAM"), ca_file=Path("/nowhere/ca.pem"))
    with pytest.raises(Unavailable, match=r"/nowhere/ca\.pem cannot be read"):
        await opened(wrong)


async def test_where_nobody_listens_is_said(secured: Secured) -> None:
    wrong = evolve(secured.settings("SCRAM"), servers=("localhost:1",))
    with pytest.raises(Unavailable, match=r"no broker answers .*localhost:1"):
        await opened(wrong)
