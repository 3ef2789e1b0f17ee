"""What `waygrid serve`, and the commands beside it, need of the settings; all that is wrong is told at once."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

from waygrid_shell.settings.problem import SettingProblem
from waygrid_shell.settings.settings import KafkaSettings, PostgresSettings, RedisSettings, Settings

KAFKA: Final = "kafka.servers"
POSTGRES: Final = "postgres.url"
REDIS: Final = "redis.url"

_EXAMPLES: Final = {
    KAFKA: ("some brokers of Kafka", 'servers = ["kafka-1.internal:9092"]', "kafka-1.internal:9092"),
    POSTGRES: (
        "the database",
        'url = "postgresql://waygrid@db.internal/waygrid"',
        "postgresql://waygrid@db.internal/waygrid",
    ),
    REDIS: ("Redis", 'url = "redis://cache.internal:6379/0"', "redis://cache.internal:6379/0"),
}
"""By setting: what it names, how a file has it, how a variable has it."""


def cluster_is_named(settings: Settings, places: Mapping[str, str]) -> Sequence[SettingProblem]:
    """A check, for what needs all servers: whether they are given."""
    return [problem for path in _EXAMPLES for problem in _unless_given(path, places)]


def database_is_named(settings: Settings, places: Mapping[str, str]) -> Sequence[SettingProblem]:
    """A check, for what needs the database alone."""
    return _unless_given(POSTGRES, places)


def kafka_is_named(settings: Settings, places: Mapping[str, str]) -> Sequence[SettingProblem]:
    """A check, for what needs Kafka alone."""
    return _unless_given(KAFKA, places)


def _unless_given(path: str, places: Mapping[str, str]) -> Sequence[SettingProblem]:
    if path in places:
        return []
    what, line, text = _EXAMPLES[path]
    section = path.partition(".")[0]
    variable = "WAYGRID_" + path.replace(".", "_").upper()
    cure = f"write {line} below [{section}] in the settings file, or set {variable}={text}"
    return [SettingProblem(path, f"it is not set, and says where to find {what}; {cure}")]


def cluster_fits(settings: Settings, places: Mapping[str, str]) -> Sequence[SettingProblem]:
    """A check, for what talks to the servers: whether what is given for each of them goes together, and is there."""
    found = (*_of_kafka(settings.kafka), *_of_postgres(settings.postgres), *_of_redis(settings.redis))
    return [SettingProblem(places.get(path, path), message) for path, message in found]


def _of_kafka(kafka: KafkaSettings) -> Iterator[tuple[str, str]]:
    protocol = kafka.security_protocol
    has_tls, has_sasl = protocol in ("SSL", "SASL_SSL"), protocol.startswith("SASL")
    for name in ("ca_file", "cert_file", "key_file"):
        file = getattr(kafka, name)
        if file is None:
            continue
        if not has_tls:
            cure = "SASL_SSL" if has_sasl else "SSL"
            yield f"kafka.{name}", f"it is of no use with security_protocol {protocol}; write {cure}, or leave it out"
        if not file.is_file():
            yield f"kafka.{name}", f"there is no file {file}"
    if kafka.cert_file is not None and kafka.key_file is None:
        yield "kafka.cert_file", "its key is missing; name the file of the key in kafka.key_file"
    if kafka.key_file is not None and kafka.cert_file is None:
        yield "kafka.key_file", "its certificate is missing; name the file of the certificate in kafka.cert_file"
    for name in ("sasl_username", "sasl_password"):
        is_given = getattr(kafka, name) is not None
        if has_sasl and not is_given:
            yield "kafka.security_protocol", f"{protocol} needs kafka.{name}, which is not set"
        if is_given and not has_sasl:
            cure = "SASL_SSL" if has_tls else "SASL_SSL or SASL_PLAINTEXT"
            yield f"kafka.{name}", f"it is of no use with security_protocol {protocol}; write {cure}, or leave it out"


def _of_postgres(postgres: PostgresSettings) -> Iterator[tuple[str, str]]:
    if postgres.password is not None and _has_password(postgres.url):
        yield "postgres.password", "postgres.url has a password too; leave one of them out"


def _of_redis(redis: RedisSettings) -> Iterator[tuple[str, str]]:
    if redis.password is not None and _has_password(redis.url):
        yield "redis.password", "redis.url has a password too; leave one of them out"
    database = "" if redis.url is None else urlsplit(redis.url).path.strip("/")
    if redis.cluster and database not in ("", "0"):
        yield "redis.url", f"a Redis Cluster has no database {database}; write the URL without it"


def _has_password(url: str | None) -> bool:
    return url is not None and urlsplit(url).password is not None
