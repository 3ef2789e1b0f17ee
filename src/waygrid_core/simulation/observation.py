"""What a run was like, in the words of a scenario's `expect`: statuses by name, and the like."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from attrs import Factory, frozen

from waygrid_core.children.plan import EachPlan
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.json_value import MISSING, JsonValue, Missing
from waygrid_core.simulation.family import Family, LiveSeries, LiveTraversal
from waygrid_core.spec.problem import SpecErrors
from waygrid_core.traversal.node_status import NOT_REACHED, node_status

MIXED: Final = "mixed"
"""The status of a name whose bearers (members of an each, nodes that share it) do not share one: no expected one."""


@frozen
class TraceLine:
    """Something that happened, so long after the start."""

    at: timedelta
    text: str


@frozen(kw_only=True)
class Observation:
    """What a run was like. `nodes` has every name that was reached; `problems` is for a Spec that is invalid.

    `refused`: why the traversal could not begin at all. `is_cut_short`: the budget of steps ended the run.
    """

    status: str
    problems: SpecErrors = ()
    error: str | None = None
    error_message: str = ""
    nodes: Mapping[str, str] = Factory(dict)
    dispatched: tuple[str, ...] = ()
    elapsed: timedelta = timedelta(0)
    output: JsonValue | Missing = MISSING
    runs: int = 0
    refused: str | None = None
    steps: int = 0
    is_cut_short: bool = False
    trace: tuple[TraceLine, ...] = ()


def node_statuses(traversals: Family, root: TraversalId) -> dict[str, str]:
    """The status of every name that was reached, in `root` and in what it began: of the last run, round or attempt."""
    live = traversals[root]
    statuses: dict[str, str] = {}
    if isinstance(live, LiveSeries):
        if live.last_run is not None:
            statuses = node_statuses(traversals, live.last_run)
    elif isinstance(live.plan, EachPlan):
        statuses = _statuses_of_members(traversals, live, live.plan.members)
    else:
        for node, run in live.state.nodes.items():
            name = live.names.get(node)
            if name is not None:
                _share(statuses, live.place.prefix + name, node_status(run))
        for child in live.children.values():
            _share_all(statuses, node_statuses(traversals, child))
    if live.follow_up is not None:
        _share_all(statuses, node_statuses(traversals, live.follow_up))
    return statuses


def _statuses_of_members(traversals: Family, each: LiveTraversal, members: int) -> dict[str, str]:
    """A status only where all members share it; in one that has not begun, nothing is reached."""
    statuses: dict[str, str] = {}
    seen: dict[str, int] = {}
    for child in each.children.values():
        for name, status in node_statuses(traversals, child).items():
            _share(statuses, name, status)
            seen[name] = seen.get(name, 0) + 1
    for name, count in seen.items():
        if count < members:
            _share(statuses, name, NOT_REACHED)
    return statuses


def _share_all(statuses: dict[str, str], others: Mapping[str, str]) -> None:
    for name, status in others.items():
        _share(statuses, name, status)


def _share(statuses: dict[str, str], name: str, status: str) -> None:
    if statuses.setdefault(name, status) != status:
        statuses[name] = MIXED
