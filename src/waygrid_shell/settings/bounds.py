"""What a value of the right type may be. Nothing secret is in what is said about it."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from waygrid_shell.settings.kafka_origin_reading import check_kafka_origins
from waygrid_shell.settings.shown_url import shown_url

_MOST: Final = 2**53
_RANGES: Final[Mapping[str, tuple[int, int]]] = {
    "server.port": (0, 65_535),
    "kafka.partitions": (1, 10_000),
    "kafka.replication_factor": (1, 100),
}
"""The others are from 1 on."""

_SCHEMES: Final[Mapping[str, tuple[str, ...]]] = {
    "tracing.endpoint": ("http://", "https://"),
    "openai.base_url": ("http://", "https://"),
    "postgres.url": ("postgresql://", "postgres://"),
    "redis.url": ("redis://", "rediss://"),
}
_PREFIX_OF_TOPICS: Final = re.compile(r"[a-zA-Z0-9._-]{1,100}")
_PREFIX_OF_KEYS: Final = re.compile(r"[^\s{}*?\[\]]{1,100}")
_BROKER: Final = re.compile(r"(?P<host>[a-zA-Z0-9._-]+|\[[0-9a-fA-F:]+\]):(?P<port>[0-9]{1,5})")


def check_bounds(path: str, value: object) -> None:
    """Raises `ValueError` with a sentence if the value is none for the setting of that path."""
    if isinstance(value, int) and not isinstance(value, bool):
        least, most = _RANGES.get(path, (1, _MOST))
        if not least <= value <= most:
            raise ValueError(f"{value} is not from {least} to {most}" if most < _MOST else f"{value} is below {least}")
    if path in _SCHEMES:
        _check_url(str(value), _SCHEMES[path])
    check = _CHECKS.get(path)
    if check is not None:
        check(value)


def _check_url(url: str, schemes: tuple[str, ...]) -> None:
    if not url.startswith(schemes):
        raise ValueError(f"{shown_url(url)!r} does not begin with {' or '.join(schemes)}")
    try:
        _ = urlsplit(url).hostname
    except ValueError as error:
        raise ValueError(f"{shown_url(url)!r} is no URL; what is special in a password is written as %40") from error


def _check_keys(keys: Any) -> None:
    names = [key.name for key in keys]
    if not names:
        raise ValueError("there is no key in it; leave it out, or make one with `waygrid key new`")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{len(names)} keys, and {names.count(twice[0])} of them are called {twice[0]!r}")


def _check_brokers(brokers: Any) -> None:
    wrong = []
    for broker in brokers:
        matched = _BROKER.fullmatch(broker)
        if matched is None or not 1 <= int(matched["port"]) <= 65_535:
            wrong.append(f"{shown_url(broker)!r} is no host:port; write a broker such as kafka-1.internal:9092")
    if wrong:
        raise ValueError("; ".join(wrong))
    if not brokers:
        raise ValueError("there is no broker in it; leave it out, or write one such as kafka-1.internal:9092")


def _check_topic_prefix(prefix: Any) -> None:
    if _PREFIX_OF_TOPICS.fullmatch(prefix) is None:
        raise ValueError(f"{prefix!r} cannot begin the name of a topic; write letters, digits, `.`, `_` and `-`")


def _check_key_prefix(prefix: Any) -> None:
    if _PREFIX_OF_KEYS.fullmatch(prefix) is None:
        raise ValueError(f"{prefix!r} cannot begin a key; write it without blanks, braces, brackets, `*` and `?`")


_CHECKS: Final[Mapping[str, Callable[[Any], None]]] = {
    "server.keys": _check_keys,
    "kafka.servers": _check_brokers,
    "origins.kafka": check_kafka_origins,
    "kafka.topic_prefix": _check_topic_prefix,
    "redis.key_prefix": _check_key_prefix,
}
