"""ULIDs: ids of 26 characters that sort by the time in their first ten. Time and chance are given by the caller."""

import re
from typing import Final

from ulid_transform import bytes_to_ulid

from waygrid_core.model.canonical_json import canonical_json
from waygrid_core.model.digest import digest_bytes
from waygrid_core.model.identifiers import TraversalId

ULID_PATTERN: Final = "[0-7][0-9A-HJKMNP-TV-Z]{25}"
ENTROPY_BYTES: Final = 10
MAX_MILLISECONDS: Final = 2**48 - 1  # what 48 bits hold: the year 10889

_ULID: Final = re.compile(ULID_PATTERN)
_TIME_CHARACTERS: Final = 10
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def ulid_from(milliseconds: int, entropy: bytes) -> str:
    """The ULID of a time (milliseconds since 1970) and ten bytes of entropy.

    Raises `ValueError` for a time that 48 bits do not hold, or entropy of another length.
    """
    if not 0 <= milliseconds <= MAX_MILLISECONDS:
        raise ValueError(f"{milliseconds} ms is out of a ULID's range")
    if len(entropy) != ENTROPY_BYTES:
        raise ValueError(f"a ULID takes {ENTROPY_BYTES} bytes of entropy, not {len(entropy)}")
    return bytes_to_ulid(milliseconds.to_bytes(6, "big") + entropy)


def ulid_in_order(milliseconds: int, number: int, chance: bytes) -> str:
    """The ULID of number `number` of what was made at that time: they sort by it. `chance` has six bytes."""
    return ulid_from(milliseconds, number.to_bytes(4, "big") + chance)


def is_ulid(text: str) -> bool:
    """Whether `text` is a ULID in its canonical upper-case form."""
    return _ULID.fullmatch(text) is not None


def ulid_milliseconds(ulid: str) -> int:
    """The time of a ULID, in milliseconds since 1970. Raises `ValueError` for what is none."""
    if not is_ulid(ulid):
        raise ValueError(f"{ulid!r} is no ULID")
    milliseconds = 0
    for character in ulid[:_TIME_CHARACTERS]:
        milliseconds = milliseconds * 32 + _ALPHABET.index(character)
    return milliseconds


def child_id(parent: TraversalId, *parts: str) -> TraversalId:
    """The id of what `parent` starts for the reason that `parts` name: the same reason always gives the same id.

    It has the parent's time, so that a family lies together in storage and ages together; the rest is drawn from the
    digest of parent and parts.
    """
    drawn = digest_bytes(canonical_json([parent, *parts]))[:ENTROPY_BYTES]
    return TraversalId(parent[:_TIME_CHARACTERS] + ulid_from(0, drawn)[_TIME_CHARACTERS:])
