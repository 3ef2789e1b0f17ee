"""The hash of a DAG sees every semantic edit and nothing else; digests say which work stands behind a node."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.compile.documents import (
    Document,
    call,
    chain,
    exists,
    fork,
    join,
    pass_node,
    ref,
    short,
    spec,
    when,
    work,
)
from tests.unit.dag.test_flat_dag import EVERYTHING
from waygrid_core.compile.pipeline import compile_document
from waygrid_core.dag.dag import CompiledDag
from waygrid_core.dag.digest import Hashing
from waygrid_core.dag.edge import edges_from
from waygrid_core.dag.seal import content_of
from waygrid_core.model.canonical_json import canonical_json
from waygrid_core.model.digest import digest_hex


def compiled(document: Any, **settings: Any) -> CompiledDag:
    return compile_document(document, **settings).unwrap()


def hash_of(document: Any, **settings: Any) -> str:
    return compiled(document, **settings).dag.hash


def _at(time: str) -> Document:
    return pass_node(deliveryStrategy={"type": "ScheduleAt", "time": time})


def _all_of(*branches: str) -> Document:
    return fork("j", {"a": work(), "b": work()}, join=join("j", {"type": "And", "of": list(branches)}))


def _each(**fields: Any) -> Document:
    return {"type": "each", "over": {"$from": "/input"}, "body": work(), **fields}


SAME: list[tuple[str, Document, Document]] = [
    ("durations", spec(work(timeout="60s")), spec(work(timeout="1m"))),
    ("instants", spec(_at("2026-01-01T00:00:00Z")), spec(_at("2026-01-01T02:00:00+02:00"))),
    ("numbers", spec(pass_node(output=1)), spec(pass_node(output=1.0))),
    (
        "a default that is written out",
        spec(work()),
        spec(
            work(retryPolicy={"type": "None"}, deliveryStrategy={"type": "Immediate"}),
            repeatPolicy={"type": "NoRepeat"},
        ),
    ),
    (
        "a plain value and a literal",
        spec(pass_node(output={"a": [1]})),
        spec(pass_node(output={"a": {"$literal": [1]}})),
    ),
    (
        "one pointer and a list of one",
        spec(pass_node(output={"$from": "/input"})),
        spec(pass_node(output={"$from": ["/input"]})),
    ),
    ("text without pointers", spec(pass_node(output="a{b}")), spec(pass_node(output={"$text": "a{{b}}"}))),
    ("a body of one node", spec(call(work())), spec(call(spec(work())))),
    ("labels, descriptions and names", spec(work()), spec(work(label="a", description="b"), name="c", description="d")),
    ("guarantees", spec(work()), spec(work(), guarantees=[{"atMost": {"dispatch": "processor/x", "times": 1}}])),
    (
        "the order of branches",
        spec(fork("j", {"a": work(), "b": work()}, join=join("j"))),
        spec(fork("j", {"b": work(), "a": work()}, join=join("j"))),
    ),
    (
        "an inline join and one at the ends",
        spec(fork("j", {"a": work(), "b": work()}, join=join("j"))),
        spec(fork("j", {"a": work(onSuccess=join("j")), "b": work(onSuccess=short("j"))})),
    ),
    (
        "copies of a join",
        spec(fork("j", {"a": work(onSuccess=join("j")), "b": work(onSuccess=join("j"))})),
        spec(fork("j", {"a": work(onSuccess=short("j")), "b": work(onSuccess=join("j"))})),
    ),
    ("the order of an And's branches", spec(_all_of("a", "b")), spec(_all_of("b", "a"))),
    (
        "where a node that two paths reach is written",
        spec(work(onSuccess=work("y", id="n"), onFailure=ref("n"))),
        spec(work(onSuccess=ref("n"), onFailure=work("y", id="n"))),
    ),
    ("the default of an each", spec(_each()), spec(_each(strategy={"type": "And"}, atMost=1000))),
]


@pytest.mark.parametrize(("one", "other"), [case[1:] for case in SAME], ids=[case[0] for case in SAME])
def test_two_ways_to_write_one_thing_hash_alike(one: Document, other: Document) -> None:
    assert hash_of(one) == hash_of(other)
    assert compiled(one).dag.digests == compiled(other).dag.digests


def test_a_body_by_hash_is_the_same_body() -> None:
    body = compiled(spec(work(), timeout="1m"))
    inline = compiled(spec(call(spec(work(), timeout="60s"))))
    named = compiled(spec(call({"dag": body.dag.hash})), dags={body.dag.hash: body})
    assert (inline.dag.hash, inline.bodies, inline.dag.digests) == (named.dag.hash, named.bodies, named.dag.digests)


def _start(document: Any) -> Any:
    return document["entryPoints"][0]


def _fork(document: Any) -> Any:
    return _start(document)["onSuccess"]


def _branch(document: Any, name: str) -> Any:
    return _fork(document)["branches"][name]


EDITS: list[tuple[str, Callable[[Any], Any]]] = [
    ("an id", lambda s: _start(s)["onTimeout"].update(id="later")),
    ("an address", lambda s: _start(s).update(address="waygrid://processor/y")),
    ("a parameter", lambda s: _start(s)["parameters"].update(b=None)),
    ("a default", lambda s: _start(s)["parameters"]["a"].update({"$default": True})),
    ("a default that is gone", lambda s: _start(s)["parameters"]["a"].pop("$default")),
    ("a pointer", lambda s: _start(s)["parameters"]["a"].update({"$from": "/payload/b"})),
    ("the path of a secret", lambda s: _start(s)["parameters"]["s"]["$secret"].update(path="q")),
    ("the version of a secret", lambda s: _start(s)["parameters"]["s"]["$secret"].update(version=3)),
    ("the field of a secret", lambda s: _start(s)["parameters"]["s"]["$secret"].update(field="f")),
    ("an input", lambda s: _start(s).update(input=None)),
    ("a retry policy", lambda s: _start(s)["retryPolicy"].update(type="DecorrelatedJitter")),
    ("a base", lambda s: _start(s)["retryPolicy"].update(base="1.501s")),
    ("retries", lambda s: _start(s)["retryPolicy"].update(maxRetries=4)),
    ("a cap", lambda s: _start(s)["retryPolicy"].update(cap="1h")),
    ("codes", lambda s: _start(s)["retryPolicy"].update(retryOn=["http-5*"])),
    ("no codes at all", lambda s: _start(s)["retryPolicy"].update(retryOn=[])),
    ("a delivery strategy", lambda s: _start(s).update(deliveryStrategy={"type": "ScheduleAfter", "delay": "1s"})),
    ("a timeout", lambda s: _start(s).update(timeout="2m")),
    ("the order of conditions", lambda s: _start(s)["onConditions"].reverse()),
    ("a condition", lambda s: _start(s)["onConditions"][0]["condition"].update(pointer="/z")),
    ("a condition's value", lambda s: _start(s)["onConditions"][1]["condition"].update(value=1)),
    ("an output", lambda s: _start(s)["onConditions"][0]["to"].update(output={"t": "!"})),
    ("a fail's code", lambda s: _start(s)["onTimeout"].update(code="later")),
    ("a fail's message", lambda s: _start(s)["onTimeout"].update(message="m")),
    ("an edge more", lambda s: _start(s).update(onFailure=work())),
    ("an edge moved", lambda s: _start(s).update(always=_start(s).pop("onTimeout"))),
    ("a concurrency", lambda s: _fork(s).update(concurrency=3)),
    ("a branch's name", lambda s: _fork(s)["branches"].update(e=_fork(s)["branches"].pop("d"))),
    ("a join's strategy", lambda s: _fork(s)["join"]["strategy"].update(of=["a"])),
    ("a join's timeout", lambda s: _fork(s)["join"].update(timeout="3h")),
    ("a join's id", lambda s: _fork(s)["join"].update(id="joined")),
    ("an event", lambda s: _branch(s, "d").update(event="f")),
    ("a key", lambda s: _branch(s, "d").pop("key")),
    ("a list", lambda s: _branch(s, "b").update(over={"$from": "/payload/other"})),
    ("an each's strategy", lambda s: _branch(s, "b").update(strategy={"type": "Or"})),
    ("an each's concurrency", lambda s: _branch(s, "b").update(concurrency=4)),
    ("an each's bound", lambda s: _branch(s, "b").update(atMost=8)),
    ("a body", lambda s: _branch(s, "b")["body"].update(timeout="1s")),
    ("a body's body", lambda s: _branch(s, "b")["body"]["body"].update(timeout="1s")),
    ("until", lambda s: _branch(s, "c").update(until=exists("/over"))),
    ("every", lambda s: _branch(s, "c").pop("every")),
    ("a loop's bound", lambda s: _branch(s, "c").update(atMost=4)),
    (
        "a time",
        lambda s: _fork(s)["join"]["onSuccess"].update(
            deliveryStrategy={"type": "ScheduleAt", "time": "2026-01-01T00:00:00Z"}
        ),
    ),
    ("an entry more", lambda s: s["entryPoints"].append(work())),
    ("a repeat policy", lambda s: s["repeatPolicy"].update(times=4)),
    ("no repeat policy", lambda s: s.pop("repeatPolicy")),
    ("a Spec's timeout", lambda s: s.update(timeout="2d")),
    ("an onEnd", lambda s: s["onEnd"].update(timeout="1s")),
    ("no onEnd", lambda s: s.pop("onEnd")),
]


@pytest.mark.parametrize("edit", [edit for _, edit in EDITS], ids=[name for name, _ in EDITS])
def test_a_semantic_edit_changes_the_hash(edit: Callable[[Any], Any]) -> None:
    edited = copy.deepcopy(EVERYTHING)
    edit(edited)
    assert hash_of(edited) != hash_of(EVERYTHING)


def test_all_edits_have_different_hashes() -> None:
    hashes = set()
    for _, edit in EDITS:
        edited = copy.deepcopy(EVERYTHING)
        edit(edited)
        hashes.add(hash_of(edited))
    assert len(hashes) == len(EDITS)


def _reversed_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _reversed_keys(value[key]) for key in reversed(value)}
    return [_reversed_keys(item) for item in value] if isinstance(value, list) else value


def test_the_order_of_keys_changes_nothing() -> None:
    one, other = compiled(EVERYTHING), compiled(_reversed_keys(EVERYTHING))
    assert (one.dag.hash, one.dag.digests, one.annotations) == (other.dag.hash, other.dag.digests, other.annotations)


def test_salt_changes_hash_and_ids_but_no_digest() -> None:
    one, other = compiled(EVERYTHING), compiled(EVERYTHING, salt="s")
    assert one.dag.hash != other.dag.hash
    assert not one.dag.nodes.keys() & other.dag.nodes.keys()
    assert sorted(one.dag.digests.values()) == sorted(other.dag.digests.values())


def test_what_is_hashed_is_canonical_json() -> None:
    for dag in (compiled(EVERYTHING).dag, *compiled(EVERYTHING).bodies.values()):
        preimage = Hashing(content_of(dag)).preimage()
        assert preimage == canonical_json(json.loads(preimage))
        assert dag.hash == digest_hex(preimage)


def _last_digest(document: Document) -> str:
    """The digest of the node that nothing follows."""
    dag = compiled(document).dag
    (last,) = (node for node in dag.nodes.values() if not list(edges_from(node)))
    return dag.digests[last.id]


def test_a_digest_is_of_what_stands_before_a_node() -> None:
    dag = compiled(spec(chain(work("a", id="a"), work("b", id="b")))).dag
    longer = compiled(spec(chain(work("a", id="a"), work("b", id="b"), work("c")))).dag
    other = compiled(spec(chain(work("z", id="a"), work("b", id="b")))).dag
    a, b = dag.node_named["a"], dag.node_named["b"]
    assert dag.digests[a] == longer.digests[a]
    assert dag.digests[b] == longer.digests[b]
    assert dag.digests[a] != other.digests[other.node_named["a"]]
    assert dag.digests[b] != other.digests[other.node_named["b"]]


def test_a_digest_does_not_depend_on_what_nodes_are_called() -> None:
    one = spec(chain(work(id="a"), work("b", input={"$from": "/nodes/a/output"})))
    other = spec(chain(work(id="z"), work("b", id="y", input={"$from": "/nodes/z/output"})))
    assert _last_digest(one) == _last_digest(other)
    assert _last_digest(one) != _last_digest(spec(chain(work(id="a"), work("b", input={"$from": "/input"}))))


def test_a_pointer_to_what_cannot_have_run_counts_as_nothing() -> None:
    later = spec(work("a", id="a", input={"$from": ["/nodes/b/output", "/payload"]}, onSuccess=work("b", id="b")))
    dag = compiled(later).dag
    itself = compiled(spec(work("a", id="a", input={"$from": ["/nodes/a/output", "/payload"]}))).dag
    assert dag.digests[dag.node_named["a"]] == itself.digests[itself.node_named["a"]]


def test_a_join_has_its_branches_and_their_failures_behind_it() -> None:
    def of(code: str, service: str) -> str:
        branches = {"a": work(service), "b": work(onConditions=[when(exists("/x"), {"type": "fail", "code": code})])}
        dag = compiled(spec(fork("j", branches, join=join("j")))).dag
        return dag.digests[dag.node_named["j"]]

    assert len({of("a", "x"), of("b", "x"), of("a", "y")}) == 3


def test_ids_are_stable_under_edits_on_other_paths() -> None:
    def ids(**more: Any) -> dict[str, str]:
        branches = {"a": chain(work(**more), work("a-last")), "b": chain(work(), work("b-last"))}
        after = chain(work("after"), work("end", id="end"), work("last"))
        dag = compiled(spec(fork("j", branches, join=join("j", onSuccess=after)), work("other"))).dag
        return {getattr(node, "address", node.__class__.__name__): node.id for node in dag.nodes.values()}

    before, edited, extended = ids(), ids(timeout="1s"), ids(onFailure=work("handler"))
    assert before == edited
    assert before.items() <= extended.items()
