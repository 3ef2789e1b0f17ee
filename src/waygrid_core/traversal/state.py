"""What a traversal remembers. Immutable; only `fold` makes the next one."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final, Literal, TypeAlias

from attrs import Factory, frozen

from waygrid_core.model.identifiers import DagHash, NodeId, ScopeId, TraversalId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.model.persistent_map import PersistentMap
from waygrid_core.template.template import Parameter
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.signals import HeldSignal, Known

TraversalStatus: TypeAlias = Literal["New", "Running", "Paused", "Completed", "Failed", "Canceled", "TimedOut"]
TERMINAL: Final[frozenset[TraversalStatus]] = frozenset({"Completed", "Failed", "Canceled", "TimedOut"})


NO_DAG: Final = DagHash("")
"""The DAG of a traversal that has not begun."""


@frozen
class Waiting:
    """Its delivery strategy waits until `due`; no attempt has been made."""

    scope: ScopeId
    arrived: JsonValue
    due: datetime


@frozen
class InFlight:
    """Attempt `attempt` is with its service; `due` is when the attempt's timer fires."""

    scope: ScopeId
    attempt: int
    arrived: JsonValue
    input: JsonValue
    parameters: Mapping[str, Parameter]
    branch: str | None
    due: datetime | None
    started: bool = False


@frozen
class BackingOff:
    """Attempt `attempt` failed with `error`; the next one is made at `due`, and is given the same."""

    scope: ScopeId
    attempt: int
    arrived: JsonValue
    input: JsonValue
    parameters: Mapping[str, Parameter]
    branch: str | None
    error: ErrorDetail
    due: datetime


@frozen
class Joining:
    """A join whose fork is open; `due` is when its timer fires."""

    fork: NodeId
    due: datetime | None


@frozen
class Succeeded:
    """Ended in success."""

    attempt: int
    arrived: JsonValue
    output: JsonValue


@frozen
class Failed:
    """Ended in failure; `timed_out`, if it was its timer that ended it."""

    attempt: int
    arrived: JsonValue
    error: ErrorDetail
    timed_out: bool


@frozen
class Canceled:
    """Ended because its scope was canceled; `attempt` is 0 if none had been made."""

    attempt: int


NodeRun: TypeAlias = Waiting | InFlight | BackingOff | Joining | Succeeded | Failed | Canceled

BranchStatus: TypeAlias = Literal["waiting", "running", "succeeded", "failed", "timed-out", "canceled"]


@frozen
class BranchRun:
    """How one branch stands; `output` is set when it succeeded."""

    status: BranchStatus
    output: JsonValue = None


@frozen
class ForkRun:
    """How one fork stands.

    `counted` are the branches that the join counts (None: all of them) and `needed` how many of those must succeed.
    `succeeded` and `lost` count among them, `running` among all; `next` is the index in name order of the first
    branch that may still wait. `is_open` until the join is decided or the fork is canceled.
    """

    join: NodeId
    scope: ScopeId
    arrived: JsonValue
    names: tuple[str, ...]
    branches: PersistentMap[str, BranchRun]
    counted: frozenset[str] | None
    total: int
    needed: int
    succeeded: int = 0
    lost: int = 0
    running: int = 0
    next: int = 0
    is_open: bool = True


@frozen
class Round:
    """Where a node of a user's kind stands: what it remembers, and how often it has asked."""

    memory: JsonValue
    number: int


@frozen
class Memories:
    """What extensions have the traversal remember: nodes of a user's kind between their rounds, the guards of the DAG
    in its order, and the ids of what was told in the words of the Spec.
    """

    rounds: PersistentMap[NodeId, Round] = Factory(PersistentMap)
    guards: tuple[JsonValue, ...] = ()
    heard: PersistentMap[str, bool] = Factory(PersistentMap)


NO_MEMORIES: Final = Memories()
"""Those of a traversal without extensions."""


@frozen
class TraversalState:
    """One traversal. `standing` says at which node (or in which fork) the token of each live scope stands.

    `held` are the signals recorded during a pause, in order of arrival, and `answered` the keys of the obligations
    that they answer. `version` counts the events that made it.
    """

    traversal: TraversalId
    status: TraversalStatus = "New"
    version: int = 0
    dag: DagHash = NO_DAG
    payload: JsonValue = None
    entry: int = 0
    run: int = 1
    known: Known = Factory(dict)
    due: datetime | None = None
    nodes: PersistentMap[NodeId, NodeRun] = Factory(PersistentMap)
    forks: PersistentMap[NodeId, ForkRun] = Factory(PersistentMap)
    standing: PersistentMap[ScopeId, NodeId] = Factory(PersistentMap)
    held: tuple[HeldSignal, ...] = ()
    answered: PersistentMap[str, bool] = Factory(PersistentMap)
    output: JsonValue = None
    error: ErrorDetail | None = None
    reason: str | None = None
    memories: Memories = NO_MEMORIES

    @property
    def has_begun(self) -> bool:
        """Whether a `Begin` was ever accepted."""
        return self.dag != NO_DAG

    @property
    def has_ended(self) -> bool:
        """Whether its status is terminal."""
        return self.status in TERMINAL

    @property
    def active(self) -> frozenset[NodeId]:
        """Nodes that are in flight, wait, or stand between retries."""
        return frozenset(self._nodes_that_are((Waiting, InFlight, BackingOff)))

    @property
    def completed(self) -> frozenset[NodeId]:
        """Nodes that succeeded."""
        return frozenset(self._nodes_that_are((Succeeded,)))

    @property
    def failed(self) -> frozenset[NodeId]:
        """Nodes that failed or timed out."""
        return frozenset(self._nodes_that_are((Failed,)))

    def _nodes_that_are(self, kinds: tuple[type[NodeRun], ...]) -> Iterator[NodeId]:
        return (node for node, run in self.nodes.items() if isinstance(run, kinds))


def new_traversal(traversal: TraversalId) -> TraversalState:
    """A traversal of which nothing has been heard."""
    return TraversalState(traversal)
