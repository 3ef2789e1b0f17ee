"""What PostgreSQL itself does on this machine with the rows of the journal."""

from benchmarks.cluster.programs import Ran, run_programs
from benchmarks.cluster.servers import BenchmarkServers

CHAINS_A_COMMIT = 250
"""A batch of the waystation under load."""


def rows_written(servers: BenchmarkServers, chains: int) -> tuple[float, Ran]:
    """How many chains of three a second psycopg alone wrote the rows of, and what was used for it."""
    chains = max(chains // CHAINS_A_COMMIT, 1) * CHAINS_A_COMMIT
    with servers.postgres.database() as url:
        given = [{"url": url, "chains": chains, "chains_a_commit": CHAINS_A_COMMIT}]
        ran = run_programs("benchmarks.cluster.rows", given, name="psycopg", beside=servers.pids)
    return chains / ran.seconds, ran
