"""The program of each example does what it says, for real: `waygrid dev` in a process, services, HTTP."""

import subprocess
import sys

import pytest

from tests.integration.examples.scenario_files import REPOSITORY

PROGRAMS = sorted(path.parent.name for path in REPOSITORY.glob("examples/*/run.py") if path.parent.name != "orders")


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_program_of_an_example_ends_well(name: str) -> None:
    program = REPOSITORY / "examples" / name / "run.py"
    done = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, timeout=120, check=False, cwd=REPOSITORY
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "  ok    " in done.stdout
    assert "WRONG" not in done.stdout


def test_every_example_with_a_folder_has_a_program() -> None:
    folders = {path.parent.name for path in REPOSITORY.glob("examples/*/*.scenarios.yaml")}
    assert folders - {"orders"} == set(PROGRAMS)
