"""The orders example runs for real, in processes of its own, and every order is accounted for."""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from tests.integration.examples.cluster_environment import cluster_environment
from tests.integration.examples.scenario_files import REPOSITORY
from tests.servers.cluster import ClusterServers

ENDS: Final = ("confirmed", "bad-order", "card-declined", "out-of-stock", "fraud-suspected", "spam", "undeliverable")
"""What must have come to some orders whatever the machine's pace."""


def run_orders(*arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(REPOSITORY / "examples" / "orders" / "run.py"), *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=240, check=False, cwd=REPOSITORY, env=environment
    )


def assert_all_accounted_for(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WRONG" not in done.stdout
    assert re.search(r"^ +160 +of 160 orders$", done.stdout, re.MULTILINE), done.stdout


def test_every_order_is_accounted_for() -> None:
    done = run_orders()
    assert_all_accounted_for(done)
    for end in ENDS:
        assert end in done.stdout, f"no order was {end}\n{done.stdout}"
    assert "live: order 4 is completed" in done.stderr
    assert int(found(r"5xx on purpose: .*payment (\d+)", done.stdout)) > 20


def test_a_run_that_is_killed_in_its_middle_is_resumed_and_every_order_is_accounted_for() -> None:
    done = run_orders("--kill")
    assert_all_accounted_for(done)
    assert "killed (SIGKILL)" in done.stderr


@pytest.mark.cluster
def test_every_order_is_accounted_for_on_a_cluster_one_of_whose_three_processes_is_killed(
    servers: ClusterServers,
) -> None:
    done = run_orders("--cluster", "--processes", "3", "--kill", environment=cluster_environment(servers))
    assert_all_accounted_for(done)
    assert "killed (SIGKILL)" in done.stderr
    assert "the other 2 processes go on with what it did" in done.stderr


def test_orders_that_have_ended_are_reported_and_not_run_again(tmp_path: Path) -> None:
    first = run_orders("--data-dir", str(tmp_path / "orders"))
    assert_all_accounted_for(first)
    second = run_orders("--data-dir", str(tmp_path / "orders"))
    assert_all_accounted_for(second)
    assert "160 of the orders have ended before" in second.stderr
    assert found(r"shop: (\d+) messages applied", second.stdout) == found(r"shop: (\d+) messages", first.stdout)


def test_the_orders_are_those_that_their_program_writes(tmp_path: Path) -> None:
    folder = REPOSITORY / "examples" / "orders"
    program = tmp_path / "make_orders.py"
    program.write_bytes((folder / "make_orders.py").read_bytes())
    subprocess.run([sys.executable, str(program)], check=True, timeout=60)
    assert (tmp_path / "orders.jsonl").read_bytes() == (folder / "orders.jsonl").read_bytes()


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match is not None, f"{pattern} is not in\n{text}"
    return match.group(1)
