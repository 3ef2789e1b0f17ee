"""From the dispatch of a call, each or loop to its child, and from the child's end back to its parent."""

from datetime import timedelta

import pytest

from waygrid_core.children.answer import answer_of, ending_of
from waygrid_core.children.derive import dag_of, each_dag, plan_for, run_dag
from waygrid_core.children.ending import EndedByCancel, EndedByTimeout, EndedInFailure, EndedInSuccess
from waygrid_core.children.identity import dispatched_child_id, follow_up_id, run_id
from waygrid_core.children.plan import EachPlan, LoopPlan, RunPlan, SeriesPlan, SinglePlan
from waygrid_core.children.start import ChildStart, child_of
from waygrid_core.compile.pipeline import compile_document
from waygrid_core.condition.evaluate import NEVER
from waygrid_core.condition.expression import JsonEquals
from waygrid_core.dag.dag import CompiledDag, Dag
from waygrid_core.dag.node import ForkNode, JoinNode, TaskNode
from waygrid_core.model.identifiers import DagHash, NodeId, TraversalId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.policy.join import And, Or, Quorum
from waygrid_core.policy.repeat import NoRepeat
from waygrid_core.template.evaluate import Sight, evaluate, see_nothing
from waygrid_core.template.template import Constant, Template
from waygrid_core.traversal.effects import DispatchNode
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.signals import NodeFailure, NodeSuccess
from waygrid_core.traversal.state import new_traversal

PARENT = TraversalId("01KE0000000000000000000000")
NODE = NodeId("00000000000000aa")
BODY = DagHash("b" * 64)
WORK: dict[str, JsonValue] = {"type": "standard", "id": "x", "address": "waygrid://processor/x"}


def compiled(spec: JsonValue) -> CompiledDag:
    return compile_document(spec).unwrap()


def only_task(node: dict[str, JsonValue]) -> TaskNode:
    dag = compiled({"entryPoints": [node]}).dag
    task = dag.nodes[dag.entry_points[0]]
    assert isinstance(task, TaskNode)
    return task


def start(node: TaskNode, given: JsonValue, parameters: dict[str, JsonValue], attempt: int = 1) -> ChildStart:
    child = child_of(node, PARENT, DispatchNode(node.id, attempt, given, parameters))
    assert child is not None
    return child


def members_of(dag: Dag) -> list[tuple[str, TaskNode]]:
    fork = dag.nodes[dag.entry_points[0]]
    assert isinstance(fork, ForkNode)
    members = []
    for name, node in fork.branches:
        task = dag.nodes[node]
        assert isinstance(task, TaskNode)
        members.append((name, task))
    return members


def test_a_call_runs_its_body_with_its_input() -> None:
    call = only_task({"type": "call", "id": "c", "body": WORK})
    child = start(call, {"a": 1}, {})
    assert child.payload == {"a": 1}
    assert isinstance(child.plan, SinglePlan)
    assert child.traversal == dispatched_child_id(PARENT, call.id, 1)


def test_an_each_runs_the_list_as_it_was_dispatched() -> None:
    each = only_task({"type": "each", "id": "e", "over": {"$from": "/payload"}, "body": WORK, "concurrency": 2})
    child = start(each, None, {"over": ["a", "b", "c"]})
    assert isinstance(child.plan, EachPlan)
    assert (child.plan.members, child.plan.strategy, child.plan.concurrency) == (3, And(), 2)
    assert child.payload == {"items": ["a", "b", "c"]}


@pytest.mark.parametrize("given", [None, {"rate": 2}])
def test_members_of_an_each_get_an_input_only_if_the_each_has_a_template_for_it_be_it_null(given: JsonValue) -> None:
    given_by: JsonValue = {"$from": "/payload/x"}
    each = only_task({"type": "each", "id": "e", "over": {"$from": "/payload"}, "input": given_by, "body": WORK})
    assert start(each, given, {"over": []}).payload == {"items": [], "input": given}


def test_a_quorum_from_data_is_the_one_that_was_dispatched() -> None:
    strategy: JsonValue = {"type": "Quorum", "n": {"$from": "/payload/n"}}
    each = only_task({"type": "each", "id": "e", "over": {"$from": "/payload/l"}, "strategy": strategy, "body": WORK})
    plan = start(each, None, {"over": [1, 2], "n": 2}).plan
    assert isinstance(plan, EachPlan)
    assert plan.strategy == Quorum(2)


def test_a_loop_takes_its_condition_as_it_was_dispatched() -> None:
    until: JsonValue = {"type": "JsonEquals", "pointer": "/n", "value": {"$from": "/payload/goal"}}
    loop = only_task({"type": "loop", "id": "l", "until": until, "atMost": 3, "every": "10s", "body": WORK})
    child = start(loop, {"n": 0}, {"until": {"type": "JsonEquals", "pointer": "/n", "value": 7}})
    assert isinstance(child.plan, LoopPlan)
    assert child.plan.until == JsonEquals(("n",), Constant(7))
    assert (child.plan.at_most, child.plan.every, child.payload) == (3, timedelta(seconds=10), {"n": 0})


def test_a_condition_with_data_in_it_that_no_document_could_hold_never_holds() -> None:
    deep: JsonValue = 0
    for _ in range(300):
        deep = [deep]
    loop = only_task({"type": "loop", "id": "l", "until": {"type": "Always"}, "atMost": 3, "body": WORK})
    plan = start(loop, {}, {"until": {"type": "JsonEquals", "pointer": "/n", "value": deep}}).plan
    assert isinstance(plan, LoopPlan)
    assert plan.until == NEVER


@pytest.mark.parametrize("node", [WORK, {"type": "await", "id": "w", "event": "paid"}])
def test_a_service_and_the_inbox_have_no_child(node: dict[str, JsonValue]) -> None:
    task = only_task(node)
    assert child_of(task, PARENT, DispatchNode(task.id, 1, {}, {"event": "paid"})) is None


def test_ids_of_children_runs_and_follow_ups_follow_from_their_reason_and_differ() -> None:
    ids = [
        dispatched_child_id(PARENT, NODE, 1),
        dispatched_child_id(PARENT, NODE, 2),
        dispatched_child_id(PARENT, NodeId("00000000000000ab"), 1),
        run_id(PARENT, 1),
        run_id(PARENT, 2),
        follow_up_id(PARENT),
    ]
    assert len(set(ids)) == len(ids)
    assert ids[0] == dispatched_child_id(PARENT, NODE, 1)
    assert all(child[:10] == PARENT[:10] for child in ids)


@pytest.mark.parametrize("members", [1, 2, 10, 11, 100, 101, 1000])
def test_the_branches_of_an_each_are_in_the_order_of_the_list(members: int) -> None:
    names = [name for name, _ in members_of(each_dag(EachPlan(BODY, members, And(), None)))]
    assert names == sorted(names)
    assert [int(name) for name in names] == list(range(members))


def test_the_dag_of_an_each_may_have_no_branch_at_all() -> None:
    dag = each_dag(EachPlan(BODY, 0, Or(), None))
    assert members_of(dag) == []
    assert [type(node) for node in dag.nodes.values()] == [ForkNode, JoinNode]


def test_the_dag_of_an_each_follows_from_its_plan_alone() -> None:
    plans = [
        EachPlan(BODY, 3, And(), None),
        EachPlan(BODY, 3, And(), 2),
        EachPlan(BODY, 4, And(), None),
        EachPlan(BODY, 3, Or(), None),
        EachPlan(BODY, 3, Quorum(2), None),
        EachPlan(BODY, 3, Quorum(3), None),
        EachPlan(DagHash("c" * 64), 3, And(), None),
    ]
    assert len({each_dag(plan).hash for plan in plans}) == len(plans)
    assert each_dag(plans[0]).nodes == each_dag(plans[0]).nodes


def test_what_one_member_of_an_each_has_done_another_may_take_over() -> None:
    dag = each_dag(EachPlan(BODY, 3, And(), None))
    assert len({dag.digests[task.id] for _, task in members_of(dag)}) == 1


def test_a_run_is_the_same_graph_without_what_is_its_series_business() -> None:
    spec: JsonValue = {
        "entryPoints": [WORK],
        "timeout": "5s",
        "repeatPolicy": {"type": "Times", "every": "1h", "times": 3},
        "onEnd": {"type": "standard", "address": "waygrid://processor/z"},
    }
    dag = compiled(spec).dag
    run = run_dag(dag)
    assert (run.nodes, run.timeout, run.entry_points) == (dag.nodes, dag.timeout, dag.entry_points)
    assert (run.repeat_policy, run.on_end) == (NoRepeat(), None)
    assert run.hash != dag.hash


def test_a_run_of_a_dag_that_neither_repeats_nor_has_an_on_end_is_that_dag() -> None:
    dag = compiled({"entryPoints": [WORK]}).dag
    assert run_dag(dag) is dag


def test_a_spec_with_a_repeat_policy_is_planned_as_a_series() -> None:
    once = compiled({"entryPoints": [WORK]})
    again = compiled({"entryPoints": [WORK], "repeatPolicy": {"type": "Indefinitely", "every": "1h"}})
    assert plan_for(once.dag) == SinglePlan(once.dag.hash)
    assert plan_for(again.dag) == SeriesPlan(again.dag.hash)


def test_the_dag_of_a_plan_can_be_had_again() -> None:
    whole = compiled({"entryPoints": [WORK], "repeatPolicy": {"type": "Indefinitely", "every": "1h"}})
    dag_hash = whole.dag.hash
    assert dag_of(SeriesPlan(dag_hash), whole.__getitem__) is whole.dag
    assert dag_of(SinglePlan(dag_hash), whole.__getitem__) is whole.dag
    assert dag_of(LoopPlan(dag_hash, NEVER, 3, None), whole.__getitem__) is whole.dag
    assert dag_of(RunPlan(dag_hash, 2), whole.__getitem__).hash == run_dag(whole.dag).hash
    each = EachPlan(dag_hash, 2, And(), None)
    assert dag_of(each, whole.__getitem__).hash == each_dag(each).hash


def test_a_child_that_succeeded_answers_with_its_output() -> None:
    answer = answer_of(SinglePlan(BODY), PARENT, NODE, 2, EndedInSuccess({"a": 1}))
    assert answer == NodeSuccess(PARENT, NODE, 2, {"a": 1})


def test_a_child_that_failed_answers_with_its_code_and_message() -> None:
    error = ErrorDetail("card-declined", "no money")
    assert answer_of(SinglePlan(BODY), PARENT, NODE, 1, EndedInFailure(error)) == NodeFailure(PARENT, NODE, 1, error)


def test_a_child_that_timed_out_is_a_plain_failure_of_its_parent_with_code_timeout() -> None:
    error = ErrorDetail("timeout", "too slow")
    assert answer_of(SinglePlan(BODY), PARENT, NODE, 1, EndedByTimeout(error)) == NodeFailure(PARENT, NODE, 1, error)


@pytest.mark.parametrize(("reason", "message"), [(None, ""), ("no longer wanted", "no longer wanted")])
def test_a_child_that_was_canceled_fails_its_parent_with_code_canceled(reason: str | None, message: str) -> None:
    answer = answer_of(SinglePlan(BODY), PARENT, NODE, 1, EndedByCancel(reason))
    assert answer == NodeFailure(PARENT, NODE, 1, ErrorDetail("canceled", message))


def test_an_each_answers_with_outputs_in_list_order_and_null_where_a_member_did_not_succeed() -> None:
    plan = EachPlan(BODY, 12, Quorum(2), None)
    answer = answer_of(plan, PARENT, NODE, 1, EndedInSuccess({"10": "k", "01": None, "00": {"a": 1}}))
    assert answer == NodeSuccess(PARENT, NODE, 1, [{"a": 1}, *[None] * 9, "k", None])


def test_an_each_of_nothing_answers_with_an_empty_list() -> None:
    answer = answer_of(EachPlan(BODY, 0, And(), None), PARENT, NODE, 1, EndedInSuccess({}))
    assert answer == NodeSuccess(PARENT, NODE, 1, [])


def test_what_has_not_ended_has_no_end() -> None:
    assert ending_of(new_traversal(PARENT)) is None


def test_a_member_is_given_its_item_its_index_and_the_input_there_is() -> None:
    def payload_of(index: int, payload: JsonValue) -> JsonValue:
        template: Template | None = members_of(each_dag(EachPlan(BODY, 3, And(), None)))[index][1].input
        assert template is not None
        return evaluate(template, Sight(payload, None, PARENT, 1, see_nothing))

    assert payload_of(1, {"items": ["a", None, "c"]}) == {"item": None, "index": 1}
    assert payload_of(2, {"items": ["a", None, "c"], "input": None}) == {"item": "c", "index": 2, "input": None}
