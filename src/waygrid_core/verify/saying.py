"""What stands in a twin for the signals of a Spec: one that has any node with an id succeed, or fail.

A signal may cancel branches and the traversal too. Those are cancels, which `verify` leaves out whoever makes them.
"""

from collections.abc import Sequence

from attrs import frozen

from waygrid_core.extension.extension import SignalKind
from waygrid_core.extension.look import Action, FailNode, Look, SucceedNode
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.traversal.error import FAILED
from waygrid_core.traversal.signals import Told


@frozen
class Saying(SignalKind):
    """Its data says which node, and with which output it succeeds; without one it fails."""

    name = "Saying"

    def handle(self, look: Look, data: JsonValue) -> Sequence[Action]:
        assert isinstance(data, dict), "it is said by `success_told` or `failure_told`"
        node = str(data["node"])
        return [SucceedNode(node, data["output"]) if "output" in data else FailNode(node, FAILED)]


def success_told(traversal: TraversalId, node: str, output: JsonValue) -> Told:
    """What has the node of that id succeed for good, whatever it waits for."""
    return Told(traversal, node, Saying.name, {"node": node, "output": output})


def failure_told(traversal: TraversalId, node: str) -> Told:
    """What has the node of that id fail for good, whatever it waits for."""
    return Told(traversal, node, Saying.name, {"node": node})
