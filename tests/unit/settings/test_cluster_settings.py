"""The settings of a cluster: what is wrong with them is told before anything begins, and nothing secret is told."""

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from waygrid_core.outcome import Failure
from waygrid_shell.settings.cluster_checks import cluster_fits, cluster_is_named
from waygrid_shell.settings.reading import Check, Option, all_settings, read_settings
from waygrid_shell.settings.settings import KafkaSettings, Settings
from waygrid_shell.settings.shown_url import shown_url

SECRET = "s3cr3t-w0rd"


def read(tmp_path: Path, toml: str = "", environment: Mapping[str, str] | None = None) -> Settings:
    file = tmp_path / "some.toml"
    file.write_text(toml)
    outcome = read_settings(file, environment or {}, (), [cluster_fits])
    assert not isinstance(outcome, Failure), [str(problem) for problem in outcome.failure()]
    return outcome.unwrap()


def problems(
    tmp_path: Path,
    toml: str = "",
    environment: Mapping[str, str] | None = None,
    checks: Sequence[Check] = (cluster_fits,),
    options: Sequence[Option] = (),
) -> list[str]:
    file = tmp_path / "some.toml"
    file.write_text(toml)
    outcome = read_settings(file, environment or {}, options, checks)
    assert isinstance(outcome, Failure), outcome
    return [str(problem).replace(str(file), "some.toml") for problem in outcome.failure()]


def test_a_file_says_where_the_servers_are_and_how_to_speak_to_them(tmp_path: Path) -> None:
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (tmp_path / name).touch()
    toml = f"""
    [kafka]
    servers = ["kafka-1:9092", "[::1]:9093"]
    topic_prefix = "shop"
    partitions = 32
    replication_factor = 3
    create_topics = false
    session_timeout = "6s"
    security_protocol = "SASL_SSL"
    ca_file = "{tmp_path}/ca.pem"
    cert_file = "{tmp_path}/cert.pem"
    key_file = "{tmp_path}/key.pem"
    sasl_mechanism = "PLAIN"
    sasl_username = "waygrid"
    sasl_password = "{SECRET}"
    [postgres]
    url = "postgresql://waygrid@db/waygrid"
    password = "{SECRET}"
    max_connections = 4
    [redis]
    url = "rediss://:{SECRET}@cache:6379"
    cluster = true
    """
    settings = read(tmp_path, toml)
    assert settings.kafka == KafkaSettings(
        servers=("kafka-1:9092", "[::1]:9093"),
        topic_prefix="shop",
        partitions=32,
        replication_factor=3,
        create_topics=False,
        session_timeout=timedelta(seconds=6),
        security_protocol="SASL_SSL",
        ca_file=tmp_path / "ca.pem",
        cert_file=tmp_path / "cert.pem",
        key_file=tmp_path / "key.pem",
        sasl_mechanism="PLAIN",
        sasl_username="waygrid",
        sasl_password=SECRET,
    )
    assert (settings.postgres.password, settings.postgres.max_connections) == (SECRET, 4)
    assert (settings.redis.url, settings.redis.cluster) == (f"rediss://:{SECRET}@cache:6379", True)


def test_the_environment_says_the_same(tmp_path: Path) -> None:
    environment = {
        "WAYGRID_KAFKA_SERVERS": "a:1, b:2",
        "WAYGRID_KAFKA_REPLICATION_FACTOR": "3",
        "WAYGRID_KAFKA_CREATE_TOPICS": "False",
        "WAYGRID_POSTGRES_URL": f"postgres://w:{SECRET}@db/w",
        "WAYGRID_REDIS_CLUSTER": "true",
    }
    settings = read(tmp_path, "", environment)
    assert settings.kafka.servers == ("a:1", "b:2")
    assert settings.kafka.replication_factor == 3
    assert settings.kafka.create_topics is False
    assert settings.postgres.url == f"postgres://w:{SECRET}@db/w"
    assert settings.redis.cluster is True


@pytest.mark.parametrize(
    ("toml", "problem"),
    [
        (
            '[kafka]\nservers = ["kafka", "kafka:0", "a:9092"]',
            (
                "some.toml: kafka.servers: 'kafka' is no host:port; write a broker such as kafka-1.internal:9092; "
                "'kafka:0' is no host:port; write a broker such as kafka-1.internal:9092"
            ),
        ),
        (
            "[kafka]\nservers = []",
            (
                "some.toml: kafka.servers: there is no broker in it; leave it out, or write one such as "
                "kafka-1.internal:9092"
            ),
        ),
        ("[kafka]\npartitions = 0", "some.toml: kafka.partitions: 0 is not from 1 to 10000"),
        ('[kafka]\nreplication_factor = "3"', "some.toml: kafka.replication_factor: '3' is no whole number"),
        ('[kafka]\ncreate_topics = "no"', "some.toml: kafka.create_topics: 'no' is neither true nor false"),
        (
            '[kafka]\nsecurity_protocol = "TLS"',
            "some.toml: kafka.security_protocol: 'TLS' is none of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL",
        ),
        (
            '[kafka]\ntopic_prefix = "shop/"',
            (
                "some.toml: kafka.topic_prefix: 'shop/' cannot begin the name of a topic; write letters, digits, `.`, "
                "`_` and `-`"
            ),
        ),
        ("[kafka]\nca_file = 3", "some.toml: kafka.ca_file: 3 is no text; put it in quotation marks"),
        (
            '[kafka]\nca_file = "ca.pem"\nsecurity_protocol = "SSL"',
            "some.toml: kafka.ca_file: there is no file ca.pem",
        ),
        (
            '[postgres]\nurl = "mysql://w@db/w"',
            "some.toml: postgres.url: 'mysql://w@db/w' does not begin with postgresql:// or postgres://",
        ),
        (
            '[redis]\nurl = "cache:6379"',
            "some.toml: redis.url: 'cache:6379' does not begin with redis:// or rediss://",
        ),
        (
            '[redis]\nurl = "redis://cache/3"\ncluster = true',
            "some.toml: redis.url: a Redis Cluster has no database 3; write the URL without it",
        ),
        (
            '[redis]\nkey_prefix = "a{b}"',
            (
                "some.toml: redis.key_prefix: 'a{b}' cannot begin a key; write it without blanks, braces, brackets, "
                "`*` and `?`"
            ),
        ),
    ],
)
def test_what_is_wrong_with_one_setting(tmp_path: Path, toml: str, problem: str) -> None:
    assert problems(tmp_path, toml) == [problem]


def test_a_certificate_needs_its_key_and_a_key_its_certificate(tmp_path: Path) -> None:
    (tmp_path / "there.pem").touch()
    there = f'"{tmp_path}/there.pem"'
    assert problems(tmp_path, f'[kafka]\nsecurity_protocol = "SSL"\ncert_file = {there}') == [
        "some.toml: kafka.cert_file: its key is missing; name the file of the key in kafka.key_file"
    ]
    assert problems(tmp_path, f'[kafka]\nsecurity_protocol = "SSL"\nkey_file = {there}') == [
        "some.toml: kafka.key_file: its certificate is missing; name the file of the certificate in kafka.cert_file"
    ]


def test_who_signs_in_says_as_whom(tmp_path: Path) -> None:
    assert problems(tmp_path, "", {"WAYGRID_KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}) == [
        "WAYGRID_KAFKA_SECURITY_PROTOCOL: SASL_SSL needs kafka.sasl_username, which is not set",
        "WAYGRID_KAFKA_SECURITY_PROTOCOL: SASL_SSL needs kafka.sasl_password, which is not set",
    ]


def test_a_password_that_would_not_be_used_is_noticed(tmp_path: Path) -> None:
    toml = f'[kafka]\nsasl_password = "{SECRET}"\nca_file = "{tmp_path}/some.toml"'
    assert problems(tmp_path, toml) == [
        "some.toml: kafka.ca_file: it is of no use with security_protocol PLAINTEXT; write SSL, or leave it out",
        (
            "some.toml: kafka.sasl_password: it is of no use with security_protocol PLAINTEXT; write SASL_SSL or "
            "SASL_PLAINTEXT, or leave it out"
        ),
    ]


def test_two_passwords_for_one_server_are_one_too_many(tmp_path: Path) -> None:
    environment = {"WAYGRID_POSTGRES_PASSWORD": SECRET, "WAYGRID_POSTGRES_URL": f"postgresql://w:{SECRET}@db/w"}
    assert problems(tmp_path, "", environment) == [
        "WAYGRID_POSTGRES_PASSWORD: postgres.url has a password too; leave one of them out"
    ]


def test_all_servers_that_are_not_named_are_asked_for_at_once(tmp_path: Path) -> None:
    assert problems(tmp_path, "", {}, [cluster_is_named]) == [
        (
            "kafka.servers: it is not set, and says where to find some brokers of Kafka; write servers = "
            '["kafka-1.internal:9092"] below [kafka] in the settings file, or set '
            "WAYGRID_KAFKA_SERVERS=kafka-1.internal:9092"
        ),
        (
            "postgres.url: it is not set, and says where to find the database; write url = "
            '"postgresql://waygrid@db.internal/waygrid" below [postgres] in the settings file, or set '
            "WAYGRID_POSTGRES_URL=postgresql://waygrid@db.internal/waygrid"
        ),
        (
            'redis.url: it is not set, and says where to find Redis; write url = "redis://cache.internal:6379/0" below '
            "[redis] in the settings file, or set WAYGRID_REDIS_URL=redis://cache.internal:6379/0"
        ),
    ]


def test_a_server_that_is_named_wrongly_is_not_asked_for_again(tmp_path: Path) -> None:
    said = problems(tmp_path, '[kafka]\nservers = ["kafka"]', {}, [cluster_is_named])
    assert [each.split(": ")[0] for each in said] == ["some.toml", "postgres.url", "redis.url"]


WAYS_TO_GIVE_A_SECRET_WRONGLY = [
    f'[postgres]\npassword = ["{SECRET}"]',
    f'[redis]\npassword = {{word = "{SECRET}"}}',
    f'[kafka]\nsasl_password = ["{SECRET}"]',
    f'[postgres]\nurl = ["postgresql://w:{SECRET}@db"]',
    f'[postgres]\nurl = "w:{SECRET}@db/w"',
    f'[postgres]\nurl = "mysql://w:{SECRET}@db/w"',
    f'[postgres]\nurl = "postgresql://[w:{SECRET}@db/w"',
    f'[postgres]\nurl = "db/w?password={SECRET}"',
    f'[redis]\nurl = "http://:{SECRET}@cache"',
    f'[redis]\nurl = "redis://:{SECRET}/x@cache/9"\ncluster = true',
    f'[kafka]\nservers = ["w:{SECRET}@kafka:9092"]',
    f'[kafka]\nsasl_password = "{SECRET}"',
    f'[postgres]\nurl = "postgresql://w:{SECRET}@db/w"\npassword = "{SECRET}"',
]


@pytest.mark.parametrize("toml", WAYS_TO_GIVE_A_SECRET_WRONGLY)
def test_what_is_wrong_with_a_secret_is_said_without_it(tmp_path: Path, toml: str) -> None:
    assert SECRET not in " ".join(problems(tmp_path, toml))


def test_settings_can_be_shown_and_logged_without_their_secrets(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    environment = {
        "WAYGRID_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "WAYGRID_KAFKA_SASL_USERNAME": "waygrid",
        "WAYGRID_KAFKA_SASL_PASSWORD": SECRET,
        "WAYGRID_POSTGRES_URL": f"postgresql://ada:{SECRET}@db.internal/w?sslpassword={SECRET}",
        "WAYGRID_REDIS_URL": f"redis://:{SECRET}@cache/0",
    }
    settings = read(tmp_path, "", environment)
    logging.getLogger(__name__).warning("settings: %s", settings)
    for text in (repr(settings), str(settings), caplog.text):
        assert SECRET not in text
        assert "ada:***@db.internal" in text


def test_whatever_is_a_password_or_a_url_with_one_is_secret() -> None:
    secret = {setting.path for setting in all_settings() if setting.is_secret}
    assert secret >= {setting.path for setting in all_settings() if setting.path.endswith("password")}
    assert secret >= {"postgres.url", "redis.url"}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://cache:6379/0", "redis://cache:6379/0"),
        ("redis://:word@cache:6379/0", "redis://:***@cache:6379/0"),
        ("redis://ada:word@cache:6379/0", "redis://ada:***@cache:6379/0"),
        ("postgresql://ada@a:1,b:2/w?sslmode=require", "postgresql://ada@a:1,b:2/w?sslmode=require"),
        ("postgresql://ada:p@ss/w@db/w", "postgresql://ada:***@db/w"),
        (
            "postgresql:///w?user=ada&password=a@b&sslmode=require",
            "postgresql:///w?user=ada&password=***&sslmode=require",
        ),
        ("ada:word@db", "***@db"),
    ],
)
def test_of_a_url_everything_is_shown_but_its_password(url: str, shown: str) -> None:
    assert shown_url(url) == shown
