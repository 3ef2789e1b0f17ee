"""Rules of a user's in what a Spec compiles to: hashes, flat JSON, checks, drawings, schema, Specs made in Python."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from attrs import frozen
from review_rules import Majority, PerCode, Weighted

from tests.unit.extension.rules import EVERYTHING, RULES, Even, Odd
from waygrid_core.compile.pipeline import compile_document, compile_spec
from waygrid_core.dag.dag import CompiledDag
from waygrid_core.dag.drawing import draw_text
from waygrid_core.dag.extensions import extensions_in, extensions_of
from waygrid_core.dag.flat import dag_from_json, dag_to_json, has_extensions
from waygrid_core.extension.registry import Extensions
from waygrid_core.model.json_value import JsonValue
from waygrid_core.outcome import Failure
from waygrid_core.spec.authoring import Node, all_of, from_, not_
from waygrid_core.spec.check import check_spec
from waygrid_core.spec.node import Spec
from waygrid_core.spec.problem import SpecErrors
from waygrid_core.spec.schema import json_schema
from waygrid_core.spec.write import write_spec

BRANCHES: dict[str, Any] = {
    name: {"type": "standard", "id": name, "address": "waygrid://processor/x"} for name in ("a", "b", "c")
}


def fork(strategy: Mapping[str, Any]) -> dict[str, Any]:
    join = {"type": "join", "joinNodeId": "j", "strategy": strategy}
    return {"entryPoints": [{"type": "fork", "joinNodeId": "j", "branches": BRANCHES, "join": join}]}


def ask(**more: Any) -> dict[str, Any]:
    return {"entryPoints": [{"type": "standard", "id": "ask", "address": "waygrid://processor/ask", **more}]}


def when(condition: Mapping[str, Any]) -> dict[str, Any]:
    return ask(
        onConditions=[{"condition": condition, "to": {"type": "pass", "id": "there"}}], onSuccess={"type": "pass"}
    )


EACH: dict[str, Any] = {
    "entryPoints": [
        {
            "type": "each",
            "over": {"$from": "/payload"},
            "strategy": {"type": "Majority"},
            "body": {
                "type": "loop",
                "until": {"type": "Not", "cond": {"type": "Even"}},
                "atMost": 3,
                "body": {"type": "pass"},
            },
        }
    ]
}
SPECS: dict[str, dict[str, Any]] = {
    "condition": when({"type": "And", "all": [{"type": "Even", "key": "m"}, EVERYTHING]}),
    "join": fork({"type": "Weighted", "weights": {"a": 2}, "needed": 3}),
    "retry": ask(retryPolicy={"type": "PerCode", "otherwise": "1s", "delays": {"busy": "1.5m"}}),
    "each and loop": EACH,
}
each_spec = pytest.mark.parametrize("document", SPECS.values(), ids=SPECS.keys())


def compiled(document: JsonValue, extensions: Extensions = RULES) -> CompiledDag:
    outcome = compile_document(document, extensions=extensions)
    assert not isinstance(outcome, Failure), outcome.failure()
    return outcome.unwrap()


def problems_of(document: JsonValue, extensions: Extensions = RULES) -> SpecErrors:
    outcome = compile_document(document, extensions=extensions)
    assert isinstance(outcome, Failure)
    return outcome.failure()


@each_spec
def test_a_spec_is_written_as_it_was_read(document: dict[str, Any]) -> None:
    checked = check_spec(document, extensions=RULES)
    assert checked.spec is not None
    assert checked.problems == ()
    assert check_spec(write_spec(checked.spec), extensions=RULES).spec == checked.spec


@each_spec
def test_a_dag_is_written_as_flat_json_and_read_as_the_same(document: dict[str, Any]) -> None:
    dag = compiled(document)
    flat: Any = json.loads(json.dumps(dag_to_json(dag)))
    assert has_extensions(flat)
    read = dag_from_json(flat, extensions=RULES).unwrap()
    assert read.dag.hash == dag.dag.hash
    assert dag_to_json(read) == flat


@each_spec
def test_the_extensions_of_a_dag_are_enough_to_read_it(document: dict[str, Any]) -> None:
    dag = compiled(document)
    own = extensions_of((dag.dag, *dag.bodies.values()))
    assert own.classes
    assert dag_from_json(dag_to_json(dag), extensions=own).unwrap().dag.hash == dag.dag.hash


@each_spec
def test_without_its_extensions_neither_a_spec_nor_a_dag_is_read(document: dict[str, Any]) -> None:
    assert {problem.code for problem in problems_of(document, Extensions())} == {"unknown-type"}
    outcome = dag_from_json(dag_to_json(compiled(document)))
    assert isinstance(outcome, Failure)
    assert {problem.code for problem in outcome.failure()} == {"unknown-type"}
    assert all("`extensions`" in problem.message for problem in outcome.failure())


@frozen
class Even2(Even):
    """The same, of another version."""

    name = "Even"
    version = 2


def test_a_flat_dag_of_another_version_says_both_and_where() -> None:
    flat = dag_to_json(compiled(when({"type": "Even"})))
    outcome = dag_from_json(flat, extensions=Extensions.of(Even2))
    assert isinstance(outcome, Failure)
    (problem,) = outcome.failure()
    assert (problem.pointer, problem.code) == ("/edges/0/condition/version", "conflicting-fields")
    assert "version 1" in problem.message
    assert "version 2" in problem.message


def test_every_field_and_the_version_enter_the_hash() -> None:
    hashes = {
        compiled(when({"type": "Even"})).dag.hash,
        compiled(when({"type": "Even", "key": "m"})).dag.hash,
        compiled(when({"type": "Even"}), Extensions.of(Even2)).dag.hash,
        compiled(when({"type": "JsonExists", "pointer": "/n"})).dag.hash,
    }
    assert len(hashes) == 4


def test_a_default_that_is_written_and_another_way_to_write_a_duration_change_no_hash() -> None:
    assert (
        compiled(when({"type": "Even", "key": "n"})).dag.hash == compiled(when({"type": "Even", "version": 1})).dag.hash
    )
    policies = [{"type": "PerCode", "otherwise": text} for text in ("90s", "1.5m")]
    assert len({compiled(ask(retryPolicy=policy)).dag.hash for policy in policies}) == 1


def test_a_strategy_that_does_not_suit_its_fork_says_so_where_it_stands() -> None:
    document = fork({"type": "Weighted", "weights": {"z": 2}, "needed": 3})
    (problem,) = problems_of(document)
    assert (problem.pointer, problem.code) == ("/entryPoints/0/join/strategy", "out-of-range")
    assert "no branch 'z'; it has a, b, c" in problem.message
    flat: Any = dag_to_json(compiled(fork({"type": "Weighted", "needed": 3})))
    place = next(f"/nodes/{at}/strategy" for at, node in enumerate(flat["nodes"]) if node["type"] == "join")
    flat["nodes"][int(place.split("/")[2])]["strategy"]["needed"] = 4
    outcome = dag_from_json(flat, extensions=RULES)
    assert isinstance(outcome, Failure)
    assert (place, "all branches together weigh 3, and 4 is needed") in [
        (problem.pointer, problem.message) for problem in outcome.failure()
    ]


def test_what_its_validators_refuse_is_a_problem_at_the_field() -> None:
    (problem,) = problems_of(fork({"type": "Weighted", "needed": 0}))
    assert (problem.pointer, problem.code) == ("/entryPoints/0/join/strategy/needed", "out-of-range")


def test_extensions_may_stand_everywhere_in_a_dag() -> None:
    dag = compiled(EACH)
    names = sorted(extension.name for each in (dag.dag, *dag.bodies.values()) for extension in extensions_in(each))
    assert names == ["Even", "Majority"]


def test_a_drawing_says_what_a_rule_is_called_and_what_it_says() -> None:
    assert '◇ j  [join · Weighted: needed 3, weights {"a":2}]' in draw_text(compiled(SPECS["join"]))
    assert "Even: key m: ○ there  [pass]" in draw_text(compiled(when({"type": "Even", "key": "m"})))
    assert "retries by PerCode: otherwise 1s" in draw_text(compiled(SPECS["retry"]))


def test_the_schema_knows_the_extensions_that_it_is_given() -> None:
    schema = jsonschema.Draft202012Validator(json_schema(RULES))
    plain = jsonschema.Draft202012Validator(json_schema())
    for document in SPECS.values():
        assert schema.is_valid(document)
        assert not plain.is_valid(document)
    assert not schema.is_valid(when({"type": "Even", "keys": "m"}))
    assert not schema.is_valid(when({"type": "Even", "key": 1}))
    assert not schema.is_valid(fork({"type": "Weighted"}))


def test_specs_in_python_have_rules_wherever_built_in_ones_may_stand() -> None:
    node = (
        Node.standard("waygrid://processor/ask")
        .with_id("ask")
        .with_retry(PerCode(otherwise=timedelta(seconds=1)))
        .when(all_of(Even("m"), not_(Odd(True))), Node.pass_().with_id("there"))
        .on_success(Node.loop(Node.pass_(), Even(), 3))
    )
    branches = {name: Node.pass_() for name in ("a", "b", "c")}
    spec = Spec.of(
        node,
        Node.fork("j", branches, join=Node.join("j", Weighted(needed=2))),
        Node.each(from_("/payload"), Node.pass_(), Majority()),
    )
    checked = check_spec(write_spec(spec), extensions=RULES)
    assert checked.problems == ()
    assert checked.spec == spec
    assert compile_spec(spec).unwrap().dag.hash == compiled(write_spec(spec)).dag.hash


def test_a_rule_in_python_that_no_document_could_write_is_refused_at_once() -> None:
    node = Node.standard("waygrid://processor/x")
    with pytest.raises(ValueError, match="not positive"):
        node.with_retry(PerCode(otherwise=timedelta(0)))
