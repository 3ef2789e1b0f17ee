"""What is known of a body reaches the child at the same place that is given the same, and no other."""

from datetime import UTC, datetime
from typing import Any

import pytest

from waygrid_core.children.derive import dag_of
from waygrid_core.children.known_inside import bodies_begun, is_of_body, known_in_body, known_of_body
from waygrid_core.children.plan import SinglePlan, TraversalPlan
from waygrid_core.children.start import ChildStart, child_of
from waygrid_core.codec.data import read_known, write_known
from waygrid_core.compile.pipeline import compile_document
from waygrid_core.dag.dag import CompiledDag, Dag
from waygrid_core.dag.node import TaskNode
from waygrid_core.message.from_effect import Sender, from_effect
from waygrid_core.message.messages import TraversalRequested
from waygrid_core.model.identifiers import InputDigest, NodeDigest, TraversalId
from waygrid_core.traversal.effects import DispatchNode
from waygrid_core.traversal.machine import transition
from waygrid_core.traversal.signals import Begin, Known
from waygrid_core.traversal.state import TraversalState, new_traversal

OLD, NEW = TraversalId("01KDVDNA0000000000000000AA"), TraversalId("01KDVDNA0000000000000000BB")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
DONE: Known = {(NodeDigest("a" * 64), InputDigest("b" * 64)): {"n": 1}, (NodeDigest("c" * 64), None): None}
PACK: dict[str, Any] = {"type": "standard", "id": "pack", "address": "waygrid://processor/pack"}
CALL: dict[str, Any] = {"type": "call", "id": "one", "body": PACK}
EACH: dict[str, Any] = {
    "type": "each",
    "id": "all",
    "over": {"$from": "/payload/items"},
    "input": {"from": {"$from": "/payload/from"}},
    "strategy": {"type": "Quorum", "n": {"$from": "/payload/n"}},
    "body": PACK,
}
LOOP: dict[str, Any] = {"type": "loop", "id": "poll", "until": {"type": "Always"}, "atMost": 3, "body": PACK}
PAYLOAD = {"items": ["x", "y", "x"], "from": "here", "n": 2}


def compiled(node: dict[str, Any]) -> CompiledDag:
    return compile_document({"entryPoints": [node]}).unwrap()


def begun(dag: Dag, traversal: TraversalId, payload: Any, known: Known | None = None) -> tuple[TraversalState, Any]:
    made = transition(dag, new_traversal(traversal), Begin(traversal, payload, known=known or {}), NOON).unwrap()
    dispatches = [effect for effect in made.effects if isinstance(effect, DispatchNode)]
    return made.state, dispatches


def start_of(dag: Dag, traversal: TraversalId, dispatch: DispatchNode) -> ChildStart:
    node = dag.nodes[dispatch.node]
    assert isinstance(node, TaskNode)
    start = child_of(node, traversal, dispatch)
    assert start is not None
    return start


def known_after(dag: CompiledDag, payload: Any, done: Known = DONE) -> Known:
    """What a new traversal is to know of the bodies that an old one began, in each of which `done` was done."""
    plan = SinglePlan(dag.dag.hash)
    state, dispatches = begun(dag.dag, OLD, payload)
    starts = {start.traversal: start for start in (start_of(dag.dag, OLD, each) for each in dispatches)}
    known: dict[Any, Any] = {}
    for body in bodies_begun(dag.dag, plan, state):
        start = starts[body.child]
        known |= known_of_body(body, start.plan, start.payload, done)
    return known


def handed_on(dag: CompiledDag, payload: Any, known: Known) -> list[Known]:
    """What the children of a new traversal of `dag` are told that they know."""
    state, dispatches = begun(dag.dag, NEW, payload, known)
    return [known_in_body(dag.dag, SinglePlan(dag.dag.hash), state.known, each) for each in dispatches]


@pytest.mark.parametrize("node", [CALL, EACH], ids=["call", "each"])
def test_a_child_knows_what_the_child_at_its_place_has_done(node: dict[str, Any]) -> None:
    dag = compiled(node)
    known = known_after(dag, PAYLOAD)
    assert [is_of_body(key) for key in known] == [True]
    assert handed_on(dag, PAYLOAD, known) == [DONE]
    assert handed_on(dag, PAYLOAD, read_known(write_known(known))) == [DONE]


@pytest.mark.parametrize("node", [CALL, EACH], ids=["call", "each"])
def test_a_child_that_is_given_something_else_knows_nothing(node: dict[str, Any]) -> None:
    dag = compiled(node)
    known = known_after(dag, PAYLOAD)
    assert handed_on(dag, {**PAYLOAD, "items": ["x", "z", "x"]}, known) == [{}]


def test_a_call_of_the_same_body_at_another_place_knows_nothing() -> None:
    known = known_after(compiled(CALL), PAYLOAD)
    assert handed_on(compiled({**CALL, "id": "two"}), PAYLOAD, known) == [{}]


def test_a_corrected_body_at_the_same_place_is_told_what_is_known() -> None:
    known = known_after(compiled(CALL), PAYLOAD)
    corrected = compiled({**CALL, "body": {**PACK, "address": "waygrid://processor/pack-well"}})
    assert handed_on(corrected, PAYLOAD, known) == [DONE]


def test_a_loop_is_told_nothing() -> None:
    dag = compiled(LOOP)
    state, _ = begun(dag.dag, OLD, PAYLOAD)
    assert not list(bodies_begun(dag.dag, SinglePlan(dag.dag.hash), state))
    assert handed_on(dag, PAYLOAD, known_after(compiled({**CALL, "id": "poll"}), PAYLOAD)) == [{}]


def test_members_of_an_each_are_told_apart_by_their_place_in_the_list() -> None:
    outer = compiled(EACH)
    _, (dispatch,) = begun(outer.dag, OLD, PAYLOAD)
    start = start_of(outer.dag, OLD, dispatch)
    plan: TraversalPlan = start.plan
    members = CompiledDag(dag=dag_of(plan, outer.__getitem__))
    state, dispatches = begun(members.dag, OLD, start.payload)
    first, second, third = sorted(bodies_begun(members.dag, plan, state), key=lambda body: body.place)
    by_child = {start_of(members.dag, OLD, each).traversal: each for each in dispatches}
    second_start = start_of(members.dag, OLD, by_child[second.child])
    known = known_of_body(second, second_start.plan, second_start.payload, DONE)
    again, redispatched = begun(members.dag, NEW, start.payload, known)
    told = {each.node: known_in_body(members.dag, plan, again.known, each) for each in redispatched}
    assert (first.place, second.place, third.place) == ("0", "1", "2")
    assert [told[body.node.id] for body in (first, second, third)] == [{}, DONE, {}]


def test_nothing_done_is_nothing_known() -> None:
    dag = compiled(CALL)
    assert known_after(dag, PAYLOAD, {}) == {}
    assert handed_on(dag, PAYLOAD, {}) == [{}]
    broken: Known = dict.fromkeys(known_after(dag, PAYLOAD), "no document")
    assert handed_on(dag, PAYLOAD, broken) == [{}]


def test_the_request_for_a_child_bears_what_it_need_not_do_again() -> None:
    dag = compiled(CALL)
    state, (dispatch,) = begun(dag.dag, NEW, PAYLOAD, known_after(dag, PAYLOAD))
    sender = Sender(state=state, root=NEW, plan=SinglePlan(dag.dag.hash), dag=dag.dag)
    ((_, message),) = from_effect(dispatch, sender)
    assert isinstance(message, TraversalRequested)
    assert message.known == DONE
