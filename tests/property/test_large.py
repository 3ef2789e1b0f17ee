"""Sizes at the limits: nothing recurses, nothing is forgotten, and replay stays exact. Nothing is timed."""

import random
from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

from benchmarks.shapes import chain, fork, nested_forks, text_of_a_chain
from waygrid_core.children.derive import each_dag
from waygrid_core.children.plan import EachPlan
from waygrid_core.compile.pipeline import compile_document, compile_text
from waygrid_core.dag.dag import Dag
from waygrid_core.model.identifiers import DagHash, TraversalId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.outcome import Failure
from waygrid_core.policy.join import And, Quorum
from waygrid_core.traversal.effects import CancelNode, Complete, DispatchNode, Effect
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.events import Event
from waygrid_core.traversal.fold import evolve, fold
from waygrid_core.traversal.machine import Transition, transition
from waygrid_core.traversal.obligations import obligations
from waygrid_core.traversal.signals import Begin, NodeFailure, NodeSuccess, Signal
from waygrid_core.traversal.state import TraversalState, new_traversal

TRAVERSAL = TraversalId("01KDVDNA0000000000000000AA")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def hear(dag: Dag, state: TraversalState, signal: Signal) -> Transition:
    """One accepted signal, replayed as it happens."""
    outcome = transition(dag, state, signal, NOW)
    assert not isinstance(outcome, Failure), outcome
    done = outcome.unwrap()
    assert fold(done.events, state) == done.state
    return done


def begin(dag: Dag, payload: JsonValue = None) -> Transition:
    """The begin of a traversal."""
    return hear(dag, new_traversal(TRAVERSAL), Begin(TRAVERSAL, payload))


def dispatches(effects: Iterable[Effect]) -> list[DispatchNode]:
    """The attempts among effects."""
    return [effect for effect in effects if isinstance(effect, DispatchNode)]


def success(dispatch: DispatchNode, output: JsonValue = None) -> NodeSuccess:
    """The answer to an attempt."""
    return NodeSuccess(TRAVERSAL, dispatch.node, dispatch.attempt, {} if output is None else output)


def test_replay_is_exact_at_every_prefix_of_a_long_run() -> None:
    dag = compile_document(nested_forks(3, 6)).unwrap().dag
    state, rebuilt = new_traversal(TRAVERSAL), new_traversal(TRAVERSAL)
    waiting: deque[Signal] = deque([Begin(TRAVERSAL, {})])
    journal: list[Event] = []
    while waiting:
        done = hear(dag, state, waiting.popleft())
        state = done.state
        for event in done.events:
            journal.append(event)
            rebuilt = evolve(rebuilt, event)
        assert rebuilt == state
        assert rebuilt.version == len(journal)
        waiting += [success(dispatch) for dispatch in dispatches(done.effects)]
    assert state.status == "Completed"
    for prefix in range(0, len(journal), 97):
        resumed = fold(journal[prefix:], fold(journal[:prefix], new_traversal(TRAVERSAL)))
        assert resumed == state


def test_a_chain_of_ten_thousand_tasks_runs_to_its_end() -> None:
    dag = compile_document(chain(10_000)).unwrap().dag
    assert len(dag.nodes) == 10_000
    done = begin(dag, {"n": 0})
    for step in range(10_000):
        [dispatch] = dispatches(done.effects)
        assert dispatch.input == {"n": step}
        done = hear(dag, done.state, success(dispatch, {"n": step + 1}))
    assert done.state.status == "Completed"
    assert done.state.output == {"n": 10_000}
    assert len(done.state.completed) == 10_000


def test_a_chain_of_ten_thousand_passes_is_one_transition() -> None:
    node: dict[str, JsonValue] = {"type": "pass", "output": {"last": {"$from": "/input"}}}
    for _ in range(9_999):
        node = {"type": "pass", "onSuccess": node}
    dag = compile_document({"entryPoints": [node]}).unwrap().dag
    done = begin(dag, {"n": 1})
    assert done.effects == (Complete({"last": {"n": 1}}),)
    assert len(done.state.completed) == 10_000


def test_ten_thousand_nodes_written_as_text_compile_to_ten_thousand_nodes() -> None:
    compiled = compile_text(text_of_a_chain(10_000), format="json")
    assert not isinstance(compiled, Failure), compiled
    assert len(compiled.unwrap().dag.nodes) == 10_000


@pytest.mark.parametrize("members", [1, 10_000])
def test_an_each_of_ten_thousand_members_completes_with_every_output_in_list_order(members: int) -> None:
    dag = each_dag(EachPlan(DagHash("b" * 64), members, And(), None))
    done = begin(dag, {"over": [*range(members)]})
    waiting = dispatches(done.effects)
    assert len(waiting) == members
    random.Random(7).shuffle(waiting)
    state = done.state
    for count, dispatch in enumerate(waiting, 1):
        done = hear(dag, state, success(dispatch, {"of": dispatch.branch}))
        state = done.state
        assert state.has_ended == (count == members)
    assert state.status == "Completed"
    assert isinstance(state.output, dict)
    assert len(state.output) == members
    assert all(output == {"of": branch} for branch, output in state.output.items())


def test_an_each_of_ten_thousand_members_runs_as_many_at_once_as_its_concurrency_lets() -> None:
    dag = each_dag(EachPlan(DagHash("b" * 64), 10_000, And(), 16))
    done = begin(dag, {"over": [*range(10_000)]})
    waiting = deque(dispatches(done.effects))
    branches = []
    while waiting:
        assert len(waiting) <= 16
        dispatch = waiting.popleft()
        branches.append(dispatch.branch)
        done = hear(dag, done.state, success(dispatch))
        waiting += dispatches(done.effects)
    assert done.state.status == "Completed"
    assert branches == sorted(branches, key=str)
    assert len(branches) == 10_000


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_fork_of_a_thousand_branches_hears_its_answers_in_any_order_and_twice(seed: int) -> None:
    dag = compile_document(fork(1_000)).unwrap().dag
    done = begin(dag)
    answers = [success(dispatch) for dispatch in dispatches(done.effects)] * 2
    random.Random(seed).shuffle(answers)
    state, ends, heard = done.state, 0, set()
    for answer in answers:
        done = hear(dag, state, answer)
        assert bool(done.events) == (answer.node not in heard), "an answer counts once"
        heard.add(answer.node)
        ends += sum(isinstance(effect, Complete) for effect in done.effects)
        state = done.state
    assert state.status == "Completed"
    assert ends == 1
    assert isinstance(state.output, dict)
    assert len(state.output) == 1_000


def test_a_quorum_of_a_thousand_branches_cancels_every_branch_that_it_no_longer_needs() -> None:
    document = fork(1_000)
    document["entryPoints"][0]["join"]["strategy"] = {"type": "Quorum", "n": 400}
    dag = compile_document(document).unwrap().dag
    done = begin(dag)
    waiting = dispatches(done.effects)
    random.Random(11).shuffle(waiting)
    state = done.state
    for index, dispatch in enumerate(waiting[:800]):
        fails = index % 2 == 0
        error = ErrorDetail("no-route")
        signal = NodeFailure(TRAVERSAL, dispatch.node, 1, error) if fails else success(dispatch)
        done = hear(dag, state, signal)
        state = done.state
    assert state.status == "Completed"
    canceled = {effect.node for effect in done.effects if isinstance(effect, CancelNode)}
    assert canceled == {dispatch.node for dispatch in waiting[800:]}
    assert obligations(state) == ()


def test_a_quorum_above_the_number_of_members_fails() -> None:
    dag = each_dag(EachPlan(DagHash("b" * 64), 3, Quorum(4), None))
    done = begin(dag, {"over": [1, 2, 3]})
    assert done.state.status == "Failed"
    assert done.state.error is not None
    assert done.state.error.code == "join-failed"


@pytest.mark.parametrize(
    ("opening", "closing"),
    [("[", "]"), ('{"a":', "}"), ('{"entryPoints":[{"type":"pass","onSuccess":', "}]}"), ("[", ""), ('{"a":', "")],
)
def test_a_document_nested_a_hundred_thousand_deep_gives_an_error_and_no_stack_overflow(
    opening: str, closing: str
) -> None:
    text = opening * 100_000 + "1" + closing * 100_000
    for data in (text, text.encode(), text[:1_000_000]):
        outcome = compile_text(data, format="json")
        assert isinstance(outcome, Failure)
        codes = {problem.code for problem in outcome.failure()}
        assert codes & {"too-deep", "not-json", "too-large"}, codes


def test_a_document_nested_a_hundred_thousand_deep_names_the_limit() -> None:
    outcome = compile_text("[" * 100_000 + "]" * 100_000, format="json")
    assert isinstance(outcome, Failure)
    assert {problem.code for problem in outcome.failure()} == {"too-deep"}


def test_yaml_nested_deep_names_the_limit() -> None:
    outcome = compile_text("[" * 100_000 + "]" * 100_000, format="yaml")
    assert isinstance(outcome, Failure)
    assert {problem.code for problem in outcome.failure()} == {"too-deep"}
