"""What a traversal has done that another may take over, in its bodies too."""

from collections.abc import Collection, Mapping

from attrs import frozen

from waygrid_core.children.derive import dag_of
from waygrid_core.children.known_inside import Body, bodies_begun, known_of_body
from waygrid_core.children.plan import EachPlan, RunPlan, SinglePlan
from waygrid_core.children.plan_reading import read_among
from waygrid_core.dag.dag import CompiledDag, Dag
from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.traversal.known import done_by, went_on_after_failure
from waygrid_core.traversal.signals import Known, KnownKey
from waygrid_core.traversal.state import TraversalState
from waygrid_shell.ports.journal import Journal, Stored


@frozen
class _Child:
    """A child that was found, and where it stands in its parent."""

    body: Body
    stored: Stored


class Done:
    """Reads the journal. `compiled` is the DAG of the user's traversal, with its bodies; `to_run` is what runs now."""

    def __init__(self, journal: Journal, compiled: CompiledDag, to_run: Dag) -> None:
        self._journal = journal
        self._compiled = compiled
        self._is_unchanged = compiled.dag == to_run

    async def by(self, stored: Stored, nodes: Collection[NodeId] | None = None) -> Known:
        """What the traversal did: of `nodes`, or by default of all; of a series nothing, for its runs are its own.

        Of a call or each whose body was begun, what was done in there as well.
        """
        plan, state = stored.origin.plan, stored.state
        if not isinstance(plan, SinglePlan | RunPlan | EachPlan) or not isinstance(state, TraversalState):
            return {}
        read = read_among(plan, (self._compiled.dag, *self._compiled.bodies.values()))
        if read is None:
            return {}
        dag = dag_of(read, self._compiled.__getitem__)
        if nodes is None and went_on_after_failure(dag, state):
            return {}
        known: dict[KnownKey, JsonValue] = dict(done_by(dag, state, nodes))
        for child in await self._children(
            [
                body
                for body in bodies_begun(dag, plan, state)
                if (nodes is None or body.node.id in nodes) and not (body.has_succeeded and self._is_unchanged)
            ]
        ):
            assert child.stored.origin.plan is not None, "only those that have one were found"
            done = await self.by(child.stored)
            known |= known_of_body(child.body, child.stored.origin.plan, child.stored.state.payload, done)
        return known

    async def _children(self, bodies: Collection[Body]) -> list[_Child]:
        stored: Mapping[TraversalId, Stored] = {}
        if bodies:
            stored = await self._journal.load([body.child for body in bodies])
        return [
            _Child(body, stored[body.child])
            for body in bodies
            if body.child in stored and stored[body.child].state.has_begun
        ]
