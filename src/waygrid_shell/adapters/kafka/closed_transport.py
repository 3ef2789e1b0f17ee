"""A connection that is closed already, and does not know it yet: what the driver makes of a write to it.

On asyncio's own loop such a write is passed over, and the end of the connection is heard of a moment later. uvloop
raises RuntimeError, which the driver does not expect: it would end the task that fetches, or the one that keeps the
session, in silence and for good. Here it becomes what it is, a broken connection.
"""

from functools import wraps
from typing import Any, Final

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError

_MENDED: Final = "_waygrid_mended"


def expect_closed_transports() -> None:
    """Let every connection of the driver in this process say so; done twice, it is done once."""
    if hasattr(AIOKafkaConnection, _MENDED):
        return
    send = AIOKafkaConnection.send

    @wraps(send)
    def mended(self: Any, *arguments: Any, **named: Any) -> Any:
        try:
            return send(self, *arguments, **named)
        except RuntimeError as error:
            self.close(reason=CloseReason.CONNECTION_BROKEN)
            raise KafkaConnectionError(f"Connection at {self.host}:{self.port} broken: {error}") from error

    AIOKafkaConnection.send = mended
    setattr(AIOKafkaConnection, _MENDED, True)
