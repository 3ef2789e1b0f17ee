"""Columns of many rows as parameters: arrays in PostgreSQL's binary form, made without a call a value of the driver's.

An array is its header and its values, each with its length before it; NULL has the length -1.
"""

from collections.abc import Sequence
from itertools import chain
from struct import Struct, pack
from typing import Final

from psycopg import adapters, postgres, pq
from psycopg.adapt import AdaptersMap, Buffer, Dumper

from waygrid_shell.adapters.postgres.stored_text import stored_text

_HEADER: Final = Struct(">iiIii").pack
"""Dimensions, whether there is a NULL, the oid of the values' type, how many there are, the index of the first."""
_LENGTH: Final = Struct(">i").pack
_NULL: Final = b"\xff\xff\xff\xff"
_TEXT, _BYTEA, _INT8, _BOOL = (postgres.types[name].oid for name in ("text", "bytea", "int8", "bool"))


class Texts(bytes):
    """A parameter of the type `text[]`."""


class Blobs(bytes):
    """A parameter of the type `bytea[]`."""


class Numbers(bytes):
    """A parameter of the type `int8[]`."""


class Flags(bytes):
    """A parameter of the type `bool[]`."""


def texts(values: Sequence[str | None]) -> Texts:
    """A column of texts."""
    return Texts(_array(_TEXT, [None if value is None else stored_text(value).encode() for value in values]))


def blobs(values: Sequence[bytes | None]) -> Blobs:
    """A column of bytes."""
    return Blobs(_array(_BYTEA, values))


def numbers(values: Sequence[int | None]) -> Numbers:
    """A column of whole numbers of up to 64 bits."""
    if None in values:
        return Numbers(_array(_INT8, [None if value is None else pack(">q", value) for value in values]))
    with_lengths = chain.from_iterable((8, value) for value in values)
    return Numbers(_HEADER(1, 0, _INT8, len(values), 1) + pack(">" + "iq" * len(values), *with_lengths))


def flags(values: Sequence[bool]) -> Flags:
    """A column of truth values."""
    return Flags(_array(_BOOL, [b"\1" if value else b"\0" for value in values]))


def _array(type_oid: int, values: Sequence[bytes | None]) -> bytes:
    parts = [_HEADER(1, None in values, type_oid, len(values), 1)]
    for value in values:
        if value is None:
            parts.append(_NULL)
        else:
            parts.append(_LENGTH(len(value)))
            parts.append(value)
    return b"".join(parts)


class _AsItIs(Dumper):
    format = pq.Format.BINARY

    def dump(self, obj: bytes) -> Buffer:
        return obj


def column_adapters() -> AdaptersMap:
    """How the driver's connections write what they write, and these columns."""
    known = AdaptersMap(adapters)
    for kind, name in ((Texts, "text"), (Blobs, "bytea"), (Numbers, "int8"), (Flags, "bool")):
        dumper = type(f"{kind.__name__}Dumper", (_AsItIs,), {"oid": postgres.types[name].array_oid})
        known.register_dumper(kind, dumper)
    return known
