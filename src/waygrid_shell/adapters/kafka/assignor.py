"""How the readers of a topic share its partitions: evenly, and each keeps what it has as far as that goes.

The driver gives all partitions up at every rebalance and takes them up again. With this, most come back to the reader
that had them, which then goes on as if nothing had been.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata

from waygrid_shell.adapters.kafka.claim import Claim, shared

_VERSION: Final = 0


class KeepingAssignor:
    """What the driver asks; one for each reader. `claim` is what that has, and since which generation of its group."""

    name = "waygrid-keeping"

    def __init__(self) -> None:
        self.claim = Claim()

    def metadata(self, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:
        """What this reader tells whoever shares out."""
        said = orjson.dumps({"generation": self.claim.generation, "partitions": sorted(self.claim.partitions)})
        return ConsumerProtocolMemberMetadata(_VERSION, list(topics), said)

    def assign(
        self, cluster: Any, members: Mapping[str, ConsumerProtocolMemberMetadata]
    ) -> dict[str, ConsumerProtocolMemberAssignment]:
        """Share out; done by the one reader that the group has chosen."""
        shares: dict[str, list[tuple[str, list[int]]]] = {member: [] for member in members}
        for topic in sorted({topic for each in members.values() for topic in each.subscription}):
            claims = {name: _heard(each) for name, each in members.items() if topic in each.subscription}
            for member, partitions in shared(topic, cluster.partitions_for_topic(topic) or (), claims).items():
                shares[member].append((topic, partitions))
        return {member: ConsumerProtocolMemberAssignment(_VERSION, share, b"") for member, share in shares.items()}

    def on_assignment(self, assignment: ConsumerProtocolMemberAssignment) -> None:
        """The reader sees to it itself."""


def _heard(said: ConsumerProtocolMemberMetadata) -> Claim:
    try:
        read = orjson.loads(said.user_data or b"{}")
        return Claim(
            int(read.get("generation", -1)),
            frozenset((str(topic), int(number)) for topic, number in read.get("partitions", ())),
        )
    except (ValueError, TypeError, AttributeError):
        return Claim()
