"""Whatever a document says, it gives a DAG or errors; and a DAG can be written, read back and drawn."""

import copy
from typing import Any
from xml.etree import ElementTree

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.compile.documents import chain, fork, join, ref, spec, work
from tests.unit.spec.documents import SPECS, mutated
from waygrid_core.compile.pipeline import compile_document, compile_text
from waygrid_core.dag.drawing import draw_dot, draw_mermaid, draw_text
from waygrid_core.dag.flat import dag_from_json, dag_to_json
from waygrid_core.dag.svg import draw_svg
from waygrid_core.outcome import Failure
from waygrid_core.spec.problem import PROBLEM_CODES
from waygrid_core.testing.documents import documents

SOME = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def check(document: Any) -> None:
    outcome = compile_document(document)
    if isinstance(outcome, Failure):
        problems = outcome.failure()
        assert problems
        assert list(problems) == sorted(problems)
        assert len(problems) == len(set(problems))
        assert {problem.code for problem in problems} <= PROBLEM_CODES
        return
    compiled = outcome.unwrap()
    written = dag_to_json(compiled)
    assert dag_to_json(dag_from_json(written).unwrap()) == written
    ElementTree.fromstring(draw_svg(compiled))
    assert draw_text(compiled)
    assert draw_dot(compiled)
    assert draw_mermaid(compiled)


@SOME
@given(SPECS | mutated())
def test_a_document_that_is_right_in_every_field_gives_a_dag_or_errors(document: Any) -> None:
    check(document)


@SOME
@given(documents())
def test_a_valid_document_gives_a_dag(document: Any) -> None:
    assert not isinstance(compile_document(document), Failure)
    check(document)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every member of every object and array in a document, with what holds it."""
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        holder = waiting.pop()
        members = holder.items() if isinstance(holder, dict) else enumerate(holder) if isinstance(holder, list) else ()
        for key, member in members:
            found.append((holder, key))
            waiting.append(member)
    return found


@SOME
@given(documents(), st.data())
def test_a_valid_document_with_two_parts_exchanged_gives_a_dag_or_errors(document: Any, data: st.DataObject) -> None:
    """Nodes where other nodes belong, joins of other forks, references to wherever."""
    document = copy.deepcopy(document)
    places = [place for place in _places(document) if isinstance(place[0][place[1]], dict | str)]
    (to, at), (other, key) = data.draw(st.sampled_from(places)), data.draw(st.sampled_from(places))
    to[at] = copy.deepcopy(other[key])
    check(document)


@SOME
@given(documents(), st.randoms(use_true_random=False))
def test_the_order_of_keys_and_branches_changes_nothing(document: Any, random: Any) -> None:
    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            keys = list(value)
            random.shuffle(keys)
            return {key: shuffled(value[key]) for key in keys}
        return [shuffled(item) for item in value] if isinstance(value, list) else value

    one, other = compile_document(document).unwrap(), compile_document(shuffled(document)).unwrap()
    assert one.dag.hash == other.dag.hash
    assert one.dag.digests == other.dag.digests
    assert dag_to_json(one) == dag_to_json(other)


def test_the_text_of_a_document_gives_its_faults_and_those_of_its_graph() -> None:
    text = '{"entryPoints": [{"type": "pass", "type": "pass", "onSuccess": {"ref": "x"}}]}'
    outcome = compile_text(text)
    assert isinstance(outcome, Failure)
    assert sorted(problem.code for problem in outcome.failure()) == ["conflicting-fields", "unknown-ref"]


def test_yaml_and_json_give_one_dag() -> None:
    yaml, json = compile_text("entryPoints:\n- type: pass\n"), compile_text('{"entryPoints": [{"type": "pass"}]}')
    assert yaml.unwrap().dag == json.unwrap().dag


def test_a_chain_of_ten_thousand_nodes_compiles() -> None:
    nodes = 10_000
    head = work()
    for _ in range(nodes - 1):
        head = {**work(), "onSuccess": head}
    compiled = compile_document(spec(head)).unwrap()
    assert len(compiled.dag.nodes) == nodes
    assert dag_from_json(dag_to_json(compiled)).unwrap().dag == compiled.dag
    assert draw_text(compiled).count("\n") == nodes + 1


def test_a_chain_of_forks_with_copies_of_their_joins_compiles() -> None:
    """A join copied to the end of each branch would double the document at each fork; inline it does not."""
    head = work()
    for level in range(2_000):
        head = fork(f"j{level}", {"a": work(), "b": work()}, join=join(f"j{level}", onSuccess=head))
    compiled = compile_document(spec(head)).unwrap()
    assert len(compiled.dag.nodes) == 2_000 * 4 + 1
    assert compiled.dag.fork_depth == 1


def test_a_fork_of_a_thousand_branches_compiles() -> None:
    branches = {f"b{index}": chain(work(), work()) for index in range(1_000)}
    compiled = compile_document(spec(fork("j", branches, join=join("j")))).unwrap()
    assert len(compiled.dag.scopes) == 1_000


def test_a_thousand_paths_may_meet_at_one_node() -> None:
    head = work(id="last")
    for _ in range(1_000):
        head = {**work(onFailure=ref("last")), "onSuccess": head}
    assert len(compile_document(spec(head)).unwrap().dag.nodes) == 1_001
