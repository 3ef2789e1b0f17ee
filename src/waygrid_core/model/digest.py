"""The one hash of Waygrid: blake3."""

from blake3 import blake3


def digest_hex(data: bytes) -> str:
    """blake3 of `data` as 64 hex digits; a prefix of it is a shorter digest."""
    return blake3(data).hexdigest()


def digest_bytes(data: bytes) -> bytes:
    """blake3 of `data` as 32 bytes."""
    return blake3(data).digest()
