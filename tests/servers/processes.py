"""A server as a process: started, waited for, stopped by its own id, and by nothing else."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_MEMORY: Final = Path("/dev/shm")
_ROOM: Final = 4 * 1024**3
"""Bytes that must be free there: more than the servers of a test session ever need."""


def memory() -> Path | None:
    """A disk in memory, where this machine has one with room (Linux): for data that nobody needs after the tests.

    They make and remove databases and topics by the hundred, of hundreds of files each; ext4 takes half a second for
    one, for it looks long for inodes that were not in use a moment ago.
    """
    has_room = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM
    return _MEMORY if has_room else None


@contextmanager
def folder(name: str, owner: int | None = None, within: Path | None = None) -> Iterator[Path]:
    """A folder for a server's data, of the user with the id `owner`, `within` another; removed at the end."""
    path = Path(tempfile.mkdtemp(prefix=f"waygrid-{name}-", dir=within))
    try:
        if owner is not None:
            shutil.chown(path, owner)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


class Server:
    """A server that can be killed and started again over its data."""

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        is_ready: Callable[[], bool],
        *,
        user: int | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._command = command
        self._log = log
        self._is_ready = is_ready
        self._user = user
        self._environment = environment
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, within_seconds: float = 60) -> None:
        """Start it, and wait until it is ready."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, stdout=log, stderr=log, user=self._user, cwd=self._log.parent, env=self._environment
            )
        ends_at = time.monotonic() + within_seconds
        while not self._is_ready():
            if self.process.poll() is not None or time.monotonic() > ends_at:
                self.kill()
                raise RuntimeError(
                    f"{self._command[0]} did not start:\n{self._log.read_text(errors='replace')[-4000:]}"
                )
            time.sleep(0.05)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(timeout=30)

    def stop(self) -> None:
        """Ask it to end, and wait."""
        self._ask(signal.SIGTERM)

    def interrupt(self) -> None:
        """Ask it to end at once (PostgreSQL ends its sessions then, and waits for them otherwise), and wait."""
        self._ask(signal.SIGINT)

    def _ask(self, number: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.kill()
