"""A disk in memory, of its own, that a test can fill: for what a server does when there is no room."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.servers.programs import Missing

_ROOM: Final = 2 * 1024**3
"""Bytes: more than a test writes. Memory is taken by what is written, and by no room that is free."""

_TRIES: Final = 50


class SmallDisk:
    """A file system at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fill(self) -> None:
        """From now on there is no room: the disk is as large as what is on it."""
        for _ in range(_TRIES):  # whoever writes meanwhile makes what is on it more than it was
            used = os.statvfs(self.path)
            size = (used.f_blocks - used.f_bfree) * used.f_frsize
            if _mount("-o", f"remount,size={size}", str(self.path)) == 0:
                return
        raise AssertionError(f"{self.path} cannot be made as small as what is on it")

    def free(self) -> None:
        """There is room again."""
        assert _mount("-o", f"remount,size={_ROOM}", str(self.path)) == 0


@contextmanager
def small_disk() -> Iterator[SmallDisk]:
    """A disk that is there as long as the context lasts. Raises `Missing` where this user may not mount one."""
    path = Path(tempfile.mkdtemp(prefix="waygrid-disk-"))
    try:
        path.chmod(0o755)
        if _mount("-t", "tmpfs", "-o", f"size={_ROOM},mode=755", "tmpfs", str(path)) != 0:
            raise Missing("a disk of its own needs root, and the right to mount (Linux)")
        try:
            yield SmallDisk(path)
        finally:
            subprocess.run(["umount", "--lazy", str(path)], check=True, timeout=30)
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _mount(*arguments: str) -> int:
    try:
        return subprocess.run(["mount", *arguments], timeout=30, capture_output=True, check=False).returncode
    except FileNotFoundError:
        return 1
