"""Large values stand once in a store, however many events repeat them.

What arrives at a node is in the event of its dispatch and in that of its end; what arrives at a fork, in those of every
branch. Written out each time, the journal of an each of 10 000 items would have its list 20 000 times. So a value of
some size is written under its hash, and events and states hold `{"$shared": hash}` in its place. Read, values of one
hash are one object.

Who writes and who reads share nothing: values may be put away in one thread and fetched in another.
"""

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

from waygrid_core.codec.json_bytes import read_json, write_json
from waygrid_core.model.digest import digest_hex
from waygrid_core.model.json_value import JsonValue
from waygrid_shell.ports.failure import ForeignStorage

SHARED: Final = "$shared"
SHARED_FROM_BYTES: Final = 512
"""Below, a reference saves nothing worth a row of its own."""

_FIELDS: Final = ("arrived", "input", "output", "payload")
"""The fields of events, effects and states that hold a user's data."""
_PARTS: Final = ("nodes", "forks")
"""The fields of a state that hold, by id, what has such fields itself."""
_REMEMBERED: Final = 512

_REFERENCE: Final = re.compile(rb'"\$shared":"([0-9a-f]{64})"')

Document: TypeAlias = dict[str, Any]

Lookup: TypeAlias = Callable[[str], bytes | None]
"""The text of a value by its hash; None if there is none."""


class PutAway:
    """Puts large values away. `values` is what was put away for one traversal and is to be written: hash and text."""

    def __init__(self) -> None:
        self._by_identity: OrderedDict[int, tuple[JsonValue, str, bytes]] = OrderedDict()
        """The hash and the text of a value by its identity (small: no hash), kept alive so that no other takes it."""

    def put_away(self, document: JsonValue, values: dict[str, bytes]) -> Document:
        """The document of an event, an effect or a state with its large values as references; those are in `values`."""
        assert isinstance(document, dict), "what has a tag is an object"
        return _throughout(document, lambda each: self._shrunk(each, values))

    def _shrunk(self, document: Document, values: dict[str, bytes]) -> Document:
        shrunk = dict(document)
        for field in _FIELDS:
            value = document.get(field)
            if isinstance(value, dict | list | str) and value:
                shared, text = self._hash_if_large(value)
                if shared:
                    values[shared] = text
                    shrunk[field] = {SHARED: shared}
        return shrunk

    def _hash_if_large(self, value: JsonValue) -> tuple[str, bytes]:
        remembered = self._by_identity.get(id(value))
        if remembered is not None:
            return remembered[1], remembered[2]
        text = write_json(value)
        looks_shared = isinstance(value, Mapping) and SHARED in value  # a user's own: never to be taken for ours
        shared = digest_hex(text) if len(text) >= SHARED_FROM_BYTES or looks_shared else ""
        text = text if shared else b""
        self._by_identity[id(value)] = (value, shared, text)
        if len(self._by_identity) > _REMEMBERED:
            self._by_identity.popitem(last=False)
        return shared, text


def references_in(texts: Iterable[bytes]) -> set[str]:
    """The hashes that these columns refer to: no fewer, and rarely more."""
    return {found.decode() for text in texts for found in _REFERENCE.findall(text)}


class Fetched:
    """Fetches values that were put away."""

    def __init__(self) -> None:
        self._by_hash: OrderedDict[str, JsonValue] = OrderedDict()
        self._lock = threading.Lock()

    def fetch(self, lookup: Lookup, document: JsonValue) -> Document:
        """The document that was put away. Raises `ForeignStorage` if a value is not there."""
        if not isinstance(document, dict):
            raise ForeignStorage("the journal holds something that is no event")
        return _throughout(document, lambda each: self._whole(lookup, each))

    def _whole(self, lookup: Lookup, document: Document) -> Document:
        whole = dict(document)
        for field in _FIELDS:
            value = document.get(field)
            if isinstance(value, dict) and SHARED in value:
                whole[field] = self._value(lookup, value[SHARED])
        return whole

    def _value(self, lookup: Lookup, shared: str) -> JsonValue:
        with self._lock:
            if shared in self._by_hash:
                return self._by_hash[shared]
        text = lookup(shared)
        if text is None:
            raise ForeignStorage(f"the journal lacks the value {shared}")
        value = read_json(text)
        with self._lock:
            self._by_hash[shared] = value
            if len(self._by_hash) > _REMEMBERED:
                self._by_hash.popitem(last=False)
        return value


def _throughout(document: Document, changed: Callable[[Document], Document]) -> Document:
    """The document with itself and its parts changed: wherever it holds a user's data."""
    result = changed(document)
    for part in _PARTS:
        members = document.get(part)
        if isinstance(members, dict):
            result[part] = {name: changed(member) for name, member in members.items()}
    return result
