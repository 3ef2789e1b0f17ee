"""Where Kafka is, how it is spoken to, and what topics and groups are called there."""

import ssl
from typing import Any, Final

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import KafkaConnectionError, KafkaError
from attrs import frozen

from waygrid_core.model.topic import DEAD_LETTER_SUFFIX, parse_topic
from waygrid_core.outcome import Success
from waygrid_shell.adapters.kafka.closed_transport import expect_closed_transports
from waygrid_shell.adapters.kafka.failures import sentence_of
from waygrid_shell.adapters.kafka.late_connections import close_late_connections
from waygrid_shell.ports.failure import Unavailable
from waygrid_shell.settings.settings import KafkaSettings

CLIENT: Final = "waygrid"
GROUP: Final = "waygrid"

_TRIED_MILLISECONDS: Final = 5_000


@frozen
class Brokers:
    """The brokers of the settings."""

    settings: KafkaSettings

    def options(self, port: str = "event log") -> dict[str, Any]:
        """What every client of the driver is made with. Raises `Unavailable` if a certificate cannot be read."""
        settings = self.settings
        expect_closed_transports()
        close_late_connections()
        if not settings.servers:
            raise Unavailable(
                port, "no Kafka is named; set kafka.servers, such as WAYGRID_KAFKA_SERVERS=localhost:9092"
            )
        options: dict[str, Any] = {
            "bootstrap_servers": list(settings.servers),
            "client_id": CLIENT,
            "security_protocol": settings.security_protocol,
        }
        if settings.security_protocol.endswith("SSL"):
            options["ssl_context"] = self._tls(port)
        if settings.security_protocol.startswith("SASL"):
            options["sasl_mechanism"] = settings.sasl_mechanism
            options["sasl_plain_username"] = settings.sasl_username
            options["sasl_plain_password"] = settings.sasl_password
        return options

    def _tls(self, port: str) -> ssl.SSLContext:
        settings = self.settings
        try:
            context = ssl.create_default_context(cafile=None if settings.ca_file is None else str(settings.ca_file))
            if settings.cert_file is not None:
                context.load_cert_chain(settings.cert_file, settings.key_file)
        except (OSError, ssl.SSLError) as error:
            files = ", ".join(str(each) for each in (settings.ca_file, settings.cert_file, settings.key_file) if each)
            raise Unavailable(port, f"the certificates {files} cannot be read: {error}") from error
        return context

    def named(self, topic: str) -> str:
        """What a topic of ours is called in Kafka."""
        return f"{self._prefix}{topic}"

    def ours(self, name: str) -> str | None:
        """Which topic of ours it is that is called that in Kafka; None if it does not begin with our prefix."""
        return name.removeprefix(self._prefix) if name.startswith(self._prefix) else None

    def topic_of(self, name: str) -> str | None:
        """The topic of a service of ours that is called that in Kafka."""
        topic = self.ours(name)
        if topic is None or topic.endswith(DEAD_LETTER_SUFFIX):
            return None
        return topic if isinstance(parse_topic(topic), Success) else None

    def dead_topic_of(self, name: str) -> str | None:
        """The topic of a service of ours whose letters that died stand in the one that is called that in Kafka."""
        return self.topic_of(name.removesuffix(DEAD_LETTER_SUFFIX)) if name.endswith(DEAD_LETTER_SUFFIX) else None

    def is_ours(self, name: str) -> bool:
        """Whether a topic that is called that in Kafka is for a service of ours, or for its letters that died."""
        return self.topic_of(name.removesuffix(DEAD_LETTER_SUFFIX)) is not None

    def group(self, topic: str) -> str:
        """The group of those who read a topic of ours."""
        return f"{self._prefix}{GROUP}.{topic}"

    async def why(self, error: BaseException, port: str = "event log") -> Unavailable:
        """Why no broker could be reached: the driver says only that, so each is tried once more by hand."""
        options = self.options(port)
        servers = options.pop("bootstrap_servers")
        for host, number, _ in collect_hosts(servers):
            try:
                connection = await create_conn(host, number, request_timeout_ms=_TRIED_MILLISECONDS, **options)
            except (KafkaError, OSError) as found:
                error = found
                if not isinstance(found, KafkaConnectionError | ConnectionError | TimeoutError):
                    break
            else:
                connection.close()
        return Unavailable(port, f"{sentence_of(error)} ({', '.join(servers)})")

    @property
    def _prefix(self) -> str:
        return f"{self.settings.topic_prefix}." if self.settings.topic_prefix else ""
