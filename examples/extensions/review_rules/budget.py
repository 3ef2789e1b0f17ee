"""`{"type": "Budget", "dispatches": 20}`: a guard that ends a traversal which asks for more than it may."""

from collections.abc import Sequence
from datetime import datetime

from attrs import field, frozen, validators

from waygrid_core.extension.answers import Stop
from waygrid_core.extension.extension import Guard
from waygrid_core.model.json_value import JsonValue
from waygrid_core.traversal.events import NodeDispatched


@frozen
class Budget(Guard):
    """At most so many dispatches, retries and rounds counted. The one too many is never sent."""

    name = "Budget"

    dispatches: int = field(validator=validators.ge(0))

    def start(self) -> JsonValue:
        """Nothing is spent."""
        return 0

    def watch(self, memory: JsonValue, events: Sequence[object], now: datetime) -> JsonValue | Stop:
        """It sees what every transition came to, after all that followed by itself."""
        spent = memory if isinstance(memory, int) else 0
        spent += sum(isinstance(event, NodeDispatched) for event in events)
        if spent > self.dispatches:
            return Stop("over-budget", f"it would dispatch {spent} times, and may {self.dispatches} times")
        return spent
