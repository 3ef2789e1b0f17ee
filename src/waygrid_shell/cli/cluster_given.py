"""What the commands of a cluster have in common: the extra that they need, and the words for its servers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from waygrid_shell.cli.mistake import UserError
from waygrid_shell.settings.settings import Settings
from waygrid_shell.settings.shown_url import shown_url

_OF_THE_EXTRA: Final = frozenset({"aiokafka", "psycopg", "psycopg_pool", "redis"})


@contextmanager
def cluster_extra(command: str) -> Iterator[None]:
    """Around the import of what talks to the servers. Raises `UserError` where it is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in _OF_THE_EXTRA:
            raise
        raise UserError(
            f"waygrid {command} needs what talks to Kafka, PostgreSQL and Redis; install it with: pip install "
            f"'waygrid[shell,cluster]' (missing: {error.name})"
        ) from error


def servers_of(settings: Settings) -> str:
    """The servers, for a sentence, without anything secret."""
    kafka = ", ".join(settings.kafka.servers)
    prefix = f" (topics {settings.kafka.topic_prefix}.*)" if settings.kafka.topic_prefix else ""
    return f"Kafka {kafka}{prefix}, {shown_url(settings.postgres.url or '')}, {shown_url(settings.redis.url or '')}"
