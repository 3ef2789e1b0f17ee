"""Which partition a key belongs to: murmur2, as Kafka's own clients reckon it, so that theirs and ours agree."""

from functools import lru_cache
from struct import unpack_from
from typing import Final

_SEED: Final = 0x9747B28C
_M: Final = 0x5BD1E995
_LOW: Final = 0xFFFFFFFF


def partition_of(key: str, count: int) -> int:
    """The partition of this key in a topic with so many."""
    return positive_hash(key) % count


@lru_cache(maxsize=65_536)  # a traversal's key is seen with every one of its steps
def positive_hash(key: str) -> int:
    """Murmur2 of the key's UTF-8 without its sign, as Kafka takes it."""
    return murmur2(key.encode("utf-8", "backslashreplace")) & 0x7FFFFFFF


def murmur2(data: bytes) -> int:
    """MurmurHash2, 32 bits, with Kafka's seed.

    Source: Austin Appleby's description; `org.apache.kafka.common.utils.Utils.murmur2` for the seed.
    """
    length = len(data)
    words = length >> 2
    state = _SEED ^ length
    for word in unpack_from(f"<{words}I", data):
        word = (word * _M) & _LOW
        word = ((word ^ (word >> 24)) * _M) & _LOW
        state = ((state * _M) & _LOW) ^ word
    rest = data[words << 2 :]
    if rest:
        state = ((state ^ int.from_bytes(rest, "little")) * _M) & _LOW
    state = ((state ^ (state >> 13)) * _M) & _LOW
    return state ^ (state >> 15)
