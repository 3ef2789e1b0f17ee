"""A traversal's nodes and waits, as people see them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from waygrid_core.children.derive import each_dag
from waygrid_core.children.identity import dispatched_child_id
from waygrid_core.children.plan import EachPlan, SinglePlan
from waygrid_core.compile.pipeline import compile_document
from waygrid_core.dag.dag import CompiledDag
from waygrid_core.history.picture import pictures
from waygrid_core.history.standing import Standing, in_reading_order
from waygrid_core.history.waiting import Wait, waits
from waygrid_core.message.parent import NodeParent
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.policy.join import And
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.machine import transition
from waygrid_core.traversal.signals import Begin, NodeFailure, NodeSuccess, Signal
from waygrid_core.traversal.state import TraversalState, new_traversal

ID = TraversalId("01KDVDNA0000000000000000AA")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def compiled(document: dict[str, Any]) -> CompiledDag:
    return compile_document(document).unwrap()


def after(dag: CompiledDag, *signals: Signal) -> TraversalState:
    state = new_traversal(ID)
    for signal in signals:
        state = transition(dag.dag, state, signal, NOON).unwrap().state
    return state


def standing(dag: CompiledDag) -> Standing:
    return Standing(ID, ID, SinglePlan(dag.dag.hash), dag, dag.annotations)


def test_nodes_stand_in_the_order_in_which_somebody_reads_them() -> None:
    dag = compiled(
        {
            "entryPoints": [
                {
                    "type": "pass",
                    "id": "first",
                    "onSuccess": {
                        "type": "fork",
                        "joinNodeId": "j",
                        "branches": {
                            "a": {"type": "pass", "id": "zebra"},
                            "b": {"type": "pass", "id": "ant"},
                        },
                        "join": {
                            "type": "join",
                            "joinNodeId": "j",
                            "strategy": {"type": "And"},
                            "onSuccess": {"type": "pass", "id": "last"},
                        },
                    },
                },
                {"type": "pass", "id": "other"},
            ]
        }
    )
    shown = [each.name for each in pictures(standing(dag), new_traversal(ID))]
    assert shown == ["first", "zebra", "ant", "j", "last", "other"]
    assert len(in_reading_order(dag.dag)) == len(dag.dag.nodes)


def test_a_node_between_retries_shows_its_error_and_when_it_is_tried_again() -> None:
    dag = compiled(
        {
            "entryPoints": [
                {
                    "type": "standard",
                    "address": "waygrid://processor/charge",
                    "label": "the charge",
                    "input": {"amount": {"$from": "/payload/amount"}},
                    "retryPolicy": {"type": "Linear", "base": "4s", "maxRetries": 1},
                }
            ]
        }
    )
    node = dag.dag.entry_points[0]
    state = after(dag, Begin(ID, {"amount": 3}), NodeFailure(ID, node, 1, ErrorDetail("declined")))
    (shown,) = pictures(standing(dag), state)
    assert (shown.name, shown.kind, shown.status, shown.attempt) == ("the charge", "standard", "waiting", 1)
    assert (shown.input, shown.error) == ({"amount": 3}, ErrorDetail("declined"))
    assert shown.due == NOON + timedelta(seconds=4)
    assert waits(standing(dag), state) == (
        Wait(kind="timer", node=node, name="the charge", attempt=1, due=NOON + timedelta(seconds=4), why="retry"),
    )
    answered = after(dag, Begin(ID, {"amount": 3}), NodeSuccess(ID, node, 1, {"paid": True}))
    (shown,) = pictures(standing(dag), answered)
    assert (shown.status, shown.input, shown.output) == ("succeeded", {"amount": 3}, {"paid": True})


def test_the_members_of_an_each_are_called_by_their_place_in_the_list() -> None:
    dag = compiled(
        {
            "entryPoints": [
                {
                    "type": "each",
                    "id": "lines",
                    "over": {"$from": "/payload"},
                    "body": {"type": "standard", "label": "pack it", "address": "waygrid://processor/pack"},
                }
            ]
        }
    )
    node = dag.dag.entry_points[0]
    (body,) = dag.bodies
    plan = EachPlan(body, 12, And(), None)
    child = dispatched_child_id(ID, node, 1)
    each = standing(dag).child(child, plan, NodeParent(ID, node, 1))
    shown = pictures(each, new_traversal(child))
    assert [picture.name for picture in shown][:2] == ["0", "1"]
    assert len(shown) == 12 + 1
    members = {name: node_id for node_id in each_dag(plan).nodes if (name := each.title(node_id)).endswith("]")}
    assert sorted(members)[:2] == ["lines[0]", "lines[10]"]
    grandchild = dispatched_child_id(child, members["lines[10]"], 1)
    inside = each.child(grandchild, SinglePlan(body), NodeParent(child, members["lines[10]"], 1))
    assert [inside.title(node_id) for node_id in dag.bodies[body].nodes] == ["lines[10]/pack it"]
    assert inside.subject == "the body of lines[10]"


def test_a_call_waits_for_its_child() -> None:
    dag = compiled({"entryPoints": [{"type": "call", "id": "sub", "body": {"type": "pass"}}]})
    state = after(dag, Begin(ID, {}))
    node = dag.dag.entry_points[0]
    child = dispatched_child_id(ID, node, 1)
    assert waits(standing(dag), state) == (Wait(kind="child", node=node, name="sub", attempt=1, child=child),)
    assert pictures(standing(dag), state)[0].child == child
