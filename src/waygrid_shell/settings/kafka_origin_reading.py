"""Reads a table `[[origins.kafka]]`. Raises `ValueError` with all that is wrong with it."""

import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final, get_args

from attrs import fields

from waygrid_core.model.json_pointer import parse_pointer
from waygrid_core.outcome import Failure
from waygrid_shell.settings.origins import KafkaOrigin, RecordFormat

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_TOPIC: Final = re.compile(r"[A-Za-z0-9._-]{1,249}")
_KNOWN: Final = tuple(field.name for field in fields(KafkaOrigin))


def read_kafka_origin(value: object) -> KafkaOrigin:
    """The origin that a table describes."""
    if not isinstance(value, dict):
        raise ValueError("an origin is a table: write [[origins.kafka]] in the settings file, and below it its keys")
    problems = [_unknown(key) for key in value if key not in _KNOWN]
    read: dict[str, Any] = {}
    for key, reader in _READERS.items():
        if key in value:
            try:
                read[key] = reader(value[key])
            except ValueError as error:
                problems.append(f"{key}: {error}")
    problems += _missing(value)
    if problems:
        whose = f"the origin {value['name']!r}" if isinstance(value.get("name"), str) else "an origin without a name"
        raise ValueError(f"{whose}: " + "; ".join(problems))
    return KafkaOrigin(**{"group": f"waygrid-{read['name']}", **read})


def check_kafka_origins(origins: Sequence[KafkaOrigin]) -> None:
    """Raises `ValueError` for two of one name: it is part of what tells their records apart."""
    names = [origin.name for origin in origins]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{names.count(twice[0])} origins are called {twice[0]!r}; give each a name of its own")


def _unknown(key: str) -> str:
    near = get_close_matches(key, _KNOWN, n=1)
    return f"there is no key {key!r}; " + (f"did you mean {near[0]}?" if near else f"there are {', '.join(_KNOWN)}")


def _missing(table: Mapping[str, object]) -> list[str]:
    problems = [f"{key} is missing" for key in ("name", "topics") if key not in table]
    if ("spec" in table) == ("event" in table):
        problems.append("give either spec (then a record becomes a traversal) or event (then it becomes an event)")
    elif "event" in table and "event_key" not in table:
        problems.append("event_key is missing: the place in a record of the key that awaits have, such as /key")
    only = ("event_key",) if "event" not in table else ("entry", "traversal_name", "labels")
    problems += [f"{key} says nothing about {_made(table)}; leave it out" for key in only if key in table]
    return problems


def _made(table: Mapping[str, object]) -> str:
    return "an event" if "event" in table else "a traversal"


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{value!r} is no text")
    return value.strip()


def _name(value: object) -> str:
    text = _text(value)
    if _NAME.fullmatch(text) is None:
        raise ValueError(f"{text[:70]!r} is no name; write 1 to 64 letters, digits and . _ -")
    return text


def _topics(value: object) -> tuple[str, ...]:
    topics = value if isinstance(value, list) else [value]
    wrong = [topic for topic in topics if not isinstance(topic, str) or _TOPIC.fullmatch(topic) is None]
    if wrong or not topics:
        raise ValueError(f"{wrong[0]!r} is no name of a topic" if wrong else "there is no topic in it")
    return tuple(topics)


def _entry(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is no number of an entry point; they are counted from 0")
    return value


def _pointer(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no pointer; write a text such as /value/order/id")
    parsed = parse_pointer(value)
    if isinstance(parsed, Failure):
        raise ValueError(parsed.failure())
    return value


def _text_or_pointer(value: object) -> str:
    text = _text(value)
    return _pointer(text) if text.startswith("/") else text


def _labels(value: object) -> Mapping[str, str]:
    if not isinstance(value, dict):
        raise ValueError(f"{value!r} is no table of texts")
    return {key: _text_or_pointer(each) for key, each in value.items()}


def _format(value: object) -> RecordFormat:
    for known in get_args(RecordFormat):
        if value == known:
            return known  # type: ignore[no-any-return]  # one of its words
    raise ValueError(f"{value!r} is none of {', '.join(get_args(RecordFormat))}")


_READERS: Final[Mapping[str, Callable[[object], object]]] = {
    "name": _name,
    "topics": _topics,
    "group": _text,
    "spec": _text,
    "entry": _entry,
    "event": _text_or_pointer,
    "event_key": _pointer,
    "payload": _pointer,
    "idempotency_key": _pointer,
    "traversal_name": _text_or_pointer,
    "labels": _labels,
    "format": _format,
}
