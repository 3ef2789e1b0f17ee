"""How a traversal is to be run: what its id alone does not say. A plan travels with the request for a traversal and is
kept beside its state, so that its DAG can be had again at any time.
"""

from datetime import timedelta
from typing import TypeAlias, assert_never

from attrs import field, frozen

from waygrid_core.condition.expression import Condition
from waygrid_core.model.identifiers import DagHash
from waygrid_core.model.json_value import JsonValue
from waygrid_core.policy.join import JoinStrategy


@frozen
class Unread:
    """What extensions stand in, as a document: what it means is for whoever runs it to read, see `plan_reading`."""

    document: JsonValue


@frozen
class SinglePlan:
    """One traversal of a DAG that does not repeat: a user's, the child of a call, a member of an each, an onEnd."""

    dag: DagHash


@frozen
class SeriesPlan:
    """A DAG with a repeat policy: a series whose children are its runs."""

    dag: DagHash


@frozen
class LoopPlan:
    """A loop: a series of rounds of `body`. The leaves of `until` are constants by now."""

    body: DagHash
    until: Condition | Unread
    at_most: int
    every: timedelta | None


@frozen
class RunPlan:
    """Run number `run` of a series, or a round of a loop: no repeat policy, no onEnd; both are its series'."""

    dag: DagHash
    run: int


@frozen
class EachPlan:
    """The derived DAG of an each: a fork with `members` branches that call `body`."""

    body: DagHash
    members: int
    strategy: JoinStrategy | Unread = field(hash=False)  # the fields of an extension may be what nobody can hash
    concurrency: int | None


TraversalPlan: TypeAlias = SinglePlan | SeriesPlan | LoopPlan | RunPlan | EachPlan


def dag_named_in(plan: TraversalPlan) -> DagHash:
    """The DAG that was asked for, or whose bodies were: what somebody has stored. `derive.dag_of` is what runs."""
    match plan:
        case SinglePlan(dag=dag) | SeriesPlan(dag=dag) | RunPlan(dag=dag) | LoopPlan(body=dag) | EachPlan(body=dag):
            return dag
        case _:
            assert_never(plan)
