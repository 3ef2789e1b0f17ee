"""The builder in Python makes the Specs that the parser makes of the same JSON."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs.exceptions import FrozenInstanceError

from waygrid_core.policy.delivery import ScheduleAt
from waygrid_core.policy.join import And, Or, Quorum
from waygrid_core.policy.repeat import Times
from waygrid_core.policy.retry import Linear
from waygrid_core.spec.authoring import (
    ALWAYS,
    Node,
    Repeat,
    Retry,
    all_of,
    always_dispatched,
    any_of,
    compare,
    dispatched_at_most,
    equals,
    exists,
    from_,
    literal,
    never_after,
    never_before,
    not_,
    one_of,
    secret,
    text,
)
from waygrid_core.spec.check import check_spec
from waygrid_core.spec.guarantees import write_guarantee
from waygrid_core.spec.node import Spec
from waygrid_core.spec.write import write_spec

TASK = "waygrid://processor/openai"


def test_guarantees_are_made_of_names() -> None:
    made = {
        never_after("refund", succeeded="ship"): {"never": {"dispatch": "refund", "after": {"succeeded": "ship"}}},
        always_dispatched("refund", failed="pay"): {"always": {"dispatch": "refund", "after": {"failed": "pay"}}},
        always_dispatched("refund"): {"always": {"dispatch": "refund"}},
        one_of("ship", "refund"): {"oneOf": {"dispatch": ["ship", "refund"]}},
    }
    assert {guarantee: write_guarantee(guarantee) for guarantee in made} == made
    with pytest.raises(ValueError, match="after is one moment"):
        always_dispatched("refund", failed="pay", succeeded="pay")


def assert_stands_for(spec: Spec, document: Any) -> None:
    checked = check_spec(document)
    assert checked.problems == ()
    assert spec == checked.spec
    assert write_spec(spec) == document


def test_a_task_with_a_retry_and_a_next_node() -> None:
    spec = Spec.single(
        Node.standard("waygrid://processor/openai")
        .with_retry(Retry.exponential("1s", 3))
        .on_success(Node.standard("waygrid://destination/webhook"))
    )
    assert_stands_for(
        spec,
        {
            "entryPoints": [
                {
                    "type": "standard",
                    "address": "waygrid://processor/openai",
                    "retryPolicy": {"type": "Exponential", "base": "1s", "maxRetries": 3},
                    "onSuccess": {"type": "standard", "address": "waygrid://destination/webhook"},
                }
            ]
        },
    )


def test_without_a_retry_policy_the_first_failure_is_for_good() -> None:
    assert Node.standard(TASK).with_retry(Retry.linear("1s", 3)).with_retry(None) == Node.standard(TASK)


def test_a_task_with_everything() -> None:
    task = (
        Node.standard(TASK, {"prompt": text("About {/payload/topic}"), "key": secret("openai", "key", 2), "n": [1, {}]})
        .with_id("ask")
        .with_label("Ask")
        .with_description("asks")
        .with_input({"question": from_("/input/q", "/payload/q", default="?"), "raw": literal({"$x": 1})})
        .with_retry(Retry.linear(timedelta(seconds=5), 3, do_not_retry=["http-4*"]))
        .after("5s")
        .with_timeout("1.5m")
        .when(all_of(exists("/a"), not_(equals("/b", from_("/payload/b")))), Node.ref("x"))
        .when(any_of(compare("/n", "gt", 3), ALWAYS), Node.pass_().with_id("x"))
        .on_failure(Node.fail("no-answer", text("because {/input/error/message}")))
        .on_timeout(Node.pass_({"late": True}))
        .always(Node.pass_(None))
    )
    assert_stands_for(
        Spec.of(task, Node.ref("ask")),
        {
            "entryPoints": [
                {
                    "type": "standard",
                    "id": "ask",
                    "label": "Ask",
                    "description": "asks",
                    "address": TASK,
                    "parameters": {
                        "prompt": {"$text": "About {/payload/topic}"},
                        "key": {"$secret": {"path": "openai", "field": "key", "version": 2}},
                        "n": [1, {}],
                    },
                    "input": {
                        "question": {"$from": ["/input/q", "/payload/q"], "$default": "?"},
                        "raw": {"$literal": {"$x": 1}},
                    },
                    "retryPolicy": {"type": "Linear", "base": "5s", "maxRetries": 3, "doNotRetry": ["http-4*"]},
                    "deliveryStrategy": {"type": "ScheduleAfter", "delay": "5s"},
                    "timeout": "90s",
                    "onConditions": [
                        {
                            "condition": {
                                "type": "And",
                                "all": [
                                    {"type": "JsonExists", "pointer": "/a"},
                                    {
                                        "type": "Not",
                                        "cond": {
                                            "type": "JsonEquals",
                                            "pointer": "/b",
                                            "value": {"$from": "/payload/b"},
                                        },
                                    },
                                ],
                            },
                            "to": {"ref": "x"},
                        },
                        {
                            "condition": {
                                "type": "Or",
                                "any": [
                                    {"type": "JsonCompare", "pointer": "/n", "op": "gt", "value": 3},
                                    {"type": "Always"},
                                ],
                            },
                            "to": {"type": "pass", "id": "x"},
                        },
                    ],
                    "onFailure": {
                        "type": "fail",
                        "code": "no-answer",
                        "message": {"$text": "because {/input/error/message}"},
                    },
                    "onTimeout": {"type": "pass", "output": {"late": True}},
                    "always": {"type": "pass", "output": None},
                },
                {"ref": "ask"},
            ]
        },
    )


def test_forks_and_joins() -> None:
    fork = Node.fork(
        "offers",
        {"a": Node.standard(TASK).on_success(Node.join("offers")), "b": Node.await_("offer", from_("/payload/id"))},
        concurrency=1,
        join=Node.join("offers", Quorum(1)).with_timeout("1h").on_timeout(Node.fail("late")).on_success(Node.pass_()),
    )
    assert_stands_for(
        Spec.single(fork),
        {
            "entryPoints": [
                {
                    "type": "fork",
                    "joinNodeId": "offers",
                    "concurrency": 1,
                    "branches": {
                        "a": {
                            "type": "standard",
                            "address": TASK,
                            "onSuccess": {"type": "join", "joinNodeId": "offers"},
                        },
                        "b": {"type": "await", "event": "offer", "key": {"$from": "/payload/id"}},
                    },
                    "join": {
                        "type": "join",
                        "joinNodeId": "offers",
                        "strategy": {"type": "Quorum", "n": 1},
                        "timeout": "1h",
                        "onSuccess": {"type": "pass"},
                        "onTimeout": {"type": "fail", "code": "late"},
                    },
                }
            ]
        },
    )
    assert Node.join("j", Or()).strategy == Or()
    assert Node.join("j", And(of=("a",))).strategy == And(of=("a",))


def test_calls_eaches_and_loops() -> None:
    body = Spec.single(Node.standard(TASK)).with_name("inner")
    assert_stands_for(
        Spec.single(
            Node.call(Node.pass_()).on_success(
                Node.each(from_("/input/lines"), body, strategy=Or(), concurrency=2, at_most=50).on_success(
                    Node.loop(Node.dag("0" * 64), until=exists("/done"), at_most=9, every="1m").with_input({"n": 1})
                )
            )
        ),
        {
            "entryPoints": [
                {
                    "type": "call",
                    "body": {"type": "pass"},
                    "onSuccess": {
                        "type": "each",
                        "over": {"$from": "/input/lines"},
                        "body": {"name": "inner", "entryPoints": [{"type": "standard", "address": TASK}]},
                        "strategy": {"type": "Or"},
                        "concurrency": 2,
                        "atMost": 50,
                        "onSuccess": {
                            "type": "loop",
                            "until": {"type": "JsonExists", "pointer": "/done"},
                            "atMost": 9,
                            "every": "1m",
                            "body": {"dag": "0" * 64},
                            "input": {"n": 1},
                        },
                    },
                }
            ]
        },
    )


def test_a_whole_spec() -> None:
    spec = (
        Spec.single(Node.pass_().at(datetime(2026, 1, 31, 8, tzinfo=UTC)))
        .with_name("n")
        .with_description("d")
        .with_timeout("1d")
        .with_repeat(Repeat.times("1h", 3))
        .with_on_end(Node.standard(TASK))
        .with_guarantees(never_before("ship", "pay"), dispatched_at_most("charge", 1))
    )
    assert_stands_for(
        spec,
        {
            "name": "n",
            "description": "d",
            "timeout": "1d",
            "repeatPolicy": {"type": "Times", "every": "1h", "times": 3},
            "entryPoints": [
                {"type": "pass", "deliveryStrategy": {"type": "ScheduleAt", "time": "2026-01-31T08:00:00Z"}}
            ],
            "onEnd": {"type": "standard", "address": TASK},
            "guarantees": [
                {"never": {"dispatch": "ship", "before": {"succeeded": "pay"}}},
                {"atMost": {"dispatch": "charge", "times": 1}},
            ],
        },
    )
    assert Repeat.indefinitely("1h") != Repeat.until("1h", "2026-01-31T08:00:00Z")
    assert Node.pass_().at(from_("/payload/at")).delivery_strategy == ScheduleAt(from_("/payload/at"))


@pytest.mark.parametrize(
    ("kind", "policy"),
    [
        ("Fibonacci", Retry.fibonacci("1s", 3)),
        ("BoundedExponential", Retry.exponential("1s", 3, cap="9s")),
        ("Polynomial", Retry.polynomial("1s", 2, 3, retry_on=["timeout"])),
        ("FullJitter", Retry.full_jitter("1s", 3)),
        ("DecorrelatedJitter", Retry.decorrelated_jitter("1s", 3, cap="9s")),
    ],
)
def test_every_retry_policy_can_be_made(kind: str, policy: Any) -> None:
    assert type(policy).__name__ == kind


WRONG: list[tuple[Callable[[], object], str]] = [
    (lambda: Node.standard("openai"), "'openai' is no address"),
    (lambda: Node.standard(TASK, {"a": {"$form": 1}}), r"'\$form' is no leaf; did you mean '\$from'"),
    (lambda: Node.standard(TASK, {"$from": "/payload"}), "an object of names"),
    (lambda: Node.standard(TASK).with_timeout("5 sec"), "'5 sec' is no duration"),
    (lambda: Node.standard(TASK).with_timeout(timedelta(0)), "must be positive"),
    (lambda: Node.standard(TASK).with_timeout(timedelta(days=3651)), "at most 3650d"),
    (lambda: Node.standard(TASK).with_id("Ask"), "'Ask' is no id"),
    (lambda: Node.standard(TASK).with_label("l" * 65), "65 characters; at most 64"),
    (lambda: Node.standard(TASK).with_retry(Linear(timedelta(seconds=1), 101)), "from 1 to 100"),
    (lambda: Node.standard(TASK).with_input(secret("a")), "whole value of a parameter"),
    (lambda: Retry.linear("1s", 0), "from 1 to 100"),
    (lambda: Retry.linear("1s", 1, retry_on=[], do_not_retry=[]), "exclude each other"),
    (lambda: Retry.polynomial("1s", 0, 1), "positive number"),
    (lambda: Node.pass_().after("soon"), "'soon' is no duration"),
    (lambda: Node.pass_().at("soon"), "'soon' is no instant"),
    (lambda: Node.pass_().at(datetime(2026, 1, 1)), "has no offset"),
    (lambda: Node.pass_().on_success(Node.ref("a")).on_success(Node.ref("b")), "on_success already"),
    (lambda: Node.fail(3), "text or a leaf"),  # type: ignore[arg-type]
    (lambda: Node.fork("j", {"a": Node.pass_()}), "at least two branches"),
    (lambda: Node.fork("j", {"a": Node.pass_(), "B": Node.pass_()}), "'B' is no id"),
    (lambda: Node.fork("j", {"a": Node.pass_(), "b": Node.pass_()}, concurrency=0), "at least 1"),
    (lambda: Node.join("j", Quorum(0)), "at least 1"),
    (lambda: Node.join("j", And(of=())), "at least one branch"),
    (lambda: Node.each(from_("/input"), Node.pass_(), And(of=("a",))), "'of' is no field"),
    (lambda: Node.each([1], Node.pass_()), "over must be a leaf"),  # type: ignore[arg-type]
    (lambda: Node.each(from_("/input"), Node.pass_(), at_most=10_001), "from 1 to 10000"),
    (lambda: Node.loop(Node.pass_(), ALWAYS, 0), "from 1 to 10000"),
    (lambda: Node.call(Spec.single(Node.pass_()).with_repeat(Repeat.times("1h", 2))), "a body runs once"),
    (lambda: Node.ref("A"), "'A' is no id"),
    (lambda: Spec.of(), "at least one entry point"),
    (lambda: Spec.of(Node.pass_()).with_repeat(Times(timedelta(seconds=1), 0)), "at least 1"),
    (lambda: dispatched_at_most("a", -1), "at least 0"),
    (lambda: all_of(), "at least one condition"),
    (lambda: exists("a"), "leading slash"),
    (lambda: compare("/a", "eq", 1), "'eq' is no comparison"),  # type: ignore[arg-type]
    (lambda: equals("/a", {"$x": 1}), "cannot stand here"),
    (lambda: from_("/output"), "begin it with /payload"),
    (lambda: from_(), "at least one pointer"),
    (lambda: text("{"), "never closed"),
    (lambda: secret("p", version=0), "at least 1"),
]


@pytest.mark.parametrize(("make", "sentence"), WRONG, ids=[sentence for _, sentence in WRONG])
def test_a_wrong_argument_is_refused_at_once_with_the_sentence_of_the_parser(
    make: Callable[[], object], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        make()


def test_a_node_is_never_changed_by_what_is_built_on_it() -> None:
    task = Node.standard(TASK)
    assert task.with_id("a").id == "a"
    assert task.id is None
    with pytest.raises(FrozenInstanceError):
        task.id = "b"  # type: ignore[misc]
