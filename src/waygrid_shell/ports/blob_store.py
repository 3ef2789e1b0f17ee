"""The store of blobs: values that are too large to travel."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol


class BlobStore(Protocol):
    """Keeps values by their digest, for a time. What `put` returned from is kept through a crash."""

    async def put(self, values: Sequence[bytes], at: datetime) -> Sequence[str]:
        """Keep these; the digest of each (blake3, 64 hex digits), in order. A value that is there is kept from `at` on.

        Raises `StorageFull` or `Unavailable`.
        """
        ...

    async def get(self, digests: Sequence[str]) -> Mapping[str, bytes]:
        """The values of these digests; absent where there is none, or none any more."""
        ...

    async def forget(self, before: datetime) -> int:
        """Forget what was put before that, and not since; how many they were."""
        ...
