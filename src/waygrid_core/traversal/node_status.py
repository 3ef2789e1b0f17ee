"""How a node stands, in the words of section 6 of the semantics: those of scenarios, of people, of signals."""

from typing import Final, assert_never

from waygrid_core.extension.look import NodeStatus
from waygrid_core.traversal.state import (
    BackingOff,
    Canceled,
    Failed,
    InFlight,
    Joining,
    NodeRun,
    Succeeded,
    Waiting,
)

NOT_REACHED: Final = "not-reached"


def node_status(run: NodeRun) -> NodeStatus:
    """The status of a node that was reached."""
    match run:
        case Waiting() | BackingOff():
            return "waiting"
        case InFlight() | Joining():
            return "running"
        case Succeeded():
            return "succeeded"
        case Failed(timed_out=timed_out):
            return "timed-out" if timed_out else "failed"
        case Canceled():
            return "canceled"
        case _:
            assert_never(run)
