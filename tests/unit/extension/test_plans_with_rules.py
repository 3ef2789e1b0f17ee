"""The plan of a loop or an each whose rules are a user's travels as a document, and is read where it runs."""

from datetime import timedelta

import pytest
from review_rules import Majority, Weighted

from tests.unit.extension.rules import RULES, Even
from waygrid_core.children.derive import each_dag
from waygrid_core.children.plan import EachPlan, LoopPlan, SinglePlan, TraversalPlan, Unread
from waygrid_core.children.plan_reading import is_unread, read_among, read_plan
from waygrid_core.codec.wire import PLANS
from waygrid_core.compile.pipeline import compile_document
from waygrid_core.condition.expression import AllOf, Always, JsonExists, Not
from waygrid_core.extension.registry import NO_EXTENSIONS
from waygrid_core.model.identifiers import DagHash
from waygrid_core.model.json_value import JsonValue
from waygrid_core.outcome import Failure
from waygrid_core.policy.join import And, JoinStrategy

BODY = DagHash("b" * 64)
RULED: list[TraversalPlan] = [
    LoopPlan(BODY, Even(), 3, None),
    LoopPlan(BODY, AllOf((JsonExists(("a",)), Not(Even("m")))), 3, timedelta(seconds=5)),
    EachPlan(BODY, 3, Majority(), None),
    EachPlan(BODY, 3, Weighted(needed=2, weights={"0": 2}), 2),
]
PLAIN: list[TraversalPlan] = [
    SinglePlan(BODY),
    LoopPlan(BODY, Not(Always()), 3, None),
    EachPlan(BODY, 3, And(), None),
]


@pytest.mark.parametrize("plan", RULED)
def test_a_plan_is_after_its_journey_what_it_was_before(plan: TraversalPlan) -> None:
    arrived = PLANS.decode(PLANS.encode(plan)).unwrap()
    assert is_unread(arrived)
    assert not is_unread(plan)
    assert read_plan(arrived, RULES).unwrap() == plan
    assert PLANS.encode(arrived) == PLANS.encode(plan)


@pytest.mark.parametrize("plan", PLAIN)
def test_a_plan_without_rules_travels_as_it_is(plan: TraversalPlan) -> None:
    arrived = PLANS.decode(PLANS.encode(plan)).unwrap()
    assert arrived == plan
    assert b"Unread" not in PLANS.encode(plan)
    assert read_plan(arrived, NO_EXTENSIONS).unwrap() == plan


@pytest.mark.parametrize("plan", RULED)
def test_who_has_not_the_extensions_is_told_which(plan: TraversalPlan) -> None:
    arrived = PLANS.decode(PLANS.encode(plan)).unwrap()
    outcome = read_plan(arrived, NO_EXTENSIONS)
    assert isinstance(outcome, Failure)
    assert [problem.code for problem in outcome.failure()] == ["unknown-type"]


def test_a_document_that_is_no_plans_is_a_problem_too() -> None:
    documents: list[JsonValue] = [None, {"type": "Even", "version": 9}, [1]]
    for document in documents:
        assert isinstance(read_plan(LoopPlan(BODY, Unread(document), 3, None), RULES), Failure)


def test_the_dags_that_a_plan_is_from_are_enough_to_read_it() -> None:
    each: dict[str, JsonValue] = {
        "type": "each",
        "over": {"$from": "/payload"},
        "strategy": {"type": "Majority"},
        "body": {"type": "pass"},
    }
    compiled = compile_document({"entryPoints": [each]}, extensions=RULES).unwrap()
    arrived = PLANS.decode(PLANS.encode(RULED[2])).unwrap()
    assert read_among(arrived, [compiled.dag]) == RULED[2]
    assert read_among(arrived, compiled.bodies.values()) is None
    assert read_among(PLAIN[2], []) == PLAIN[2]


def test_the_dag_of_an_each_depends_on_its_rule() -> None:
    rules: list[JoinStrategy] = [Majority(), Weighted(needed=2), Weighted(needed=3), And()]
    assert len({each_dag(EachPlan(BODY, 3, rule, None)).hash for rule in rules}) == 4
