"""What may stand for one setting, in TOML and as a text: the types of `settings`, each with its reader.

A reader gives the value or raises `ValueError` with a sentence that says what to write instead.
"""

import re
import types
from collections.abc import Callable, Mapping
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final, Literal, Union, get_args, get_origin

from waygrid_core.model.duration import parse_duration, write_duration
from waygrid_core.outcome import Failure
from waygrid_shell.settings.kafka_origin_reading import read_kafka_origin
from waygrid_shell.settings.origins import KafkaOrigin
from waygrid_shell.settings.settings import ApiKey, IpNetwork, Scope

FOREVER: Final = "forever"
"""Stands for a duration that has no end."""

NETWORKS: Final[Mapping[str, tuple[IpNetwork, ...]]] = {
    "loopback": (ip_network("127.0.0.0/8"), ip_network("::1/128")),
    "private": (
        ip_network("10.0.0.0/8"),
        ip_network("172.16.0.0/12"),
        ip_network("192.168.0.0/16"),
        ip_network("fc00::/7"),
    ),
}
"""Words for networks. `private` are those of RFC 1918 and RFC 4193: what homes, offices and clusters use inside."""

_SIZES: Final = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_SIZE: Final = re.compile(r"(\d{1,15}) ?([kKMG]i?B|B)?")
_WHOLE: Final = re.compile(r"-?\d{1,18}")
_BOOLS: Final = {"true": True, "false": False}
_DIGEST: Final = re.compile("[0-9a-fA-F]{64}")
_KEY_FIELDS: Final = ("name", "digest", "scopes")


def lift(kind: Any, text: str) -> object:
    """A text (of a variable, of an option) as TOML would have it: lists are separated by commas."""
    if get_origin(kind) is tuple:
        parts = [part.strip() for part in text.split(",") if part.strip()]
        return [_key_of(part) for part in parts] if get_args(kind)[0] is ApiKey else parts
    kind = _inner(kind)
    if kind is int and _WHOLE.fullmatch(text.strip()):
        return int(text)
    if kind is bool:
        return _BOOLS.get(text.strip().lower(), text)
    return text


def read_value(name: str, kind: Any, value: object) -> object:
    """The value of the setting `name`, which is of type `kind`. Raises `ValueError`."""
    if kind == timedelta | None:
        return _duration_or_forever(value)
    kind = _inner(kind)
    if kind is bool:
        return _bool(value)
    if kind is int:
        return _size(value) if name.endswith("_bytes") else _whole(value)
    if kind is Path:
        return Path(_text(value))
    if kind is timedelta:
        return _duration(value)
    if kind is str:
        return _text(value)
    if get_origin(kind) is Literal:
        return _one_of(get_args(kind), value)
    assert get_origin(kind) is tuple, f"{name} is of a type without a reader: {kind}"
    return _all(_ITEMS[get_args(kind)[0]], value)


def _inner(kind: Any) -> Any:
    """Of what may be unset, what it is where it is set."""
    if get_origin(kind) in (Union, types.UnionType):
        (kind,) = (each for each in get_args(kind) if each is not types.NoneType)
    return kind


def secret_text(value: object) -> str:
    """A text that may not be shown. Raises `ValueError`."""
    if not isinstance(value, str):
        raise ValueError("it is no text; put it in quotation marks")
    return _text(value)


def _bool(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{_shown(value)} is neither true nor false")
    return value


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{_shown(value)} is no whole number")
    return value


def _size(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    matched = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if matched is None:
        raise ValueError(f"{_shown(value)} is no size; write a number of bytes, or a text such as 4MiB")
    return int(matched[1]) * _SIZES[matched[2] or "B"]


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{_shown(value)} is no text; put it in quotation marks")
    if not value.strip():
        raise ValueError("it is empty; leave it out instead")
    return value.strip()


def _duration(value: object) -> timedelta:
    if not isinstance(value, str):
        raise ValueError(f"{_shown(value)} is no duration; write a text with its unit, such as 30s")
    parsed = parse_duration(value.strip())
    if isinstance(parsed, Failure):
        raise ValueError(str(parsed.failure()))
    return parsed.unwrap()


def _duration_or_forever(value: object) -> timedelta | None:
    if value == FOREVER:
        return None
    try:
        return _duration(value)
    except ValueError as error:
        raise ValueError(f"{error}, or {FOREVER}") from error


def _one_of(words: tuple[str, ...], value: object) -> str:
    if value not in words:
        raise ValueError(f"{_shown(value)} is none of {', '.join(words)}")
    return str(value)


def _all(read: Callable[[object], tuple[object, ...]], value: object) -> tuple[object, ...]:
    if not isinstance(value, list):
        raise ValueError(f"{_shown(value)} is no list; write it in square brackets")
    items: list[object] = []
    problems: list[str] = []
    for each in value:
        try:
            items += read(each)
        except ValueError as error:
            problems.append(str(error))
    if problems:
        raise ValueError("; ".join(problems))
    return tuple(items)


def _texts(value: object) -> tuple[object, ...]:
    return (_text(value),)


def _networks(value: object) -> tuple[object, ...]:
    text = _text(value)
    if text in NETWORKS:
        return NETWORKS[text]
    try:
        return (ip_network(text),)
    except ValueError as error:
        raise ValueError(f"{error}; write a network such as 10.0.0.0/8, or {' or '.join(NETWORKS)}") from error


def _keys(value: object) -> tuple[object, ...]:
    if not isinstance(value, dict):
        raise ValueError("a key is a table: write [[server.keys]] and below it name, digest and scopes")
    unknown = sorted(set(value) - set(_KEY_FIELDS))
    if unknown:
        raise ValueError(f"a key has no {unknown[0]!r}; it has {', '.join(_KEY_FIELDS)}")
    name, digest, scopes = (value.get(field) for field in _KEY_FIELDS)
    if not isinstance(name, str) or not name.strip():
        raise ValueError("a key needs a name, which says whose it is")
    if not isinstance(digest, str) or _DIGEST.fullmatch(digest) is None:
        raise ValueError(
            f"the digest of the key {name!r} is not 64 hexadecimal digits; `waygrid key new {name}` makes a key "
            "and its digest (the key itself does not belong here)"
        )
    known = get_args(Scope)
    if not isinstance(scopes, list) or not scopes or not all(scope in known for scope in scopes):
        raise ValueError(f"the scopes of the key {name!r} are {_shown(scopes)}; write a list of {', '.join(known)}")
    return (ApiKey(name=name.strip(), digest=digest.lower(), scopes=frozenset(scopes)),)


_ITEMS: Final[Mapping[Any, Callable[[object], tuple[object, ...]]]] = {
    str: _texts,
    IpNetwork: _networks,
    ApiKey: _keys,
    KafkaOrigin: lambda value: (read_kafka_origin(value),),
}


def _key_of(text: str) -> dict[str, object]:
    """NAME:DIGEST:SCOPE+SCOPE, as a variable has keys."""
    name, _, rest = text.partition(":")
    digest, _, scopes = rest.partition(":")
    return {"name": name, "digest": digest, "scopes": [scope for scope in scopes.split("+") if scope]}


def shown_value(value: object) -> str:
    """A value as TOML has it, for people."""
    match value:
        case None:
            return f'"{FOREVER}"'
        case bool():
            return str(value).lower()
        case timedelta():
            return f'"{write_duration(value)}"'
        case tuple():
            return "[" + ", ".join(shown_value(each) for each in value) + "]"
        case int():
            return str(value)
        case _:
            return f'"{value}"'


def _shown(value: object) -> str:
    return repr(value) if isinstance(value, str) else shown_value(value) if value is not None else "nothing"
