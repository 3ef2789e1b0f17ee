"""Parameters of the services that come with Waygrid, read: whatever is wrong with one is `Failed("bad-value", ...)`."""

import re
from collections.abc import Mapping
from typing import Final

from attrs import frozen

from waygrid_core.codec.json_bytes import write_json
from waygrid_core.model.duration import parse_duration
from waygrid_core.model.json_value import JsonValue
from waygrid_core.outcome import Failure
from waygrid_shell.hosting.attempt import Failed
from waygrid_shell.hosting.http_client import bare_url
from waygrid_shell.hosting.retry_after import DEFAULT_MAX_WAIT_SECONDS

DEFAULT_TIMEOUT_SECONDS: Final = 30.0

_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OURS: Final = frozenset(
    {"connection", "content-length", "expect", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
)
"""Headers that say where a request ends and what becomes of its connection, which others use after it."""

_CLASSES: Final = frozenset({"1xx", "2xx", "3xx", "4xx", "5xx"})


@frozen
class Statuses:
    """Statuses of HTTP: single ones, and classes such as `2xx`."""

    single: frozenset[int]
    classes: frozenset[str]

    def __contains__(self, status: int) -> bool:
        return status in self.single or f"{status // 100}xx" in self.classes


def http_url(parameters: Mapping[str, JsonValue]) -> str:
    """The parameter `url`. Raises `Failed`."""
    url = parameters.get("url")
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        shown = _shown(bare_url(url) if isinstance(url, str) else url)
        raise Failed("bad-value", f"the parameter url is {shown}; write a text that begins with http:// or https://")
    return url


def http_headers(parameters: Mapping[str, JsonValue]) -> dict[str, str]:
    """The parameter `headers`, an object of texts and numbers; null leaves one out. Raises `Failed`."""
    given = parameters.get("headers")
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise Failed("bad-value", f"the parameter headers is {_shown(given)}; write an object of texts")
    headers = {}
    for name, value in given.items():
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise Failed("bad-value", f"the header {name} is {_shown(value)}; write a text")
        text = str(value)
        if name.lower() in _OURS:
            raise Failed("bad-value", f"the header {name} is not for a node to set: it frames the request")
        if _NAME.fullmatch(name) is None:
            raise Failed("bad-value", f"{_shown(name)} is no name of a header")
        if any(character in text for character in "\r\n\0"):  # it is not shown: a secret often ends with a line
            raise Failed("bad-value", f"the header {name} has a line break in its value; take that out")
        headers[name] = text
    return headers


def record_headers(parameters: Mapping[str, JsonValue]) -> dict[str, str]:
    """The parameter `headers` for a record, where any text is a name and a value; null leaves one out.

    Raises `Failed`.
    """
    headers = {}
    for name, value in (optional_object(parameters, "headers") or {}).items():
        if value is None:
            continue
        if not name or isinstance(value, bool) or not isinstance(value, str | int | float):
            raise Failed("bad-value", f"the header {name!r} is {_shown(value)}; write a text")
        headers[name] = str(value)
    return headers


def layered(*layers: Mapping[str, str]) -> dict[str, str]:
    """Headers out of layers: of those with one name, however it is written, the last one."""
    headers: dict[str, tuple[str, str]] = {}
    for layer in layers:
        headers |= {name.lower(): (name, value) for name, value in layer.items()}
    return dict(headers.values())


def http_timeout(parameters: Mapping[str, JsonValue]) -> float:
    """The parameter `timeout` in seconds: of one exchange. Raises `Failed`."""
    return seconds_of(parameters, "timeout", DEFAULT_TIMEOUT_SECONDS)


def max_wait(parameters: Mapping[str, JsonValue]) -> float:
    """The parameter `maxWait` in seconds: how long a `Retry-After` is waited for. Raises `Failed`."""
    return seconds_of(parameters, "maxWait", DEFAULT_MAX_WAIT_SECONDS)


def statuses(parameters: Mapping[str, JsonValue], name: str) -> Statuses | None:
    """A parameter that lists statuses, or is one, if it is there. Raises `Failed`."""
    given = parameters.get(name)
    if given is None:
        return None
    single: set[int] = set()
    classes: set[str] = set()
    for status in given if isinstance(given, list) else [given]:
        if isinstance(status, str) and status in _CLASSES:
            classes.add(status)
        elif isinstance(status, int) and not isinstance(status, bool):
            single.add(status)
        else:
            raise Failed("bad-value", f"the parameter {name} has {_shown(status)}; write statuses such as 200 or 2xx")
    return Statuses(frozenset(single), frozenset(classes))


def optional_text(parameters: Mapping[str, JsonValue], name: str) -> str | None:
    """A parameter that is a text, if it is there. Raises `Failed`, which does not show it: it may be a secret."""
    value = parameters.get(name)
    if value is not None and not isinstance(value, str):
        raise Failed("bad-value", f"the parameter {name} is no text")
    return value


def optional_object(parameters: Mapping[str, JsonValue], name: str) -> Mapping[str, JsonValue] | None:
    """A parameter that is an object, if it is there. Raises `Failed`."""
    value = parameters.get(name)
    if value is not None and not isinstance(value, Mapping):
        raise Failed("bad-value", f"the parameter {name} is no object")
    return value


def seconds_of(parameters: Mapping[str, JsonValue], name: str, default: float) -> float:
    """A parameter that is a duration, in seconds. Raises `Failed`."""
    given = parameters.get(name)
    if given is None:
        return default
    parsed = parse_duration(given) if isinstance(given, str) else Failure(f"{_shown(given)} is no duration")
    if isinstance(parsed, Failure):
        raise Failed("bad-value", f"the parameter {name}: {parsed.failure()}")
    return parsed.unwrap().total_seconds()


def refuse_unknown(parameters: Mapping[str, JsonValue], known: frozenset[str]) -> None:
    """Raise `Failed` for a parameter that nobody would read: most often a slip of the pen."""
    unknown = sorted(set(parameters) - known)
    if unknown:
        raise Failed("bad-value", f"unknown parameter {unknown[0]!r}; known are {', '.join(sorted(known))}")


def _shown(value: JsonValue) -> str:
    return write_json(value)[:60].decode("utf-8", "replace")
