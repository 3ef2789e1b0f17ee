"""The one hash of Waygrid: blake3."""

from blake3 import blake3


def digest_hex(data: bytes) -> str:
    """blake3 of `data` as 64 hex digits."""
    return blake3(data).hexdigest()


def short_digest(data: bytes) -> str:
    """The first 128 bits of it, as 32 hex digits: enough to name something for good, such as a message."""
    return blake3(data).hexdigest(16)


def digest_bytes(data: bytes) -> bytes:
    """blake3 of `data` as 32 bytes."""
    return blake3(data).digest()
