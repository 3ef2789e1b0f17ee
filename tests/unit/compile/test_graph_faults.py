"""One fault of the graph gives one error, with its pointer; two faults give two."""

from typing import Any

import pytest

from tests.unit.compile.documents import (
    ALWAYS,
    Document,
    call,
    chain,
    exists,
    fail,
    fork,
    join,
    pass_node,
    ref,
    short,
    spec,
    when,
    work,
)
from waygrid_core.compile.pipeline import compile_document, compile_spec
from waygrid_core.outcome import Failure
from waygrid_core.spec.check import check_spec
from waygrid_core.spec.node import CallNode, PassNode, Spec


def problems_of(document: Any, **settings: Any) -> list[tuple[str, str]]:
    outcome = compile_document(document, **settings)
    if not isinstance(outcome, Failure):
        return []
    return [(problem.code, problem.pointer) for problem in outcome.failure()]


def codes_of(document: Any, **settings: Any) -> list[str]:
    return sorted(code for code, _ in problems_of(document, **settings))


def two(join_node_id: str = "j", **fields: Any) -> Document:
    """A valid fork."""
    return fork(
        join_node_id, {"a": chain(work(), join(join_node_id)), "b": chain(work(), short(join_node_id))}, **fields
    )


def nested(depth: int) -> Document:
    """Forks in forks."""
    inner = work()
    for level in range(depth, 0, -1):
        inner = fork(f"j{level}", {"a": inner, "b": work()}, join=join(f"j{level}"))
    return inner


E1 = "/entryPoints/0"
FAULTS: list[tuple[str, Document, list[tuple[str, str]]]] = [
    ("a reference to nothing", spec(chain(work(), ref("nobody"))), [("unknown-ref", f"{E1}/onSuccess/ref")]),
    ("an entry that is a reference to nothing", spec(ref("nobody")), [("unknown-ref", f"{E1}/ref")]),
    (
        "a reference at the end of a branch to nothing",
        spec(fork("j", {"a": chain(work(), ref("nobody")), "b": chain(work(), join("j"))})),
        [("unknown-ref", f"{E1}/branches/a/onSuccess/ref")],
    ),
    (
        "references to nothing at the end of all branches, which are where the join would be",
        spec(fork("j", {"a": ref("nobody"), "b": ref("nobody")})),
        [("unknown-ref", f"{E1}/branches/a/ref"), ("unknown-ref", f"{E1}/branches/b/ref")],
    ),
    (
        "a joinNodeId is no id to refer to",
        spec(fork("j", {"a": chain(work(), join("j")), "b": chain(work(), ref("j"))})),
        [("unknown-ref", f"{E1}/branches/b/onSuccess/ref")],
    ),
    (
        "a reference into a body",
        spec(chain(call(work(id="inner")), ref("inner"))),
        [("unknown-ref", f"{E1}/onSuccess/ref")],
    ),
    (
        "a reference out of a body",
        spec(chain(work(id="outer"), call(chain(work(), ref("outer"))))),
        [("unknown-ref", f"{E1}/onSuccess/body/onSuccess/ref")],
    ),
    (
        "an id twice",
        spec(chain(work(id="a"), work(id="a"))),
        [("duplicate-id", f"{E1}/onSuccess/id")],
    ),
    (
        "an id three times",
        spec(chain(work(id="a"), work(id="a"), work(id="a"))),
        [("duplicate-id", f"{E1}/onSuccess/id"), ("duplicate-id", f"{E1}/onSuccess/onSuccess/id")],
    ),
    (
        "an id twice, and a reference to it",
        spec(chain(work(id="a"), work(id="a"), ref("a"))),
        [("duplicate-id", f"{E1}/onSuccess/id")],
    ),
    (
        "an id twice in two branches, and a reference to it",
        spec(
            fork(
                "j",
                {
                    "a": chain(work(id="n"), join("j")),
                    "b": chain(work(id="n"), short("j")),
                    "c": chain(work(), ref("n")),
                },
            )
        ),
        [("duplicate-id", f"{E1}/branches/b/id")],
    ),
    (
        "a joinNodeId twice, one after the other",
        spec(fork("j", {"a": work(), "b": work()}, join=join("j", onSuccess=two("j")))),
        [("duplicate-join-node-id", f"{E1}/join/onSuccess/joinNodeId")],
    ),
    (
        "a joinNodeId twice, one in the other",
        spec(
            fork(
                "j",
                {
                    "a": fork("j", {"c": chain(work(), join("j")), "d": chain(work(), short("j"))}),
                    "b": chain(work(), short("j")),
                },
            )
        ),
        [("duplicate-join-node-id", f"{E1}/branches/a/joinNodeId")],
    ),
    (
        "a joinNodeId twice, with inline joins that differ",
        spec(
            fork("j", {"a": work(), "b": work()}, join=join("j", {"type": "Or"})),
            fork("j", {"a": work(), "b": work()}, join=join("j")),
        ),
        [("duplicate-join-node-id", "/entryPoints/1/joinNodeId")],
    ),
    (
        "a fork without a join",
        spec(fork("j", {"a": work(), "b": work()})),
        [("fork-without-join", E1)],
    ),
    (
        "a fork without a join inside a branch",
        spec(fork("j", {"a": fork("k", {"c": work(), "d": work()}), "b": chain(work(), join("j"))})),
        [("fork-without-join", f"{E1}/branches/a")],
    ),
    (
        "a fork without a join, whose branches use the join around it",
        spec(
            fork(
                "j",
                {
                    "a": fork("k", {"c": chain(work(), short("j")), "d": chain(work(), short("j"))}),
                    "b": chain(work(), join("j")),
                },
            )
        ),
        [("fork-without-join", f"{E1}/branches/a")],
    ),
    (
        "a join without a fork",
        spec(chain(work(), join("j"))),
        [("join-without-fork", f"{E1}/onSuccess")],
    ),
    ("a join as an entry", spec(join("j")), [("join-without-fork", E1)]),
    (
        "a join without a fork, twice",
        spec(chain(work(onFailure=short("j")), join("j"))),
        [("join-without-fork", f"{E1}/onSuccess")],
    ),
    (
        "a join without a fork that goes on to a reference to nothing",
        spec(chain(work(), join("j", onSuccess=ref("nobody")))),
        [("join-without-fork", f"{E1}/onSuccess"), ("unknown-ref", f"{E1}/onSuccess/onSuccess/ref")],
    ),
    (
        "only short forms of a join",
        spec(fork("j", {"a": chain(work(), short("j")), "b": chain(work(), short("j"))})),
        [("missing-field", f"{E1}/branches/a/onSuccess")],
    ),
    (
        "an inline join in its short form only",
        spec(fork("j", {"a": work(), "b": work()}, join=short("j"))),
        [("missing-field", f"{E1}/join")],
    ),
    (
        "copies of a join that differ",
        spec(fork("j", {"a": chain(work(), join("j")), "b": chain(work(), join("j", {"type": "Or"}))})),
        [("conflicting-join", f"{E1}/branches/b/onSuccess")],
    ),
    (
        "three copies of a join, of which one differs",
        spec(
            fork(
                "j",
                {
                    "a": chain(work(), join("j", {"type": "Or"})),
                    "b": chain(work(), join("j")),
                    "c": chain(work(), join("j")),
                },
            )
        ),
        [("conflicting-join", f"{E1}/branches/b/onSuccess")],
    ),
    (
        "an inline join that differs from a copy at the end of a branch",
        spec(fork("j", {"a": chain(work(), join("j")), "b": work()}, join=join("j", {"type": "Or"}))),
        [("conflicting-join", f"{E1}/join")],
    ),
    (
        "copies of a join that go on differently",
        spec(
            fork(
                "j",
                {
                    "a": chain(work(), join("j", onSuccess=work("y"))),
                    "b": chain(work(), join("j", onSuccess=work("z"))),
                },
            )
        ),
        [("conflicting-join", f"{E1}/branches/b/onSuccess")],
    ),
    (
        "copies of a join that differ, with an id in one only that is referred to",
        spec(
            fork(
                "j",
                {
                    "a": chain(work(), join("j", onSuccess=work("y"))),
                    "b": chain(work(), join("j", onSuccess=work("y", id="y"))),
                },
            ),
            ref("y"),
        ),
        [("conflicting-join", f"{E1}/branches/b/onSuccess")],
    ),
    (
        "copies of a join that differ as true and 1 do",
        spec(
            fork(
                "j",
                {
                    "a": chain(work(), join("j", onSuccess=pass_node(output=True))),
                    "b": chain(work(), join("j", onSuccess=pass_node(output=1))),
                },
            )
        ),
        [("conflicting-join", f"{E1}/branches/b/onSuccess")],
    ),
    (
        "an inline join of another fork",
        spec(
            fork(
                "j",
                {
                    "a": fork("k", {"c": work(), "d": work()}, join=join("j")),
                    "b": work(),
                },
                join=join("j"),
            )
        ),
        [("conflicting-join", f"{E1}/branches/a/join/joinNodeId")],
    ),
    (
        "an inline join of nobody's joinNodeId",
        spec(fork("j", {"a": work(), "b": work()}, join=join("k"))),
        [("conflicting-join", f"{E1}/join/joinNodeId")],
    ),
    (
        "an inline join of another joinNodeId beside joins at the end of the branches",
        spec(
            fork("j", {"a": chain(work(), join("j")), "b": chain(work(), short("j"))}, join=join("k", {"type": "Or"}))
        ),
        [("conflicting-join", f"{E1}/join/joinNodeId")],
    ),
    (
        "an And of a branch that is none",
        spec(fork("j", {"a": work(), "b": work()}, join=join("j", {"type": "And", "of": ["a", "c"]}))),
        [("unknown-branch", f"{E1}/join/strategy/of/1")],
    ),
    (
        "a quorum above the branches",
        spec(fork("j", {"a": work(), "b": work()}, join=join("j", {"type": "Quorum", "n": 3}))),
        [("quorum-out-of-range", f"{E1}/join/strategy/n")],
    ),
    (
        "a quorum of nothing",
        spec(fork("j", {"a": work(), "b": work()}, join=join("j", {"type": "Quorum", "n": 0}))),
        [("quorum-out-of-range", f"{E1}/join/strategy/n")],
    ),
    (
        "one branch only, and a quorum of two",
        spec(fork("j", {"a": work()}, join=join("j", {"type": "Quorum", "n": 2}))),
        [("too-few-branches", f"{E1}/branches")],
    ),
    ("a node that leads to itself", spec(work(id="a", onSuccess=ref("a"))), [("cycle", f"{E1}/onSuccess/ref")]),
    (
        "a cycle by onFailure",
        spec(chain(work(id="a"), work(onFailure=ref("a")))),
        [("cycle", f"{E1}/onSuccess/onFailure/ref")],
    ),
    (
        "a cycle by a condition",
        spec(work(id="a", onConditions=[when(exists("/x"), work(onSuccess=ref("a")))])),
        [("cycle", f"{E1}/onConditions/0/to/onSuccess/ref")],
    ),
    (
        "a cycle over two entries",
        spec(work(id="a", onSuccess=ref("b")), work(id="b", onSuccess=ref("a"))),
        [("cycle", "/entryPoints/1/onSuccess/ref")],
    ),
    (
        "a branch that leads back to its fork",
        spec(
            fork("j", {"a": chain(work(), ref("f")), "b": chain(work(), join("j"))}, id="f"),
        ),
        [("cycle", f"{E1}/branches/a/onSuccess/ref")],
    ),
    (
        "a join that leads back into a branch",
        spec(fork("j", {"a": chain(work(id="n"), join("j", onSuccess=ref("n"))), "b": chain(work(), short("j"))})),
        [("cycle", f"{E1}/branches/a/onSuccess/onSuccess/ref")],
    ),
    (
        "an inline join that leads back into a branch",
        spec(fork("j", {"a": work(id="n"), "b": work()}, join=join("j", onSuccess=ref("n")))),
        [("cycle", f"{E1}/join/onSuccess/ref")],
    ),
    (
        "a branch that just ends",
        spec(fork("j", {"a": chain(work(), join("j")), "b": work()})),
        [("branch-misses-join", f"{E1}/branches/b")],
    ),
    (
        "a branch of which one condition just ends",
        spec(
            fork(
                "j",
                {
                    "a": chain(work(), join("j")),
                    "b": work(onConditions=[when(exists("/x"), work())], onSuccess=short("j")),
                },
            )
        ),
        [("branch-misses-join", f"{E1}/branches/b/onConditions/0/to")],
    ),
    (
        "a branch that just ends after always",
        spec(fork("j", {"a": chain(work(), join("j")), "b": work(always=work())})),
        [("branch-misses-join", f"{E1}/branches/b/always")],
    ),
    (
        "a branch that just ends after its inner join",
        spec(fork("j", {"a": chain(work(), join("j")), "b": two("k")})),
        [("branch-misses-join", f"{E1}/branches/b/branches/a/onSuccess")],
    ),
    (
        "a branch that enters the join of the fork around it",
        spec(
            fork(
                "j",
                {
                    "a": fork(
                        "k",
                        {"c": chain(work(), short("j")), "d": chain(work(), join("k", onSuccess=short("j")))},
                    ),
                    "b": chain(work(), join("j")),
                },
            )
        ),
        [("foreign-join", f"{E1}/branches/a/branches/c/onSuccess")],
    ),
    (
        "a node after the join that enters the join again",
        spec(fork("j", {"a": chain(work(), join("j", onSuccess=work(onSuccess=short("j")))), "b": short("j")})),
        [("foreign-join", f"{E1}/branches/a/onSuccess/onSuccess/onSuccess")],
    ),
    (
        "an entry that enters a join",
        spec(two("j"), chain(work(), short("j"))),
        [("foreign-join", "/entryPoints/1/onSuccess")],
    ),
    (
        "a reference that enters a foreign join by its id",
        spec(fork("j", {"a": chain(work(), join("j", id="joined")), "b": short("j")}), chain(work(), ref("joined"))),
        [("foreign-join", "/entryPoints/1/onSuccess/ref")],
    ),
    (
        "a node shared by two branches",
        spec(
            fork("j", {"a": chain(work(id="n"), join("j")), "b": chain(work(), ref("n"))}),
        ),
        [("shared-between-scopes", f"{E1}/branches/b/onSuccess/ref")],
    ),
    (
        "a node in a branch that is also an entry",
        spec(ref("n"), fork("j", {"a": chain(work(id="n"), join("j")), "b": short("j")})),
        [("shared-between-scopes", f"{E1}/ref")],
    ),
    (
        "a branch that leaves for a node outside",
        spec(fork("j", {"a": chain(work(), join("j")), "b": chain(work(), ref("n"))}), work(id="n")),
        [("shared-between-scopes", f"{E1}/branches/b/onSuccess/ref")],
    ),
    ("forks nested nine deep", spec(nested(9)), [("nested-fork-depth-exceeded", E1 + "/branches/a" * 8)]),
    ("forks nested eleven deep", spec(nested(11)), [("nested-fork-depth-exceeded", E1 + "/branches/a" * 8)]),
    (
        "a body that nobody knows",
        spec(call({"dag": "f" * 64})),
        [("unknown-dag", f"{E1}/body/dag")],
    ),
    ("an onEnd that nobody knows", spec(work(), onEnd={"dag": "f" * 64}), [("unknown-dag", "/onEnd/dag")]),
    (
        "a pointer to a node that is none",
        spec(work(input={"a": [{"$from": "/nodes/nobody/output/x"}]})),
        [("unknown-ref", f"{E1}/input/a/0/$from")],
    ),
    (
        "a pointer in a text",
        spec(work(parameters={"t": {"$text": "{/nodes/nobody/output}"}})),
        [("unknown-ref", f"{E1}/parameters/t/$text")],
    ),
    (
        "a pointer in a condition",
        spec(
            work(
                onConditions=[
                    when(
                        {
                            "type": "And",
                            "all": [
                                {"type": "JsonEquals", "pointer": "/a", "value": {"$from": ["/nodes/nobody/output"]}}
                            ],
                        },
                        work(),
                    )
                ]
            )
        ),
        [("unknown-ref", f"{E1}/onConditions/0/condition/all/0/value/$from/0")],
    ),
    (
        "a pointer into another branch",
        spec(
            fork(
                "j",
                {"a": work(id="n"), "b": work(input={"$from": "/nodes/n/output"})},
                join=join("j"),
            )
        ),
        [("unknown-ref", f"{E1}/branches/b/input/$from")],
    ),
    (
        "a pointer out of a body",
        spec(chain(work(id="n"), call(work(input={"$from": "/nodes/n/output"})))),
        [("unknown-ref", f"{E1}/onSuccess/body/input/$from")],
    ),
    (
        "a pointer to the joinNodeId of a join that has an id",
        spec(
            fork(
                "j",
                {"a": work(), "b": work()},
                join=join("j", id="joined", onSuccess=work(input={"$from": "/nodes/j/output"})),
            )
        ),
        [("unknown-ref", f"{E1}/join/onSuccess/input/$from")],
    ),
    (
        "a guarantee about nobody",
        spec(work(id="a"), guarantees=[{"never": {"dispatch": "b", "before": {"succeeded": "a"}}}]),
        [("unknown-ref", "/guarantees/0/never/dispatch")],
    ),
    (
        "a guarantee about nobody in a body",
        spec(call(work(id="a"), id="c"), guarantees=[{"atMost": {"dispatch": "c/b", "times": 1}}]),
        [("unknown-ref", "/guarantees/0/atMost/dispatch")],
    ),
    (
        "guarantees about what comes after, and about the end, are about the Spec's own nodes",
        spec(
            call(work(id="a"), id="c"),
            guarantees=[
                {"always": {"dispatch": "c/a"}},
                {"never": {"dispatch": "c", "after": {"failed": "c/a"}}},
                {"oneOf": {"dispatch": ["c", "c/a"]}},
                {"always": {"dispatch": "c", "after": {"succeeded": "x"}}},
            ],
        ),
        [
            ("unknown-ref", "/guarantees/0/always/dispatch"),
            ("unknown-ref", "/guarantees/1/never/after/failed"),
            ("unknown-ref", "/guarantees/2/oneOf/dispatch/1"),
            ("unknown-ref", "/guarantees/3/always/after/succeeded"),
        ],
    ),
    (
        "guarantees about a fork, which is never dispatched",
        spec(
            fork("j", {"a": work(), "b": work()}, id="split", join=join("j")),
            guarantees=[{"atMost": {"dispatch": "split", "times": 1}}, {"atMost": {"dispatch": "j", "times": 1}}],
        ),
        [("unknown-ref", "/guarantees/0/atMost/dispatch")],
    ),
    (
        "a node of an unknown type that a reference names",
        spec(chain(work(), {"type": "standrd", "id": "n"}), ref("n")),
        [("unknown-type", f"{E1}/onSuccess/type")],
    ),
    (
        "a node of an unknown type, and a reference to nothing",
        spec(chain(work(), {"type": "standrd", "id": "n"}), ref("m")),
        [("unknown-type", f"{E1}/onSuccess/type"), ("unknown-ref", "/entryPoints/1/ref")],
    ),
    (
        "a join of an unknown type",
        spec(fork("j", {"a": chain(work(), {**join("j"), "type": "jion"}), "b": chain(work(), short("j"))})),
        [("unknown-type", f"{E1}/branches/a/onSuccess/type")],
    ),
    (
        "a join of an unknown type at the end of each branch",
        spec(fork("j", {"a": {**join("j"), "type": "jion"}, "b": {**short("j"), "type": "jion"}})),
        [("unknown-type", f"{E1}/branches/a/type"), ("unknown-type", f"{E1}/branches/b/type")],
    ),
    (
        "a fork without joinNodeId",
        spec({"type": "fork", "branches": {"a": chain(work(id="n"), join("j")), "b": short("j")}}, ref("n")),
        [("missing-field", E1)],
    ),
    (
        "a join whose strategy cannot be read",
        spec(
            fork(
                "j",
                {"a": chain(work(), join("j", {"type": "Most"})), "b": chain(work(), join("j", {"type": "Most"}))},
            )
        ),
        [
            ("unknown-type", f"{E1}/branches/a/onSuccess/strategy/type"),
            ("unknown-type", f"{E1}/branches/b/onSuccess/strategy/type"),
        ],
    ),
    (
        "an inline join that is no object",
        spec(fork("j", {"a": work(), "b": work()}, join=7)),
        [("wrong-type", f"{E1}/join")],
    ),
    (
        "a branch that is no node",
        spec(fork("j", {"a": 7, "b": chain(work(), join("j"))})),
        [("wrong-type", f"{E1}/branches/a")],
    ),
    (
        "two dead edges",
        spec(work(onTimeout=work(), onConditions=[when(ALWAYS, work()), when(exists("/a"), work())])),
        [("dead-edge", f"{E1}/onConditions/1"), ("dead-edge", f"{E1}/onTimeout")],
    ),
]


@pytest.mark.parametrize(("document", "expected"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
def test_one_fault_is_one_error_at_its_place(document: Document, expected: list[tuple[str, str]]) -> None:
    assert sorted(problems_of(document)) == sorted(expected)


VALID: list[tuple[str, Document]] = [
    (
        "a diamond",
        spec(work(id="a", onConditions=[when(exists("/x"), work(onSuccess=ref("d")))], onSuccess=work(id="d"))),
    ),
    ("a branch that is its join", spec(fork("j", {"a": work(onSuccess=join("j")), "b": short("j")}))),
    (
        "a handler that ends its branch",
        spec(fork("j", {"a": work(onSuccess=join("j"), onFailure=work()), "b": short("j")})),
    ),
    (
        "a handler that goes on to the join",
        spec(fork("j", {"a": work(onSuccess=join("j"), onFailure=short("j")), "b": short("j")})),
    ),
    ("a branch that ends in a fail", spec(fork("j", {"a": fail(), "b": join("j")}))),
    (
        "a condition that ends in a fail",
        spec(fork("j", {"a": work(onConditions=[when(ALWAYS, fail())], onSuccess=join("j")), "b": short("j")})),
    ),
    (
        "a branch of conditions alone",
        spec(fork("j", {"a": work(onConditions=[when(exists("/x"), join("j"))]), "b": short("j")})),
    ),
    ("a join met by ref", spec(fork("j", {"a": work(onSuccess=join("j", id="m")), "b": work(onSuccess=ref("m"))}))),
    (
        "equal copies with ids after them",
        spec(fork("j", {x: work(onSuccess=join("j", onSuccess=work(id="n"))) for x in "ab"})),
    ),
    (
        "equal copies with forks after them",
        spec(fork("j", {x: work(onSuccess=join("j", onSuccess=two("k"))) for x in "ab"})),
    ),
    (
        "copies that write one duration in two ways",
        spec(fork("j", {x: work(onSuccess=join("j", timeout=t)) for x, t in [("a", "60s"), ("b", "1m")]})),
    ),
    (
        "an inline short form beside a whole copy",
        spec(fork("j", {"a": work(), "b": work(onSuccess=join("j"))}, join=short("j"))),
    ),
    (
        "a pointer into a branch, after its join",
        spec(
            fork(
                "j",
                {"a": work(id="n"), "b": work()},
                join=join("j", onSuccess=work(input={"$from": "/nodes/n/output"})),
            )
        ),
    ),
    (
        "a pointer to a join by its joinNodeId",
        spec(fork("j", {"a": work(), "b": work()}, join=join("j", onSuccess=work(input={"$from": "/nodes/j/output"})))),
    ),
    (
        "a pointer to a node before the fork",
        spec(
            work(
                id="n",
                onSuccess=fork("j", {"a": work(), "b": work(input={"$from": "/nodes/n/output"})}, join=join("j")),
            )
        ),
    ),
    (
        "a pointer into an inner branch of the same branch",
        spec(
            fork(
                "j",
                {
                    "a": fork(
                        "k",
                        {"c": work(id="n"), "d": work()},
                        join=join("k", onSuccess=work(input={"$from": "/nodes/n/output"})),
                    ),
                    "b": work(),
                },
                join=join("j"),
            )
        ),
    ),
    ("the same ids in a body", spec(work(id="n", onSuccess=call(work(id="n"))))),
    ("entries that meet", spec(work(onSuccess=ref("n")), work(id="n"))),
    (
        "guarantees by id, label and address",
        spec(
            work(id="a", onSuccess=work(label="B", onSuccess=work("c"))),
            guarantees=[
                {"never": {"dispatch": "B", "before": {"succeeded": "a"}}},
                {"atMost": {"dispatch": "processor/c", "times": 1}},
            ],
        ),
    ),
    (
        "guarantees about bodies and onEnd",
        spec(
            call(work("c", label="x/y"), id="p"),
            onEnd=work(id="e"),
            guarantees=[{"atMost": {"dispatch": "p/x/y", "times": 1}}, {"atMost": {"dispatch": "onEnd/e", "times": 1}}],
        ),
    ),
    ("forks nested eight deep", spec(nested(8))),
]


@pytest.mark.parametrize("document", [case[1] for case in VALID], ids=[case[0] for case in VALID])
def test_what_is_right_is_no_fault(document: Document) -> None:
    assert problems_of(document) == []


def bodies(depth: int) -> Document:
    """Bodies in bodies."""
    inner = work()
    for _ in range(depth):
        inner = call(inner)
    return spec(inner)


def test_bodies_nest_eight_deep_by_whichever_way() -> None:
    assert codes_of(bodies(8)) == []
    assert codes_of(bodies(9)) == ["too-deep"]
    named = compile_document(bodies(7)).unwrap()
    dags = {named.dag.hash: named}
    assert codes_of(spec(call({"dag": named.dag.hash})), dags=dags) == []
    assert codes_of(spec(call(call({"dag": named.dag.hash}))), dags=dags) == ["too-deep"]
    assert codes_of(spec(work(), onEnd=call({"dag": named.dag.hash})), dags=dags) == ["too-deep"]


def test_a_dag_that_repeats_is_no_body() -> None:
    named = compile_document(spec(work(), repeatPolicy={"type": "Indefinitely", "every": "1h"})).unwrap()
    dags = {named.dag.hash: named}
    assert problems_of(spec(call({"dag": named.dag.hash})), dags=dags) == [("repeat-in-body", f"{E1}/body/dag")]


def test_a_spec_made_in_python_is_held_to_the_same_sizes() -> None:
    """What the check says of a document, the compiler says of a Spec that never was one."""
    documents = [
        bodies(9),
        spec(),
        spec(fork("j", {"a": work()}, join=join("j"))),
        spec(work(onTimeout=work())),
        spec(work(onConditions=[when(ALWAYS, work()), when(ALWAYS, work()), when(ALWAYS, work())])),
        spec(fork("j", {"a": work(), "b": work()}, join=join("j", {"type": "Quorum", "n": 3}))),
    ]
    for document in documents:
        by_document = problems_of(document)
        assert len(by_document) == 1
        if document != documents[0]:  # of bodies that are too deep the check keeps nothing
            checked = check_spec(document)
            assert checked.spec is not None
            outcome = compile_spec(checked.spec)
            assert isinstance(outcome, Failure)
            assert [(problem.code, problem.pointer) for problem in outcome.failure()] == by_document


def test_a_chain_of_bodies_made_in_python_is_too_deep_and_no_more() -> None:
    spec_: Spec = Spec(entry_points=(PassNode(),))
    for _ in range(5_000):
        spec_ = Spec(entry_points=(CallNode(body=spec_),))
    outcome = compile_spec(spec_)
    assert isinstance(outcome, Failure)
    assert [problem.code for problem in outcome.failure()] == ["too-deep"]


def test_faults_do_not_hide_one_another() -> None:
    """Every fault of the table beside every other one, each as a body of its own, gives exactly the union."""
    for (_, first, faults), (_, second, others) in zip(FAULTS, FAULTS[1:] + FAULTS[:1], strict=True):
        document = spec(work(), call(first), call(second))
        expected = [code for code, _ in (*faults, *others)]
        assert codes_of(document) == sorted(expected)


def test_faults_of_one_graph_do_not_hide_one_another() -> None:
    document = spec(
        work(onSuccess=ref("nobody")),
        fork("j", {"a": chain(work(), join("j")), "b": work()}),
        fork("k", {"a": work(), "b": work()}),
        chain(work(), join("l")),
        work(id="m", onSuccess=ref("m")),
        fork("n", {"a": work(), "b": work()}, join=join("n", {"type": "Quorum", "n": 9})),
        work(timeout="5 sec", id="o", onSuccess=work(id="o")),
    )
    assert codes_of(document) == sorted(
        [
            "unknown-ref",
            "branch-misses-join",
            "fork-without-join",
            "join-without-fork",
            "cycle",
            "quorum-out-of-range",
            "bad-duration",
            "duplicate-id",
        ]
    )


def test_a_guarantee_names_nodes_in_bodies_that_are_named_by_hash() -> None:
    split = fork("j", {"a": work(), "b": work()}, id="split", join=join("j"))
    inner = compile_document(
        spec(call(work("deep", label="a/b"), id="mid"), onEnd=chain(work(id="last"), split))
    ).unwrap()
    body = {"dag": inner.dag.hash}

    def with_guarantee(name: str) -> Document:
        return spec(call(body, label="Outer"), onEnd=body, guarantees=[{"atMost": {"dispatch": name, "times": 1}}])

    for name in ("Outer/mid/a/b", "Outer/onEnd/last", "onEnd/mid", "Outer", "Outer/onEnd/j"):
        assert codes_of(with_guarantee(name), dags={inner.dag.hash: inner}) == []
    for name in ("Outer/mid/a", "mid", "Outer/last", "onEnd/onEnd", "", "Outer/onEnd/split"):
        assert codes_of(with_guarantee(name), dags={inner.dag.hash: inner}) == ["unknown-ref"]


def test_a_fault_that_a_text_repeats_is_told_once() -> None:
    document = spec(work(parameters={"model": {"$text": "{/nodes/nobody/output} and {/nodes/nobody/output}"}}))
    outcome = compile_document(document)
    assert isinstance(outcome, Failure)
    assert [problem.code for problem in outcome.failure()] == ["unknown-ref"]
