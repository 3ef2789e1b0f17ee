"""The command, in an empty folder."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.integration.cli.command import Ran, Waygrid, run_waygrid


@pytest.fixture
def waygrid(tmp_path: Path) -> Waygrid:
    """`waygrid`, run in an empty folder; see `run_waygrid`."""

    def run(*arguments: str, stdin: bytes = b"", environment: Mapping[str, str] | None = None) -> Ran:
        ran = run_waygrid(tmp_path, *arguments, stdin=stdin, environment=environment)
        assert not ran.has_traceback, ran.err
        return ran

    return run
