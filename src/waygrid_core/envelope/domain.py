"""The envelope that services see."""

from datetime import datetime

from attrs import frozen

from waygrid_core.envelope.stamps import NO_STAMPS, Stamps
from waygrid_core.message.messages import Message
from waygrid_core.model.address import ServiceAddress, parse_address
from waygrid_core.outcome import Failure, Outcome, Success


@frozen(cache_hash=True)
class NodeAddress:
    """One running node of a service; without an `instance`, any of them.

    Its text is a URI: `waygrid://system/waystation`, or `waygrid://system/waystation#west-3` for one of them.
    """

    service: ServiceAddress
    instance: str = ""

    def __str__(self) -> str:
        return f"{self.service}#{self.instance}" if self.instance else str(self.service)


@frozen(kw_only=True)
class DomainEnvelope:
    """A message, and who sends it to whom. `id` names it wherever it is sent again; `sent_at` is when it was first."""

    message: Message
    id: str
    sender: NodeAddress
    receiver: ServiceAddress
    sent_at: datetime
    stamps: Stamps = NO_STAMPS

    def stamps_of_what_follows(self) -> Stamps:
        """The stamps of a message that is sent because of this one."""
        return Stamps(trace=self.stamps.trace, causation=self.id, hops=self.stamps.hops + 1)


def parse_node_address(text: str) -> Outcome[NodeAddress, str]:
    """The node address that `text` writes, or a sentence that says what would be right."""
    address, _, instance = text.partition("#")
    service = parse_address(address)
    return service if isinstance(service, Failure) else Success(NodeAddress(service.unwrap(), instance))
