"""Runs the command as a user does: another process, with files, standard input and an exit code."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from attrs import frozen


@frozen
class Ran:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def has_traceback(self) -> bool:
        """Whether a user would see the insides of Waygrid."""
        return "Traceback" in self.err or "Traceback" in self.out


Waygrid: TypeAlias = Callable[..., Ran]


def run_waygrid(folder: Path, *arguments: str, stdin: bytes = b"", environment: Mapping[str, str] | None = None) -> Ran:
    """Run `waygrid ARGUMENTS` in that folder, with these variables besides its own."""
    done = subprocess.run(
        [sys.executable, "-m", "waygrid_shell.cli", *arguments],
        cwd=folder,
        env={**os.environ, **(environment or {})},
        input=stdin,
        capture_output=True,
        timeout=120,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())
