"""`python -m tests.servers run` has real servers beside a command, and says which they are."""

import os
import subprocess
import sys
from pathlib import Path

from tests.servers.cluster import ClusterServers

ROOT = Path(__file__).parents[3]


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.servers", "run", *command],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def names_of(servers: ClusterServers) -> dict[str, str]:
    return {
        "WAYGRID_TEST_POSTGRES": servers.postgres.url,
        "WAYGRID_TEST_REDIS": servers.redis.url,
        "WAYGRID_TEST_REDIS_CLUSTER": "redis://127.0.0.1:1",
        "WAYGRID_TEST_KAFKA": servers.kafka.bootstrap,
    }


def test_a_command_is_told_where_its_servers_are_and_its_exit_code_is_passed_on(servers: ClusterServers) -> None:
    program = "import os; print(os.environ['WAYGRID_TEST_KAFKA'], os.environ['WAYGRID_TEST_SERVERS']); exit(7)"
    done = run(sys.executable, "-c", program, **names_of(servers))
    assert (done.returncode, done.stdout) == (7, f"{servers.kafka.bootstrap} required\n")


def test_it_says_which_servers_and_versions_they_are(servers: ClusterServers) -> None:
    said = run(sys.executable, "-c", "", **names_of(servers)).stderr.splitlines()
    assert said == [
        f"tests.servers: PostgreSQL {servers.postgres.version}, given by WAYGRID_TEST_POSTGRES",
        f"tests.servers: Redis {servers.redis.version}, given by WAYGRID_TEST_REDIS",
        "tests.servers: Redis Cluster of three, given by WAYGRID_TEST_REDIS_CLUSTER",
        "tests.servers: Apache Kafka, given by WAYGRID_TEST_KAFKA",
    ]


def test_a_command_that_is_not_there_is_named(servers: ClusterServers) -> None:
    done = run("no-such-program", **names_of(servers))
    assert done.returncode == 127
    assert "no-such-program cannot be run: No such file or directory" in done.stderr


def test_where_no_server_can_be_had_the_command_does_not_run_unless_it_may_go_without(tmp_path: Path) -> None:
    """`PATH` leads nowhere: there is nothing to start, and nothing to install it with."""
    nowhere = dict.fromkeys(("WAYGRID_TEST_POSTGRES", "WAYGRID_TEST_REDIS", "WAYGRID_TEST_KAFKA"), "")
    program = [sys.executable, "-c", "print('ran')"]
    done = run(*program, **nowhere, PATH=str(tmp_path), WAYGRID_TEST_SERVERS="required")
    assert "there is no program redis-server; on Debian: apt-get install redis-server" in done.stderr
    assert (done.returncode, done.stdout) == (3, "")
    optional = run(*program, **nowhere, PATH=str(tmp_path), WAYGRID_TEST_SERVERS="optional")
    assert (optional.returncode, optional.stdout) == (0, "ran\n")
