"""What redis-py's exceptions are called here: a sentence that names the setting, where one would cure it."""

from typing import Final

from redis.exceptions import (
    AskError,
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    ClusterDownError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisClusterException,
    RedisError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError

from waygrid_shell.ports.failure import PortFailure, StorageFull, Unavailable
from waygrid_shell.settings.settings import RedisSettings
from waygrid_shell.settings.shown_url import shown_url

OF_A_CLUSTER: Final = "it is a server of a Redis Cluster; set redis.cluster = true"

_NO_PASSWORD: Final = ("NOAUTH", "Authentication required")
_WRONG_PASSWORD: Final = ("WRONGPASS", "invalid username-password pair", "invalid password", "called without any")


def failure_of(error: Exception, settings: RedisSettings) -> PortFailure:
    """The port's exception for the driver's, with that as its cause. No secret is in its text."""
    failure = _failure_of(error, shown_url(settings.url or ""))
    failure.__cause__ = error
    return failure


def _failure_of(error: Exception, url: str) -> PortFailure:
    cause = _innermost(error)
    text = str(cause)
    if isinstance(cause, OutOfMemoryError) or text.startswith("OOM"):
        return StorageFull(
            f"Redis at {url} has no memory left to write; what was accepted is kept: raise its maxmemory, or shorten "
            "data.keep_answers"
        )
    return Unavailable("Redis server", f"{url}: {_reason(cause, text)}")


def _reason(cause: BaseException, text: str) -> str:
    """Why, and the cure."""
    if isinstance(cause, AuthenticationError | AuthorizationError) or text.startswith(_NO_PASSWORD + _WRONG_PASSWORD):
        if any(each in text for each in _NO_PASSWORD):
            return "it wants a password; set redis.password (WAYGRID_REDIS_PASSWORD)"
        return "it refuses the user or the password; correct them in redis.url and redis.password"
    if isinstance(cause, AskError) or text.startswith(("MOVED", "ASK ")):
        return OF_A_CLUSTER
    if "Cluster mode is not enabled" in text or "cluster support disabled" in text:
        return "it is no Redis Cluster; set redis.cluster = false"
    if "DB index is out of range" in text or "'db' must be 0" in text:
        return "it has no database of the number that redis.url ends in; correct it (a Cluster has 0 alone)"
    if isinstance(cause, NoPermissionError) or text.startswith("NOPERM"):
        return f"the user of redis.url may not do this; allow it ({text})"
    if isinstance(cause, ReadOnlyError) or text.startswith("READONLY"):
        return "it is a replica, which cannot be written; let redis.url name the primary"
    if isinstance(cause, BusyLoadingError):
        return "it is still loading its data; it answers in a while"
    if isinstance(cause, ClusterDownError) or text.startswith("CLUSTERDOWN") or "slots are not covered" in text.lower():
        return "the Redis Cluster is incomplete; some of its servers do not answer"
    if isinstance(cause, ResponseError):
        return text
    if isinstance(cause, RedisConnectionError | OSError | TimeoutError | RuntimeError | RedisError):
        return f"it does not answer ({text.rstrip('.') or type(cause).__name__}); is it running, and redis.url right?"
    return text or type(cause).__name__


def _innermost(error: BaseException) -> BaseException:
    """The Cluster's client hides behind its own exception what a server said."""
    while isinstance(error, RedisClusterException) and error.__cause__ is not None:
        error = error.__cause__
    return error
