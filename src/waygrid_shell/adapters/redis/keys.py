"""What the keys are called. What stands in braces decides on the slot: keys that share it are on one server."""

from typing import Final
from zlib import crc32

from attrs import frozen

ANSWER_TAGS: Final = 64
"""Among so many slots the answers are spread: few enough that a batch is few commands, enough for many servers."""


@frozen
class Keys:
    """The keys of one platform; `prefix` tells it from others on the same servers."""

    prefix: str

    def answer_tag(self, message_id: str) -> int:
        """Which of the tags the answer to a message has."""
        return crc32(message_id.encode()) % ANSWER_TAGS

    def answer(self, message_id: str) -> str:
        """The answer to a message."""
        return f"{self.prefix}:answer:{{{self.answer_tag(message_id)}}}:{message_id}"

    def lease(self, name: str) -> tuple[str, str]:
        """Who has a lease, and the last number that was given with it."""
        return f"{self.prefix}:lease:{{{name}}}:holder", f"{self.prefix}:lease:{{{name}}}:number"

    @property
    def presence(self) -> tuple[str, str]:
        """What processes say of themselves, and until when each is shown."""
        return f"{self.prefix}:{{presence}}:processes", f"{self.prefix}:{{presence}}:until"

    def rate(self, bucket: str) -> str:
        """When a bucket is full again."""
        return f"{self.prefix}:rate:{{{bucket}}}"

    @property
    def feed(self) -> str:
        """The channel of the live feed."""
        return f"{self.prefix}:{{feed}}"

    def timers(self, partition: int) -> tuple[str, str]:
        """The timers of a partition by their instants, and what is known of each."""
        return f"{self.prefix}:timers:{{{partition}}}:due", f"{self.prefix}:timers:{{{partition}}}:known"
