"""Each fault of a document is one problem, with its code and its place."""

import copy
from typing import Any

import pytest
from hypothesis import given

from tests.unit.spec.documents import FEW, JSON, MANY, SPECS, mutated
from waygrid_core.spec.check import check_spec
from waygrid_core.spec.limits import DEFAULT_LIMITS, Limits
from waygrid_core.spec.node import ForkNode, Hole, JoinNode, Spec
from waygrid_core.spec.problem import PROBLEM_CODES

TASK = {"type": "standard", "address": "waygrid://processor/openai"}
CALL: dict[str, Any] = {"type": "call", "body": {"type": "pass"}}
EACH: dict[str, Any] = {"type": "each", "body": {"type": "pass"}, "over": {"$from": "/payload/lines"}}
LOOP: dict[str, Any] = {"type": "loop", "body": {"type": "pass"}, "until": {"type": "Always"}, "atMost": 3}
FORK: dict[str, Any] = {"type": "fork", "joinNodeId": "j", "branches": {"a": {"type": "pass"}, "b": {"type": "pass"}}}
JOIN: dict[str, Any] = {"type": "join", "joinNodeId": "j", "strategy": {"type": "And"}}
LINEAR: dict[str, Any] = {"type": "Linear", "base": "1s", "maxRetries": 3}
N = "/entryPoints/0"


def found(document: Any, limits: Limits = DEFAULT_LIMITS) -> list[tuple[str, str]]:
    return [(problem.code, problem.pointer) for problem in check_spec(document, limits).problems]


def node(base: dict[str, Any] = TASK, **fields: Any) -> dict[str, Any]:
    return {"entryPoints": [{**base, **fields}]}


def without(base: dict[str, Any], *names: str) -> dict[str, Any]:
    return {"entryPoints": [{name: value for name, value in base.items() if name not in names}]}


def parameter(value: Any) -> dict[str, Any]:
    return node(parameters={"p": value})


def condition(value: Any) -> dict[str, Any]:
    return node(onConditions=[{"condition": value, "to": {"type": "pass"}}])


C = f"{N}/onConditions/0/condition"
P = f"{N}/parameters/p"
ALWAYS = {"condition": {"type": "Always"}, "to": {"type": "pass"}}
EXISTS = {"condition": {"type": "JsonExists", "pointer": "/a"}, "to": {"type": "pass"}}

ONE_FAULT: list[tuple[Any, str, str]] = [
    # the Spec
    ([], "wrong-type", ""),
    ("x", "wrong-type", ""),
    (None, "wrong-type", ""),
    ({}, "missing-field", ""),
    ({"entryPoints": []}, "empty-entry-points", "/entryPoints"),
    ({"entryPoints": {}}, "wrong-type", "/entryPoints"),
    ({"entryPoints": [1]}, "wrong-type", N),
    ({"entryPoints": [TASK], "entrypoint": 1}, "unknown-field", "/entrypoint"),
    ({"entryPoints": [TASK], "a/b~c": 1}, "unknown-field", "/a~1b~0c"),
    ({"entryPoints": [TASK], "name": 1}, "wrong-type", "/name"),
    ({"entryPoints": [TASK], "timeout": "0s"}, "bad-duration", "/timeout"),
    ({"entryPoints": [TASK], "timeout": 5}, "wrong-type", "/timeout"),
    ({"entryPoints": [TASK], "repeatPolicy": {"type": "Daily"}}, "unknown-type", "/repeatPolicy/type"),
    ({"entryPoints": [TASK], "repeatPolicy": {"type": "Times", "every": "1h"}}, "missing-field", "/repeatPolicy"),
    (
        {"entryPoints": [TASK], "repeatPolicy": {"type": "Times", "every": "1h", "times": 0}},
        "out-of-range",
        "/repeatPolicy/times",
    ),
    (
        {"entryPoints": [TASK], "repeatPolicy": {"type": "Until", "every": "1h", "until": "2026-02-30T00:00:00Z"}},
        "bad-instant",
        "/repeatPolicy/until",
    ),
    ({"entryPoints": [TASK], "guarantees": {}}, "wrong-type", "/guarantees"),
    ({"entryPoints": [TASK], "guarantees": [{}]}, "missing-field", "/guarantees/0"),
    (
        {"entryPoints": [TASK], "guarantees": [{"atMost": {"dispatch": "a", "times": -1}}]},
        "out-of-range",
        "/guarantees/0/atMost/times",
    ),
    (
        {"entryPoints": [TASK], "guarantees": [{"atMost": {"dispatch": "a", "times": 1}, "never": {}}]},
        "conflicting-fields",
        "/guarantees/0",
    ),
    (
        {"entryPoints": [TASK], "guarantees": [{"always": {"dispatch": "a", "after": {}}}]},
        "missing-field",
        "/guarantees/0/always/after",
    ),
    (
        {
            "entryPoints": [TASK],
            "guarantees": [{"always": {"dispatch": "a", "after": {"failed": "b", "succeeded": "b"}}}],
        },
        "conflicting-fields",
        "/guarantees/0/always/after",
    ),
    (
        {
            "entryPoints": [TASK],
            "guarantees": [{"never": {"dispatch": "a", "before": {"succeeded": "b"}, "after": {"failed": "b"}}}],
        },
        "conflicting-fields",
        "/guarantees/0/never",
    ),
    (
        {"entryPoints": [TASK], "guarantees": [{"oneOf": {"dispatch": ["a"]}}]},
        "out-of-range",
        "/guarantees/0/oneOf/dispatch",
    ),
    (
        {"entryPoints": [TASK], "guarantees": [{"oneOf": {"dispatch": ["a", "b", "a"]}}]},
        "out-of-range",
        "/guarantees/0/oneOf/dispatch",
    ),
    (
        {"entryPoints": [TASK], "guarantees": [{"never": {"dispatch": "a"}}]},
        "missing-field",
        "/guarantees/0/never",
    ),
    # what all nodes have
    ({"entryPoints": [{}]}, "missing-field", N),
    ({"entryPoints": [{"type": 3}]}, "wrong-type", f"{N}/type"),
    ({"entryPoints": [{"type": "Standard"}]}, "unknown-type", f"{N}/type"),
    ({"entryPoints": [{"ref": "a", "id": "b"}]}, "unknown-field", f"{N}/id"),
    ({"entryPoints": [{"ref": "A"}]}, "bad-id", f"{N}/ref"),
    (node(ref="a"), "unknown-field", f"{N}/ref"),
    (node(id="-a"), "bad-id", f"{N}/id"),
    (node(id="a" * 65), "bad-id", f"{N}/id"),
    (node(id="a\n"), "bad-id", f"{N}/id"),
    (node(id=None), "wrong-type", f"{N}/id"),
    (node(label="l" * 65), "too-long", f"{N}/label"),
    (node(description=["x"]), "wrong-type", f"{N}/description"),
    # standard
    (without(TASK, "address"), "missing-field", N),
    (node(address="openai"), "bad-address", f"{N}/address"),
    (node(address="waygrid://worker/x"), "bad-address", f"{N}/address"),
    (node(retrypolicy=LINEAR), "unknown-field", f"{N}/retrypolicy"),
    (node(retryPolicy={**LINEAR, "base": "5 sec"}), "bad-duration", f"{N}/retryPolicy/base"),
    (node(retryPolicy={**LINEAR, "base": "3651d"}), "bad-duration", f"{N}/retryPolicy/base"),
    (node(retryPolicy={**LINEAR, "maxRetries": 0}), "out-of-range", f"{N}/retryPolicy/maxRetries"),
    (node(retryPolicy={**LINEAR, "maxRetries": 101}), "out-of-range", f"{N}/retryPolicy/maxRetries"),
    (node(retryPolicy={**LINEAR, "maxRetries": 1.5}), "wrong-type", f"{N}/retryPolicy/maxRetries"),
    (node(retryPolicy={**LINEAR, "maxRetries": True}), "wrong-type", f"{N}/retryPolicy/maxRetries"),
    (node(retryPolicy={**LINEAR, "cap": "9s"}), "unknown-field", f"{N}/retryPolicy/cap"),
    (node(retryPolicy={**LINEAR, "doNotRetry": [], "retryOn": []}), "conflicting-fields", f"{N}/retryPolicy"),
    (node(retryPolicy={**LINEAR, "retryOn": ["a", 1]}), "wrong-type", f"{N}/retryPolicy/retryOn/1"),
    (node(retryPolicy={**LINEAR, "type": "Polynomial", "power": 0}), "out-of-range", f"{N}/retryPolicy/power"),
    (node(retryPolicy={**LINEAR, "type": "Polynomial", "power": "2"}), "wrong-type", f"{N}/retryPolicy/power"),
    (node(retryPolicy={**LINEAR, "type": "BoundedExponential"}), "missing-field", f"{N}/retryPolicy"),
    (node(retryPolicy="None"), "wrong-type", f"{N}/retryPolicy"),
    (node(deliveryStrategy={"type": "ScheduleAfter"}), "missing-field", f"{N}/deliveryStrategy"),
    (
        node(deliveryStrategy={"type": "ScheduleAfter", "delay": "soon"}),
        "bad-duration",
        f"{N}/deliveryStrategy/delay",
    ),
    (
        node(deliveryStrategy={"type": "ScheduleAt", "time": "2026-01-31 08:00"}),
        "bad-instant",
        f"{N}/deliveryStrategy/time",
    ),
    (
        node(deliveryStrategy={"type": "ScheduleAt", "time": {"$from": "/nodes/a"}}),
        "bad-pointer",
        f"{N}/deliveryStrategy/time/$from",
    ),
    (node(timeout="1.s"), "bad-duration", f"{N}/timeout"),
    (node(parameters=[]), "wrong-type", f"{N}/parameters"),
    (node(parameters={"$from": "/payload"}), "unknown-field", f"{N}/parameters/$from"),
    (node(onTimeout={"type": "pass"}), "dead-edge", f"{N}/onTimeout"),
    (node(onSuccess={"type": "pass", "onFailure": {"type": "pass"}}), "unknown-field", f"{N}/onSuccess/onFailure"),
    # conditions
    (node(onConditions={}), "wrong-type", f"{N}/onConditions"),
    (node(onConditions=[{"condition": {"type": "Always"}}]), "missing-field", f"{N}/onConditions/0"),
    (node(onConditions=[{"to": {"type": "pass"}}]), "missing-field", f"{N}/onConditions/0"),
    (node(onConditions=[ALWAYS, EXISTS]), "dead-edge", f"{N}/onConditions/1"),
    (node(onConditions=[EXISTS, ALWAYS, EXISTS, ALWAYS]), "dead-edge", f"{N}/onConditions/2"),
    (condition({"type": "JsonExist", "pointer": ""}), "unknown-type", f"{C}/type"),
    (condition({"type": "JsonExists", "pointer": "a"}), "bad-pointer", f"{C}/pointer"),
    (condition({"type": "JsonExists", "pointer": "/~2"}), "bad-pointer", f"{C}/pointer"),
    (condition({"type": "JsonEquals", "pointer": ""}), "missing-field", C),
    (condition({"type": "JsonCompare", "pointer": "", "op": "eq", "value": 1}), "unknown-type", f"{C}/op"),
    (condition({"type": "JsonCompare", "pointer": "", "op": 1, "value": 1}), "wrong-type", f"{C}/op"),
    (condition({"type": "JsonEquals", "pointer": "", "value": {"$x": 1}}), "unknown-field", f"{C}/value/$x"),
    (
        condition({"type": "JsonEquals", "pointer": "", "value": [{"$from": "/payload"}]}),
        "unknown-field",
        f"{C}/value/0/$from",
    ),
    (condition({"type": "And", "all": []}), "empty-condition", f"{C}/all"),
    (condition({"type": "Not", "cond": {"type": "Or", "any": []}}), "empty-condition", f"{C}/cond/any"),
    # templates
    (parameter({"a": [{"$form": "/payload"}]}), "unknown-field", f"{P}/a/0/$form"),
    (parameter({"$from": "payload"}), "bad-pointer", f"{P}/$from"),
    (parameter({"$from": "/output"}), "bad-pointer", f"{P}/$from"),
    (parameter({"$from": ["/payload", "/nodes/x"]}), "bad-pointer", f"{P}/$from/1"),
    (parameter({"$from": []}), "out-of-range", f"{P}/$from"),
    (parameter({"$from": 1}), "wrong-type", f"{P}/$from"),
    (parameter({"$from": "/payload", "default": 1}), "unknown-field", f"{P}/default"),
    (parameter({"$default": 1}), "unknown-field", f"{P}/$default"),
    (parameter({"$from": "/payload", "$text": ""}), "conflicting-fields", P),
    (parameter({"$text": "a { b"}), "bad-text", f"{P}/$text"),
    (parameter({"$text": "a } b"}), "bad-text", f"{P}/$text"),
    (parameter({"$text": "{/a{/b}}"}), "bad-text", f"{P}/$text"),
    (parameter({"$text": "{payload}"}), "bad-pointer", f"{P}/$text"),
    (parameter({"$text": None}), "wrong-type", f"{P}/$text"),
    (parameter({"$literal": 1, "$default": 1}), "unknown-field", f"{P}/$default"),
    (parameter({"$secret": "path"}), "wrong-type", f"{P}/$secret"),
    (parameter({"$secret": {"field": "f"}}), "missing-field", f"{P}/$secret"),
    (parameter({"$secret": {"path": "p", "version": 0}}), "out-of-range", f"{P}/$secret/version"),
    (parameter({"$secret": {"path": "p"}, "x": 1}), "unknown-field", f"{P}/x"),
    (parameter({"a": {"$secret": {"path": "p"}}}), "unknown-field", f"{P}/a/$secret"),
    (node(input={"$secret": {"path": "p"}}), "unknown-field", f"{N}/input/$secret"),
    # pass and fail
    (node({"type": "pass"}, timeout="5s"), "unknown-field", f"{N}/timeout"),
    (node({"type": "pass"}, output={"$x": 1}), "unknown-field", f"{N}/output/$x"),
    (node({"type": "fail"}), "missing-field", N),
    (node({"type": "fail"}, code=3), "wrong-type", f"{N}/code"),
    (node({"type": "fail"}, code="x", message={"text": "x"}), "wrong-type", f"{N}/message"),
    (node({"type": "fail"}, code="x", onSuccess={"type": "pass"}), "unknown-field", f"{N}/onSuccess"),
    # fork and join
    (without(FORK, "joinNodeId"), "missing-field", N),
    (without(FORK, "branches"), "missing-field", N),
    (node(FORK, joinNodeId="J"), "bad-id", f"{N}/joinNodeId"),
    (node(FORK, branches={"a": {"type": "pass"}}), "too-few-branches", f"{N}/branches"),
    (node(FORK, branches=[]), "wrong-type", f"{N}/branches"),
    (node(FORK, branches={"a": {"type": "pass"}, "B": {"type": "pass"}}), "bad-id", f"{N}/branches/B"),
    (node(FORK, concurrency=0), "out-of-range", f"{N}/concurrency"),
    (node(FORK, onSuccess={"type": "pass"}), "unknown-field", f"{N}/onSuccess"),
    (node(FORK, join={"type": "pass"}), "unknown-type", f"{N}/join/type"),
    (node(FORK, join={"ref": "j"}), "missing-field", f"{N}/join"),
    (node(JOIN, strategy={"type": "All"}), "unknown-type", f"{N}/strategy/type"),
    (node(JOIN, strategy={"type": "And", "of": []}), "out-of-range", f"{N}/strategy/of"),
    (node(JOIN, strategy={"type": "And", "of": [1]}), "wrong-type", f"{N}/strategy/of/0"),
    (node(JOIN, strategy={"type": "Quorum", "n": 0}), "quorum-out-of-range", f"{N}/strategy/n"),
    (node(JOIN, strategy={"type": "Quorum", "n": 1.5}), "wrong-type", f"{N}/strategy/n"),
    (node(JOIN, strategy={"type": "Quorum"}), "missing-field", f"{N}/strategy"),
    (without({**JOIN, "label": "x"}, "strategy"), "missing-field", N),
    (node(JOIN, onConditions=[]), "unknown-field", f"{N}/onConditions"),
    (node(JOIN, onTimeout={"type": "pass"}), "dead-edge", f"{N}/onTimeout"),
    # await
    (node({"type": "await"}), "missing-field", N),
    (node({"type": "await", "event": "e"}, key=1), "wrong-type", f"{N}/key"),
    (node({"type": "await", "event": "e"}, onFailure={"type": "pass"}), "unknown-field", f"{N}/onFailure"),
    (node({"type": "await", "event": "e"}, onTimeout={"type": "pass"}), "dead-edge", f"{N}/onTimeout"),
    # call, each, loop
    (without(CALL, "body"), "missing-field", N),
    (node(CALL, body={}), "missing-field", f"{N}/body"),
    (node(CALL, body="0" * 64), "wrong-type", f"{N}/body"),
    (node(CALL, body={"dag": 3}), "wrong-type", f"{N}/body/dag"),
    (node(CALL, body={"dag": "0" * 64, "type": "pass"}), "conflicting-fields", f"{N}/body"),
    (node(CALL, body={"entryPoints": [TASK], "type": "pass"}), "conflicting-fields", f"{N}/body"),
    (node(CALL, body={"dag": "0" * 64, "name": "x"}), "unknown-field", f"{N}/body/name"),
    (node(CALL, body={"entryPoints": []}), "empty-entry-points", f"{N}/body/entryPoints"),
    (node(CALL, body={"type": "pass", "odd": 1}), "unknown-field", f"{N}/body/odd"),
    (node(CALL, parameters={}), "unknown-field", f"{N}/parameters"),
    (
        node(CALL, body={"entryPoints": [TASK], "repeatPolicy": {"type": "Indefinitely", "every": "1h"}}),
        "repeat-in-body",
        f"{N}/body/repeatPolicy",
    ),
    (
        {
            "entryPoints": [TASK],
            "onEnd": {"entryPoints": [TASK], "repeatPolicy": {"type": "Indefinitely", "every": "1h"}},
        },
        "repeat-in-body",
        "/onEnd/repeatPolicy",
    ),
    (without(EACH, "over"), "missing-field", N),
    (node(EACH, over=[1, 2]), "wrong-type", f"{N}/over"),
    (node(EACH, over={"$from": "x"}), "bad-pointer", f"{N}/over/$from"),
    (node(EACH, strategy={"type": "And", "of": ["a"]}), "unknown-field", f"{N}/strategy/of"),
    (node(EACH, concurrency=-1), "out-of-range", f"{N}/concurrency"),
    (node(EACH, atMost=0), "out-of-range", f"{N}/atMost"),
    (node(EACH, atMost=10_001), "out-of-range", f"{N}/atMost"),
    (without(LOOP, "until"), "missing-field", N),
    (without(LOOP, "atMost"), "missing-field", N),
    (node(LOOP, atMost=10_001), "out-of-range", f"{N}/atMost"),
    (node(LOOP, every="0ms"), "bad-duration", f"{N}/every"),
    (node(LOOP, until={"type": "Or", "any": []}), "empty-condition", f"{N}/until/any"),
    (node(LOOP, over={"$from": "/payload"}), "unknown-field", f"{N}/over"),
]


@pytest.mark.parametrize(("document", "code", "pointer"), ONE_FAULT, ids=[f"{c} {p}" for _, c, p in ONE_FAULT])
def test_one_fault_is_one_problem_at_its_place(document: Any, code: str, pointer: str) -> None:
    assert found(document) == [(code, pointer)]


@pytest.mark.parametrize(
    "document",
    [
        node(retryPolicy={**LINEAR, "maxRetries": 3.0}),
        node(retryPolicy={"type": "None", "doNotRetry": ["x"]}),
        node(retryPolicy={"type": "FullJitter", "base": "9s", "cap": "1s", "maxRetries": 1}),
        node(onConditions=[EXISTS, ALWAYS]),
        node(JOIN, strategy={"type": "Quorum", "n": {"$from": "/input/n"}}),
        node({"type": "join", "joinNodeId": "j"}),
        node(CALL, body={"dag": "0" * 64}),
        node(CALL, body={"ref": "a"}),
        node(CALL, body={"entryPoints": [TASK], "repeatPolicy": {"type": "NoRepeat"}}),
        node(timeout="0.001ms"),
        node(timeout="3650d"),
        node(label="é" * 64),
        parameter({"$literal": {"$from": "no pointer"}}),
        parameter({"$from": "/payload", "$default": {"$x": 1}}),
        parameter({"$text": "{{}} {/nodes/a/output}"}),
        {"entryPoints": [TASK], "onEnd": {"dag": "0" * 64}},
    ],
)
def test_what_the_semantics_allow_is_no_problem(document: Any) -> None:
    assert found(document) == []


def test_all_problems_of_a_document_are_told_at_once_in_the_order_of_their_pointers() -> None:
    document = node(
        timeout="5 sec",
        retryPolicy={"type": "Linear", "base": 5},
        onSuccess={"type": "psas"},
        onFailure={"type": "call", "body": {"entryPoints": []}, "always": {"ref": "X"}},
    )
    assert found(document) == [
        ("bad-id", f"{N}/onFailure/always/ref"),
        ("empty-entry-points", f"{N}/onFailure/body/entryPoints"),
        ("unknown-type", f"{N}/onSuccess/type"),
        ("missing-field", f"{N}/retryPolicy"),
        ("wrong-type", f"{N}/retryPolicy/base"),
        ("bad-duration", f"{N}/timeout"),
    ]


def test_a_problem_says_what_would_be_right() -> None:
    messages = [problem.message for problem in check_spec(node(retrypolicy={}, timeout="5 sec")).problems]
    assert messages == [
        "'retrypolicy' is no field of a node of type standard; did you mean 'retryPolicy'?",
        "'5 sec' is no duration; write a number and a unit (ms, s, m, h, d), such as 5s",
    ]


def chain(length: int, *, at_the_end: Any = None) -> dict[str, Any]:
    end: Any = {"type": "pass"} if at_the_end is None else at_the_end
    for _ in range(length - 1):
        end = {"type": "pass", "onSuccess": end}
    return {"entryPoints": [end]}


def test_ten_thousand_nodes_in_a_chain_are_read_and_one_more_is_one_problem() -> None:
    assert found(chain(10_000)) == []
    assert found(chain(10_001)) == [("too-many-nodes", "")]
    assert found({"entryPoints": [TASK] * 10_001}) == [("too-many-nodes", "")]


def test_a_place_ten_thousand_nodes_deep_is_told_in_full() -> None:
    assert found(chain(10_000, at_the_end={"type": "oops"})) == [("unknown-type", N + "/onSuccess" * 9_999 + "/type")]


def test_thousands_of_problems_with_endless_pointers_stay_within_memory() -> None:
    end: Any = {"type": "pass"}
    for _ in range(9_999):
        end = {"type": "pass", "odd": 1, "onSuccess": end}
    problems = check_spec({"entryPoints": [end]}).problems
    assert sum(len(problem.pointer) for problem in problems) < 20 * 1024 * 1024
    assert any("further problems are not shown" in problem.message for problem in problems)


def test_a_body_has_ten_thousand_nodes_of_its_own_and_copies_of_a_join_are_one_node() -> None:
    assert found({"entryPoints": [{"type": "call", "body": chain(9_999)}, *([TASK] * 9_999)]}) == []
    joins = {f"b{i}": {"type": "join", "joinNodeId": "j"} for i in range(3)}
    assert found(node(FORK, branches=joins), Limits(nodes=2)) == []
    assert found(node(CALL, body=chain(3)), Limits(nodes=2)) == [("too-many-nodes", f"{N}/body")]


def test_a_fork_has_a_thousand_branches_and_a_node_a_thousand_conditions() -> None:
    def branches(count: int) -> dict[str, Any]:
        return node(FORK, branches={f"b{i}": {"type": "pass"} for i in range(count)})

    assert found(branches(1_000)) == []
    assert found(branches(1_001)) == [("too-many-branches", f"{N}/branches")]
    assert found(node(onConditions=[EXISTS] * 1_000)) == []
    assert found(node(onConditions=[EXISTS] * 1_001)) == [("too-many-conditions", f"{N}/onConditions")]


def nested_bodies(depth: int) -> dict[str, Any]:
    inner: Any = {"type": "pass"}
    for _ in range(depth):
        inner = {"type": "call", "body": inner}
    return {"entryPoints": [inner]}


def test_bodies_nest_eight_deep_and_an_on_end_is_a_body() -> None:
    assert found(nested_bodies(8)) == []
    assert found(nested_bodies(9)) == [("too-deep", N + "/body" * 9)]
    assert found({"entryPoints": [TASK], "onEnd": nested_bodies(7)}) == []
    assert found({"entryPoints": [TASK], "onEnd": nested_bodies(8)}) == [("too-deep", f"/onEnd{N}" + "/body" * 8)]
    assert found(nested_bodies(2), Limits(body_nesting=1)) == [("too-deep", f"{N}/body/body")]


def nested(depth: int, innermost: Any = 1) -> Any:
    for _ in range(depth):
        innermost = [innermost]
    return innermost


def test_data_and_conditions_nest_a_hundred_levels_deep() -> None:
    assert found(parameter(nested(100))) == []
    assert found(parameter(nested(101))) == [("too-deep", P)]
    assert found(parameter(nested(100_000))) == [("too-deep", P)]
    assert found(node(input={"a": nested(100)})) == [("too-deep", f"{N}/input")]
    deep: Any = {"type": "Always"}
    for _ in range(100):
        deep = {"type": "Not", "cond": deep}
    assert found(condition(deep)) == [("too-deep", C)]
    assert found(condition(deep["cond"])) == []


def test_where_something_could_not_be_read_stands_a_hole_or_a_harmless_value() -> None:
    spec = check_spec(
        {
            "entryPoints": [
                {"type": "oops"},
                {**FORK, "joinNodeId": "J", "branches": {"a": {"type": "pass", "id": "x"}, "b": {"ref": "x"}}},
                {**FORK, "join": {"type": "join"}},
                {**JOIN, "strategy": {"type": "Quorum", "n": 0}},
            ]
        }
    ).spec
    assert spec is not None
    unread, fork_without_id, fork, join = spec.entry_points
    assert unread == Hole()
    assert isinstance(fork_without_id, Hole)
    assert len(fork_without_id.below) == 2
    assert isinstance(fork, ForkNode)
    assert fork.join is not None
    assert not fork.join.is_whole
    assert isinstance(join, JoinNode)
    assert not join.is_whole


@given(SPECS)
@FEW
def test_a_right_document_has_no_problem(document: Any) -> None:
    assert check_spec(document).problems == ()


@given(JSON)
@FEW
def test_any_json_gives_a_spec_or_problems(document: Any) -> None:
    checked = check_spec(document)
    assert checked.problems
    assert {problem.code for problem in checked.problems} <= PROBLEM_CODES


@given(mutated())
@MANY
def test_a_document_with_one_change_gives_a_spec_or_problems_and_stays_as_it_was(document: Any) -> None:
    before = copy.deepcopy(document)
    checked = check_spec(document)
    assert document == before
    assert isinstance(checked.spec, Spec)
    for problem in checked.problems:
        assert problem.code in PROBLEM_CODES
        assert problem.message
        assert_there_is(problem.pointer, document)


def assert_there_is(pointer: str, document: Any) -> None:
    for step in pointer.split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        document = document[int(step)] if isinstance(document, list) else document[step]
