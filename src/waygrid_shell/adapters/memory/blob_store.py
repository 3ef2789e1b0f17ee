"""The store of blobs in memory."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from waygrid_core.model.digest import digest_hex


class MemoryBlobStore:
    """See `waygrid_shell.ports.blob_store.BlobStore`; it lives as long as the object."""

    def __init__(self) -> None:
        self._values: dict[str, tuple[bytes, datetime]] = {}

    async def put(self, values: Sequence[bytes], at: datetime) -> Sequence[str]:
        digests = [digest_hex(value) for value in values]
        for digest, value in zip(digests, values, strict=True):
            _, before = self._values.get(digest, (value, at))
            self._values[digest] = (value, max(at, before))
        return digests

    async def get(self, digests: Sequence[str]) -> Mapping[str, bytes]:
        return {digest: self._values[digest][0] for digest in digests if digest in self._values}

    async def forget(self, before: datetime) -> int:
        old = [digest for digest, (_, at) in self._values.items() if at < before]
        for digest in old:
            del self._values[digest]
        return len(old)
