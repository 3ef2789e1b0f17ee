"""The flat JSON of a DAG: it comes back as it went, and hand-made ones pass the checks of a Spec."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.compile.documents import call, chain, exists, fail, fork, join, pass_node, short, spec, when, work
from waygrid_core.compile.pipeline import compile_document
from waygrid_core.dag.dag import CompiledDag
from waygrid_core.dag.flat import dag_from_json, dag_to_json
from waygrid_core.outcome import Failure

EVERYTHING = spec(
    work(
        id="start",
        label="Start",
        description="of it all",
        parameters={"a": {"$from": "/payload/a", "$default": 1}, "s": {"$secret": {"path": "p", "version": 2}}},
        retryPolicy={"type": "FullJitter", "base": "1.5s", "maxRetries": 3, "retryOn": ["http-*"]},
        timeout="1m",
        onConditions=[
            when(exists("/x"), pass_node(output={"t": {"$text": "{/nodes/start/output/x}!"}})),
            when({"type": "JsonEquals", "pointer": "/y", "value": {"$literal": {"$x": 1}}}, fail()),
        ],
        onTimeout=fail("late"),
        onSuccess=fork(
            "j",
            {
                "a": chain(work(onFailure=work("handler")), short("j")),
                "b": {
                    "type": "each",
                    "over": {"$from": "/payload/list"},
                    "body": call(work(label="deep"), label="inner"),
                    "strategy": {"type": "Quorum", "n": {"$from": "/payload/n"}},
                    "concurrency": 3,
                    "atMost": 7,
                },
                "c": {"type": "loop", "body": work(), "until": exists("/done"), "atMost": 3, "every": "1h"},
                "d": {"type": "await", "event": "e", "key": {"$from": "/payload/k"}, "timeout": "1d"},
            },
            concurrency=2,
            join=join(
                "j",
                {"type": "And", "of": ["a", "b"]},
                timeout="2h",
                onSuccess=pass_node(deliveryStrategy={"type": "ScheduleAt", "time": "2026-01-01T00:00:00+02:00"}),
                always=work("cleanup"),
            ),
        ),
    ),
    name="everything",
    repeatPolicy={"type": "Times", "every": "1h", "times": 3},
    timeout="1d",
    onEnd=work("end", label="The end"),
    guarantees=[{"atMost": {"dispatch": "start", "times": 4}}],
)


def compiled(document: Any, salt: str = "") -> CompiledDag:
    return compile_document(document, salt=salt).unwrap()


def codes(document: Any) -> list[str]:
    outcome = dag_from_json(document)
    return [problem.code for problem in outcome.failure()] if isinstance(outcome, Failure) else []


@pytest.mark.parametrize("salt", ["", "pepper"])
def test_a_compiled_dag_comes_back_as_it_went(salt: str) -> None:
    before = compiled(EVERYTHING, salt)
    after = dag_from_json(dag_to_json(before)).unwrap()
    assert dag_to_json(after) == dag_to_json(before)
    assert after.annotations == before.annotations
    for mine, theirs in [
        (before.dag, after.dag),
        *((before.bodies[name], after.bodies[name]) for name in after.bodies),
    ]:
        assert (mine.hash, mine.nodes, mine.digests) == (theirs.hash, theirs.nodes, theirs.digests)
        assert (mine.scopes, mine.node_named, mine.author_ids) == (theirs.scopes, theirs.node_named, theirs.author_ids)
        assert (mine.salt, mine.fork_depth, mine.on_end) == (theirs.salt, theirs.fork_depth, theirs.on_end)


def test_a_dag_may_be_made_by_hand_without_a_hash() -> None:
    dag = dag_from_json(
        {
            "entryPoints": ["a"],
            "nodes": [
                {"id": "b", "type": "pass"},
                {"id": "a", "type": "standard", "address": "waygrid://processor/x", "name": "first"},
            ],
            "edges": [{"from": "a", "to": "b", "guard": "condition:0", "condition": {"type": "Always"}}],
        }
    ).unwrap()
    assert dag.dag.node_named == {"first": "a"}
    assert len(dag.dag.hash) == 64


def small() -> dict[str, Any]:
    """A valid hand-made DAG with one of each fault's chances."""
    return {
        "entryPoints": ["a"],
        "nodes": [
            {"id": "a", "type": "standard", "address": "waygrid://processor/x"},
            {"id": "f", "type": "fork", "joinNodeId": "j"},
            {"id": "b1", "type": "pass"},
            {"id": "b2", "type": "pass"},
            {"id": "j", "type": "join", "joinNodeId": "j", "strategy": {"type": "And"}},
            {"id": "z", "type": "pass"},
        ],
        "edges": [
            {"from": "a", "to": "f", "guard": "success"},
            {"from": "f", "to": "b1", "guard": "branch:one"},
            {"from": "f", "to": "b2", "guard": "branch:two"},
            {"from": "f", "to": "j", "guard": "join"},
            {"from": "b1", "to": "j", "guard": "success"},
            {"from": "b2", "to": "j", "guard": "success"},
            {"from": "j", "to": "z", "guard": "success"},
        ],
    }


def test_the_small_dag_is_valid() -> None:
    assert codes(small()) == []


def _edge(source: str, target: str, guard: str = "success") -> dict[str, Any]:
    return {"from": source, "to": target, "guard": guard}


FAULTS: list[tuple[str, str, Any]] = [
    ("an edge to nothing", "dangling-edge", lambda d: d["edges"].append(_edge("a", "nobody", "failure"))),
    ("a branch to nothing", "dangling-edge", lambda d: d["edges"][1].update(to="nobody")),
    (
        "a condition to nothing before another",
        "dangling-edge",
        lambda d: d["edges"].extend(
            {**_edge("a", to, f"condition:{at}"), "condition": {"type": "JsonExists", "pointer": "/x"}}
            for at, to in enumerate(("nobody", "f"))
        ),
    ),
    ("an entry that is nothing", "dangling-edge", lambda d: d["entryPoints"].append("nobody")),
    (
        "two always edges",
        "several-always",
        lambda d: d["edges"].extend([_edge("a", "f", "always"), _edge("a", "f", "always")]),
    ),
    ("two success edges", "conflicting-fields", lambda d: d["edges"].append(_edge("a", "f"))),
    ("a node that nobody reaches", "unreachable-node", lambda d: d["nodes"].append({"id": "u", "type": "pass"})),
    ("a cycle", "cycle", lambda d: d["edges"].append(_edge("z", "a"))),
    ("a branch that ends", "branch-misses-join", lambda d: d["edges"].pop(4)),
    ("a node in two scopes", "shared-between-scopes", lambda d: d["edges"].append(_edge("a", "b1", "failure"))),
    ("a join from outside", "foreign-join", lambda d: d["edges"].append(_edge("a", "j", "failure"))),
    ("a join as an entry", "foreign-join", lambda d: d["entryPoints"].append("j")),
    ("no entry", "empty-entry-points", lambda d: d.update(entryPoints=[], nodes=[], edges=[])),
    ("an id twice", "duplicate-id", lambda d: d["nodes"].append({"id": "a", "type": "pass"})),
    ("a name twice", "duplicate-id", lambda d: [d["nodes"][i].update(name="n") for i in (0, 5)]),
    ("a bad id", "bad-id", lambda d: d["nodes"].append({"id": "A", "type": "pass"})),
    ("an unknown guard", "unknown-type", lambda d: d["edges"].append(_edge("a", "f", "perhaps"))),
    ("an unknown type", "unknown-type", lambda d: d["nodes"][5].update(type="past")),
    ("an unknown field", "unknown-field", lambda d: d["nodes"][5].update(colour="red")),
    ("an edge inside a node", "unknown-field", lambda d: d["nodes"][5].update(onSuccess="a")),
    ("a failure edge of a pass", "unknown-field", lambda d: d["edges"].append(_edge("z", "a", "failure"))),
    ("a dead edge", "dead-edge", lambda d: d["edges"].append(_edge("a", "f", "timeout"))),
    ("a bad duration", "bad-duration", lambda d: d["nodes"][0].update(timeout="5 sec")),
    ("a condition missing", "missing-field", lambda d: d["edges"].append(_edge("a", "f", "condition:0"))),
    (
        "a gap in the conditions",
        "out-of-range",
        lambda d: d["edges"].append({**_edge("a", "f", "condition:1"), "condition": {"type": "Always"}}),
    ),
    ("a body that is not there", "unknown-dag", lambda d: d["nodes"][5].update(type="call", body={"dag": "x"})),
    ("a hash that is not its own", "conflicting-fields", lambda d: d.update(hash="0" * 64)),
    (
        "a quorum out of range",
        "quorum-out-of-range",
        lambda d: d["nodes"][4].update(strategy={"type": "Quorum", "n": 3}),
    ),
    ("an unknown branch", "unknown-branch", lambda d: d["nodes"][4].update(strategy={"type": "And", "of": ["x"]})),
    ("a pointer to nobody", "unknown-ref", lambda d: d["nodes"][5].update(output={"$from": "/nodes/x/output"})),
    (
        "a join without a fork",
        "join-without-fork",
        lambda d: d["nodes"][5].update(type="join", joinNodeId="k", strategy={"type": "Or"}),
    ),
]


@pytest.mark.parametrize(("code", "spoil"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
def test_one_fault_of_a_hand_made_dag_is_one_error(code: str, spoil: Any) -> None:
    document = small()
    spoil(document)
    assert codes(document) == [code]


def test_a_body_under_another_hash_is_refused() -> None:
    document: Any = copy.deepcopy(dag_to_json(compiled(spec(call(work())))))
    (body,) = document["bodies"].values()
    body["nodes"][0]["address"] = "waygrid://processor/other"
    assert codes(document) == ["conflicting-fields"]


def test_a_body_that_names_itself_is_a_cycle() -> None:
    document: Any = copy.deepcopy(dag_to_json(compiled(spec(call(call(work()))))))
    inner = next(name for name, body in document["bodies"].items() if body["nodes"][0]["type"] == "call")
    document["bodies"][inner]["nodes"][0]["body"]["dag"] = inner
    assert codes(document) == ["cycle"]


NONSENSE: list[Any] = [
    None,
    7,
    [],
    {},
    {"nodes": 1, "edges": 2, "entryPoints": 3},
    {"entryPoints": ["a"], "nodes": [{"id": "a"}], "edges": [None]},
]


@pytest.mark.parametrize("document", NONSENSE)
def test_anything_gives_errors_and_no_exception(document: Any) -> None:
    assert codes(document)


def test_the_example_of_the_reference_is_a_dag() -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "flat-dag.md").read_text(encoding="utf-8")
    document = json.loads(page.partition("```json\n")[2].partition("```")[0])
    del document["hash"]  # it stands for any
    assert codes(document) == []
