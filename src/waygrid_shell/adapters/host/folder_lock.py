"""A lock that makes one process the owner of a folder. It goes with the process, however that ends."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from waygrid_shell.ports.failure import StorageInUse

LOCK_FILE = "waygrid.lock"


@contextmanager
def own_folder(folder: Path) -> Iterator[None]:
    """Own `folder` (it is made if it is not there). Raises `StorageInUse` if another process does, `OSError`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LOCK_FILE
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not _lock(descriptor):
            owner = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
            raise StorageInUse(
                f"{folder} is in use by another process (pid {owner}); wait for it, stop it, or give another --data-dir"
            )
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)  # releases the lock; the file stays, for removing it would race with the next owner


if sys.platform == "win32":  # pragma: no cover
    import msvcrt

    def _lock(descriptor: int) -> bool:
        os.lseek(descriptor, 1024, os.SEEK_SET)  # beyond the pid, which others may read
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        os.lseek(descriptor, 0, os.SEEK_SET)
        return True
else:
    import fcntl

    def _lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
