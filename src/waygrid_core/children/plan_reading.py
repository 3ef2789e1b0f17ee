"""Plans that name extensions, before and after they travel.

Who sends or stores a plan may not have the extensions that are in it, and who reads it may not need them. So there they
are documents (`Unread`), and whoever runs the plan reads them with the extensions that it was given.
"""

from collections.abc import Iterable
from typing import Final

from attrs import evolve

from waygrid_core.children.plan import EachPlan, LoopPlan, TraversalPlan, Unread
from waygrid_core.condition.rules import rules_in
from waygrid_core.dag.dag import Dag
from waygrid_core.dag.extensions import extensions_of
from waygrid_core.extension.extension import JoinRule
from waygrid_core.extension.registry import Extensions
from waygrid_core.outcome import Failure, Outcome, Success
from waygrid_core.spec.conditions import read_condition, write_condition
from waygrid_core.spec.extended import write_versioned
from waygrid_core.spec.place import ROOT, Place
from waygrid_core.spec.policies import EACH_JOIN_SHAPES, read_join_strategy, write_join_strategy
from waygrid_core.spec.problem import ProblemSink, SpecErrors

_UNTIL: Final[Place] = (ROOT, "until")
_STRATEGY: Final[Place] = (ROOT, "strategy")


def unread_plan(plan: TraversalPlan) -> TraversalPlan:
    """The plan as it travels: the same, if there are no extensions in it."""
    match plan:
        case LoopPlan(until=until) if not isinstance(until, Unread) and next(rules_in(until), None) is not None:
            return evolve(plan, until=Unread(write_condition(until, write_versioned)))
        case EachPlan(strategy=JoinRule() as rule):
            return evolve(plan, strategy=Unread(write_join_strategy(rule, write_versioned)))
        case _:
            return plan


def is_unread(plan: TraversalPlan) -> bool:
    """Whether it still has to be read before it can run."""
    match plan:
        case LoopPlan(until=Unread()) | EachPlan(strategy=Unread()):
            return True
        case _:
            return False


def read_among(plan: TraversalPlan, dags: Iterable[Dag]) -> TraversalPlan | None:
    """The plan as it runs, read with the extensions of DAGs one of which it comes from; None if it is from none."""
    if not is_unread(plan):
        return plan
    read = read_plan(plan, extensions_of(dags))
    return None if isinstance(read, Failure) else read.unwrap()


def read_plan(plan: TraversalPlan, extensions: Extensions) -> Outcome[TraversalPlan, SpecErrors]:
    """The plan as it runs, or why it cannot run here: an extension is missing, or is of another version."""
    problems = ProblemSink()
    match plan:
        case LoopPlan(until=Unread(document=document)):
            plan = evolve(plan, until=read_condition(document, _UNTIL, problems, extensions=extensions))
        case EachPlan(strategy=Unread(document=document)):
            strategy = read_join_strategy(document, _STRATEGY, problems, EACH_JOIN_SHAPES, extensions)
            plan = evolve(plan, strategy=strategy)
        case _:
            pass
    return Failure(problems.problems) if problems else Success(plan)
