"""`waygrid://destination/websocket`: delivers to a channel, to whoever listens at `/v1/channels/{name}`, now or later.

Parameters: `channel` (needed), `data` (instead of the node's input). Output `{"channel", "number"}`: the message's
number in its channel. A message is kept under the idempotency key of the delivery, so a delivery that is made again is
the same message with the same number. Failures: `bad-value`, `unreachable` (the channels cannot be written now).
"""

import re
from typing import Final

from waygrid_core.model.json_value import JsonValue
from waygrid_shell.hosting.attempt import Attempt, Failed
from waygrid_shell.hosting.parameters import refuse_unknown
from waygrid_shell.ports.channel_log import ChannelLog, ChannelMessage
from waygrid_shell.ports.clock import Clock
from waygrid_shell.ports.failure import PortFailure

CHANNEL_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
"""What a channel may be called: what stands in a path as it is."""

_PARAMETERS: Final = frozenset({"channel", "data"})


class WebsocketDestination:
    """See the module. A `Handler` over the log of channels."""

    def __init__(self, channel_log: ChannelLog, clock: Clock) -> None:
        self._log = channel_log
        self._clock = clock

    async def __call__(self, attempt: Attempt) -> JsonValue:
        """Raises `Failed`, as the module says."""
        refuse_unknown(attempt.parameters, _PARAMETERS)
        channel = attempt.parameters.get("channel")
        if not isinstance(channel, str) or CHANNEL_NAME.fullmatch(channel) is None:
            raise Failed(
                "bad-value",
                f"the parameter channel is {str(channel)[:60]!r}; write letters, digits, and . _ : - after the first",
            )
        message = ChannelMessage(
            channel=channel,
            key=attempt.idempotency_key,
            traversal=attempt.traversal,
            data=attempt.parameters.get("data", attempt.input),
            at=self._clock.now(),
        )
        try:
            (kept,) = await self._log.append([message])
        except PortFailure as error:
            raise Failed("unreachable", f"channel {channel}: {error}") from error
        return {"channel": channel, "number": kept.number}
