"""The settings of a plant, with their defaults. Units are in the names or in the types.

In TOML a section is a table and a field a key; in the environment the same is `WAYGRID_<SECTION>_<FIELD>`, such as
`WAYGRID_SERVER_PORT`. Lists are separated by commas there. What is not shown by `repr` is secret, and shown nowhere.
"""

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal, TypeAlias

from attrs import Factory, field, frozen

from waygrid_shell.settings.origins import OriginsSettings
from waygrid_shell.settings.shown_url import url_repr

Scope: TypeAlias = Literal["read", "write", "work", "admin"]
"""`read` looks, `write` submits and steers, `work` takes work and answers it, `admin` does all of it."""

IpNetwork: TypeAlias = IPv4Network | IPv6Network


@frozen(kw_only=True)
class ApiKey:
    """Who may do what. `digest` is the SHA-256 (hex) of the key, which is nowhere kept."""

    name: str
    digest: str
    scopes: frozenset[Scope]


@frozen(kw_only=True)
class ServerSettings:
    """Where the HTTP API listens, and how much it takes."""

    host: str = "127.0.0.1"
    port: int = 8400
    max_body_bytes: int = 4 * 1024 * 1024
    max_waiting_submissions: int = 1_000
    """Requests that may wait for the disk at once; more are answered 429."""
    max_unfinished: int = 100_000
    """Traversals under way; above it submissions are answered 429."""
    max_requests_per_second: int | None = None
    """Of a key, over all processes; more are answered 429. None: as many as it likes."""
    drain: timedelta = timedelta(seconds=30)
    """How long attempts under way may go on after SIGTERM."""
    keys: tuple[ApiKey, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    """Web pages that may call the API from a browser (CORS)."""
    audit: bool = True
    """Whether it is kept who asked for what, and what was answered."""


@frozen(kw_only=True)
class DataSettings:
    """Where data is kept, and for how long."""

    dir: Path = Path(".waygrid")
    keep_ended: timedelta | None = None
    """How long traversals that have ended are kept; None: for ever."""
    keep_answers: timedelta = timedelta(days=7)
    keep_channel_messages: timedelta = timedelta(days=1)
    max_channel_messages: int = 10_000
    """Of one channel."""
    sweep_after: timedelta = timedelta(minutes=5)
    """How long a traversal stands still before somebody looks whether what it waits for was lost."""
    keep_audit: timedelta | None = timedelta(days=90)
    """How long it is kept who asked for what; None: for ever."""


@frozen(kw_only=True)
class OutboundSettings:
    """Where processors and destinations may connect to. Public addresses always; private ones only if listed."""

    allowed_networks: tuple[IpNetwork, ...] = ()
    max_response_bytes: int = 1024 * 1024


@frozen(kw_only=True)
class KafkaSettings:
    """The event log of a cluster."""

    servers: tuple[str, ...] = ()
    """Some of the brokers, as host:port; the others are found by them."""
    topic_prefix: str = ""
    """Stands before the names of topics and groups, where several platforms share a Kafka."""
    partitions: int = 8
    """Of a topic that Waygrid makes: as many processes can share a service."""
    replication_factor: int | None = None
    """Of a topic that Waygrid makes; unset: the default of the brokers."""
    create_topics: bool = True
    """Whether Waygrid makes the topics that it needs; else `waygrid topics create` does, by whoever may."""
    session_timeout: timedelta = timedelta(seconds=10)
    """How long a process may say nothing before others take over its partitions."""
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    ca_file: Path | None = None
    """Certificates (PEM) that the brokers' are checked against; unset: those of the system."""
    cert_file: Path | None = None
    """The certificate (PEM) that Waygrid shows, with its key in `key_file`."""
    key_file: Path | None = None
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    sasl_username: str | None = None
    sasl_password: str | None = field(default=None, repr=False)


@frozen(kw_only=True)
class PostgresSettings:
    """The database of a cluster."""

    url: str | None = field(default=None, repr=url_repr)
    """Such as postgresql://waygrid@db.internal/waygrid?sslmode=verify-full; PGPASSWORD and ~/.pgpass are read too."""
    password: str | None = field(default=None, repr=False)
    """If it shall not stand in the URL."""
    max_connections: int = 8
    """Of one process."""


@frozen(kw_only=True)
class RedisSettings:
    """What is quick and can be made anew."""

    url: str | None = field(default=None, repr=url_repr)
    """Such as rediss://cache.internal:6379/0."""
    password: str | None = field(default=None, repr=False)
    """If it shall not stand in the URL."""
    cluster: bool = False
    """Whether it is a Redis Cluster."""
    key_prefix: str = "waygrid"
    """Stands before all keys, where several platforms share a Redis."""


@frozen(kw_only=True)
class LogSettings:
    """What is logged, to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "pretty"] = "auto"
    """`auto`: pretty on a terminal, else JSON."""


@frozen(kw_only=True)
class TracingSettings:
    """Where traces go. Without an endpoint nothing is made or sent."""

    endpoint: str | None = None
    """OTLP over HTTP, such as http://localhost:4318; `OTEL_EXPORTER_OTLP_ENDPOINT` is read too."""
    service_name: str = "waygrid"


@frozen(kw_only=True)
class OpenaiSettings:
    """Defaults of `waygrid://processor/openai`."""

    base_url: str = "https://api.openai.com/v1"


@frozen(kw_only=True)
class Settings:
    """All of it."""

    server: ServerSettings = ServerSettings()
    data: DataSettings = DataSettings()
    outbound: OutboundSettings = OutboundSettings()
    kafka: KafkaSettings = KafkaSettings()
    postgres: PostgresSettings = PostgresSettings()
    redis: RedisSettings = RedisSettings()
    log: LogSettings = LogSettings()
    tracing: TracingSettings = TracingSettings()
    openai: OpenaiSettings = OpenaiSettings()
    origins: OriginsSettings = Factory(OriginsSettings)
    extensions: tuple[str, ...] = ()
    """Extensions of the machine, as package.module:Class, beside those that installed packages declare."""
    app: tuple[str, ...] = ()
    """Apps with users' processors and destinations, as module:app."""
