"""Where random tests look, and how long: `HYPOTHESIS_PROFILE=nightly` (or `--hypothesis-profile nightly`) chooses.

The same commit draws the same examples each time, in CI and at every desk: a rare find belongs to whoever looks for it
(`random` looks elsewhere each time, for as long; `nightly` for hours), not to whoever runs the tests next.
"""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.servers.cluster import ClusterServers, cluster_servers
from tests.servers.programs import Missing
from tests.servers.redis import redis_cluster

# A story is large data by design, and slow to draw beside what it tests; neither says that a strategy is wrong.
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]

settings.register_profile("default", max_examples=50, deadline=None, suppress_health_check=SLOW, derandomize=True)
settings.register_profile("random", max_examples=50, deadline=None, suppress_health_check=SLOW)
settings.register_profile("nightly", max_examples=5_000, deadline=None, suppress_health_check=SLOW)
settings.register_profile(  # `tests.mutation`: what fails is a killed mutant, whose smallest example nobody reads
    "mutation",
    max_examples=20,
    deadline=None,
    suppress_health_check=SLOW,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture
def anyio_backend() -> str:
    """What asynchronous tests run on: aiohttp, uvicorn and the SQLite thread know asyncio alone."""
    return "asyncio"


@pytest.fixture(scope="session")
def servers() -> Iterator[ClusterServers]:
    """PostgreSQL, Redis and Apache Kafka: those of the environment, or started for this session."""
    try:
        with cluster_servers() as started:
            yield started
    except Missing as error:
        if os.environ.get("WAYGRID_TEST_SERVERS") == "required":
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def redis_cluster_url() -> Iterator[str]:
    """One of the servers of a Redis Cluster: of that of the environment, or of one that is started for this session."""
    try:
        with redis_cluster() as url:
            yield url
    except Missing as error:
        if os.environ.get("WAYGRID_TEST_SERVERS") == "required":
            raise
        pytest.skip(str(error))
