"""Where the examples find the servers of a test session."""

import os
from collections.abc import Mapping

from tests.servers.cluster import ClusterServers


def cluster_environment(servers: ClusterServers) -> Mapping[str, str]:
    """An environment that names them."""
    return {
        **os.environ,
        "WAYGRID_KAFKA_SERVERS": servers.kafka.bootstrap,
        "WAYGRID_POSTGRES_URL": servers.postgres.url,
        "WAYGRID_REDIS_URL": servers.redis.url,
    }
