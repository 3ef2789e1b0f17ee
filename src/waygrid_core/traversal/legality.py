"""Which signals a status hears, as a table.

"handle": the handler decides. "hold": a paused traversal records what would answer something. "ignore": no error, and
nothing happens.
"""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from waygrid_core.traversal.signals import (
    Begin,
    Cancel,
    CancelBranches,
    NodeFailure,
    NodeStart,
    NodeSuccess,
    Pause,
    Resume,
    Retry,
    Signal,
    Timeout,
    Told,
    TraversalTimeout,
    Unpause,
)
from waygrid_core.traversal.state import TraversalStatus

Reaction: TypeAlias = Literal["handle", "hold", "ignore"]

_SIGNALS: Final[tuple[type[Signal], ...]] = (
    Begin,
    NodeStart,
    NodeSuccess,
    NodeFailure,
    Resume,
    Retry,
    Timeout,
    TraversalTimeout,
    Cancel,
    CancelBranches,
    Pause,
    Unpause,
    Told,
)
_HELD: Final = (NodeSuccess, NodeFailure, Resume, Retry, Timeout, TraversalTimeout, CancelBranches, Told)


def _heard(**exceptions: tuple[type[Signal], ...]) -> Mapping[type[Signal], Reaction]:
    table: dict[type[Signal], Reaction] = dict.fromkeys(_SIGNALS, "handle")
    table.update(dict.fromkeys(exceptions.get("hold", ()), "hold"))
    table.update(dict.fromkeys(exceptions.get("ignore", ()), "ignore"))
    return table


REACTIONS: Final[Mapping[TraversalStatus, Mapping[type[Signal], Reaction]]] = {
    "New": _heard(ignore=(Pause, Unpause, Told)),
    "Running": _heard(ignore=(Unpause,)),
    "Paused": _heard(hold=_HELD, ignore=(Pause,)),
    "Completed": _heard(ignore=_SIGNALS),
    "Failed": _heard(ignore=_SIGNALS),
    "Canceled": _heard(ignore=_SIGNALS),
    "TimedOut": _heard(ignore=_SIGNALS),
}
