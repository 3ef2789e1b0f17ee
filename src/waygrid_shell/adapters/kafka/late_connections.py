"""A connection that is made while its client is being closed: the driver would keep it, and never close it.

The driver closes the connections that it has. One that another of its tasks is just then opening comes a moment later,
to a client that nobody will close again.
"""

from functools import wraps
from typing import Any, Final

from aiokafka.client import AIOKafkaClient

_MENDED: Final = "_waygrid_mended"
_IS_CLOSED: Final = "_waygrid_is_closed"


def close_late_connections() -> None:
    """Have every client of the driver in this process close them; done twice, it is done once."""
    if hasattr(AIOKafkaClient, _MENDED):
        return
    close, get_connection = AIOKafkaClient.close, AIOKafkaClient._get_conn

    @wraps(close)
    async def closing(self: Any) -> None:
        setattr(self, _IS_CLOSED, True)
        await close(self)

    @wraps(get_connection)
    async def getting(self: Any, *arguments: Any, **named: Any) -> Any:
        if getattr(self, _IS_CLOSED, False):
            return None
        connection = await get_connection(self, *arguments, **named)
        if connection is not None and getattr(self, _IS_CLOSED, False):
            connection.close()
            return None
        return connection

    AIOKafkaClient.close = closing
    AIOKafkaClient._get_conn = getting
    setattr(AIOKafkaClient, _MENDED, True)
