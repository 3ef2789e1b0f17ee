"""The benchmark of the cluster runs to its end. How fast is no matter here."""

from datetime import timedelta

import pytest

from benchmarks.cluster.others import has
from benchmarks.cluster.run import Sizes, figures
from benchmarks.cluster.servers import BenchmarkServers
from tests.servers.cluster import ClusterServers

FEW = Sizes(
    records=800,
    rows=250,
    other_chains=4,
    chains=20,
    in_flight=5,
    processes=(1,),
    singles=3,
    timers=2,
    load_seconds=0.5,
    idle_seconds=0.1,
    partitions=(1,),
    sessions=(timedelta(seconds=1.5),),
)


@pytest.mark.slow
def test_every_figure_of_the_table_is_measured(servers: ClusterServers) -> None:
    given = BenchmarkServers(servers.kafka, servers.postgres, servers.redis)
    found = list(figures(given, FEW))
    units = [figure.unit for figure in found]
    assert units.count("records/s") == 2
    # What Kafka allows, PostgreSQL, chains and forks of one process, chains with one partition, and the knee.
    assert units.count("steps/s") == 6 + 4 * has("dbos") + 2 * has("celery")
    assert {figure.target for figure in found} == {"", "8 000", "15", "0.25", *(["20"] if has("dbos") else [])}
    assert all(figure.value > 0 for figure in found if figure.unit in ("steps/s", "traversals/s", "MiB", "s"))
    assert len({(figure.name, figure.unit) for figure in found}) == len(found)
