"""The workers of a simulation: they answer as the script says, and know an attempt that comes twice."""

from datetime import timedelta
from typing import Final, TypeAlias, assert_never

from attrs import frozen

from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_core.simulation.naming import Place
from waygrid_core.simulation.scenario import Fails, IsDone, NeverAnswers, Succeeds
from waygrid_core.simulation.script import Script
from waygrid_core.traversal.signals import NodeFailure, NodeSuccess

WorkerAnswer: TypeAlias = NodeSuccess | NodeFailure


@frozen
class Reply:
    """An answer, and how long the worker takes for it."""

    signal: WorkerAnswer
    after: timedelta


class Workers:
    """All services, as one."""

    __slots__ = ("_attempts", "_script")

    def __init__(self, script: Script) -> None:
        self._script = script
        # Each attempt's answer; None while it is worked on, and for one that is canceled.
        self._attempts: dict[tuple[TraversalId, NodeId, int], WorkerAnswer | None] = {}

    def work(self, place: Place, name: str, traversal: TraversalId, node: NodeId, attempt: int) -> Reply | None:
        """What a dispatch brings. One that comes again brings the recorded answer, or nothing while it is worked on."""
        key = (traversal, node, attempt)
        if key in self._attempts:
            recorded = self._attempts[key]
            return None if recorded is None else Reply(recorded, _AT_ONCE)
        self._attempts[key] = None
        outcome = self._script.next_outcome(place, name)
        match outcome.result:
            case Succeeds(output=output) | IsDone(output=output):
                signal: WorkerAnswer = NodeSuccess(traversal, node, attempt, output)
            case Fails(error=error):
                signal = NodeFailure(traversal, node, attempt, error)
            case NeverAnswers():
                return None
            case _:
                assert_never(outcome.result)
        if not outcome.after:
            self._attempts[key] = signal
        return Reply(signal, outcome.after)

    def cancel(self, traversal: TraversalId, node: NodeId, attempt: int) -> None:
        """Nobody waits for this attempt any more: it brings nothing, also if its dispatch is still to come."""
        self._attempts[(traversal, node, attempt)] = None


_AT_ONCE: Final = timedelta(0)
