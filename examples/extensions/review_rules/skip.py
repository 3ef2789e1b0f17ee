"""`{"type": "Skip"}`: people may have a node be done without being done.

waygrid tell ID Skip --data '{"node": "approval"}'
"""

from collections.abc import Sequence

from attrs import frozen

from waygrid_core.extension.extension import SignalKind
from waygrid_core.extension.look import Action, Look, SucceedNode
from waygrid_core.model.json_value import JsonValue


@frozen
class Skip(SignalKind):
    """`{"node": id, "output"?: JSON}`: if that node runs or waits, it succeeds (with `{"skipped": true}`)."""

    name = "Skip"

    def handle(self, look: Look, data: JsonValue) -> Sequence[Action]:
        """What makes no sense, or comes too late, does nothing."""
        if not isinstance(data, dict) or look.nodes.get(str(data.get("node"))) not in ("waiting", "running"):
            return ()
        return (SucceedNode(str(data["node"]), data.get("output", {"skipped": True})),)
