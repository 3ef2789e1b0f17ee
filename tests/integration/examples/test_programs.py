"""The program of each example does what it says, for real, on both plants: processes, services, HTTP."""

import subprocess
import sys
from collections.abc import Mapping

import pytest

from tests.integration.examples.cluster_environment import cluster_environment
from tests.integration.examples.scenario_files import REPOSITORY
from tests.servers.cluster import ClusterServers

PROGRAMS = sorted(path.parent.name for path in REPOSITORY.glob("examples/*/run.py") if path.parent.name != "orders")


NEED_KAFKA = {"kafka"}
"""Those that read from Kafka, whatever plant they run on."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.cluster if name in NEED_KAFKA else ()) for name in PROGRAMS]
)
def test_the_program_of_an_example_ends_well(name: str, request: pytest.FixtureRequest) -> None:
    servers = request.getfixturevalue("servers") if name in NEED_KAFKA else None
    assert_ends_well(run(name, environment=None if servers is None else cluster_environment(servers)))


@pytest.mark.cluster
@pytest.mark.parametrize("name", PROGRAMS)
def test_the_program_of_an_example_ends_well_on_a_cluster(name: str, servers: ClusterServers) -> None:
    assert_ends_well(run(name, "--cluster", environment=cluster_environment(servers)))


def run(name: str, *arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    program = REPOSITORY / "examples" / name / "run.py"
    command = [sys.executable, str(program), *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=200, check=False, cwd=REPOSITORY, env=environment
    )


def assert_ends_well(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stdout + done.stderr
    assert "  ok    " in done.stdout
    assert "WRONG" not in done.stdout


def test_every_example_with_a_folder_has_a_program() -> None:
    folders = {path.parent.name for path in REPOSITORY.glob("examples/*/*.scenarios.yaml")}
    assert folders - {"orders"} == set(PROGRAMS)
