"""Guarantees about what comes after something, and about how every run ends: kept, and broken by a shortest run."""

from tests.unit.verify.specs import (
    Document,
    always,
    errors,
    fork,
    never,
    never_after,
    one_of,
    spec,
    task,
    the_error,
    verified,
)

AND = {"type": "And"}
OR = {"type": "Or"}
RETRY = {"type": "Linear", "base": "1s", "maxRetries": 2}


def is_proved(document: Document) -> bool:
    return verified(document).verdict == "proved"


def test_a_refund_follows_every_payment_that_fails() -> None:
    payment = task("pay", timeout="1m", onSuccess=task("ship"), onFailure=task("refund"))
    assert is_proved(spec(payment, guarantees=[always("refund", failed="pay")]))


def test_a_payment_that_times_out_has_failed_too() -> None:
    payment = task("pay", timeout="1m", onFailure=task("refund"), onTimeout=task("tell"))
    assert the_error(spec(payment, guarantees=[always("refund", failed="pay")])) == (
        "guarantee-broken",
        "a run may end without a dispatch of refund after pay has failed",
        [
            "it begins: pay is dispatched",
            "pay runs out of time: tell is dispatched",
            "tell succeeds: the traversal completes",
        ],
    )


def test_what_is_dispatched_before_the_moment_does_not_count() -> None:
    chain = task("refund", onSuccess=task("pay"))
    code, _, run = the_error(spec(chain, guarantees=[always("refund", failed="pay")]))
    assert (code, run[-1]) == ("guarantee-broken", "pay fails: the traversal fails")
    assert is_proved(spec(chain, guarantees=[always("refund")]))


def test_a_traversal_that_runs_out_of_time_ends_without_what_is_owed() -> None:
    waits = task("refund", deliveryStrategy={"type": "ScheduleAfter", "delay": "1h"})
    document = spec(task("pay", onFailure=waits), timeout="1d", guarantees=[always("refund", failed="pay")])
    code, _, run = the_error(document)
    assert code == "guarantee-broken"
    assert run[-1] == "the traversal runs out of time: refund is canceled, the traversal has timed out"


def test_a_join_that_runs_out_of_time_cancels_what_is_owed() -> None:
    branches = {"a": task("pay", onFailure=task("wait", onSuccess=task("refund"), onFailure={"ref": "refund"}))}
    branches |= {name: task(name) for name in ("b", "c")}
    document = spec(fork(branches, AND, timeout="1h"), guarantees=[always("refund", failed="pay")])
    code, _, run = the_error(document)
    assert code == "guarantee-broken"
    assert "both" in run[-1] or "fails" in run[-1]
    assert is_proved(spec(fork(branches, AND), guarantees=[never_after("pay", failed="pay")]))


def test_a_branch_goes_on_after_the_moment() -> None:
    branches = {"money": task("pay", onSuccess=task("confirm")), "goods": task("pack", onSuccess=task("ship"))}
    code, sentence, run = the_error(spec(fork(branches, OR), guarantees=[never_after("ship", failed="pay")]))
    assert (code, sentence) == ("guarantee-broken", "ship may be dispatched after pay has failed")
    assert run[1:] == [
        "pay fails: the branch money has failed",
        "pack succeeds: ship is dispatched",
    ]
    assert is_proved(spec(fork(branches, AND), guarantees=[never_after("ship", failed="pay")]))


def test_a_retry_after_the_moment_is_a_dispatch_after_it() -> None:
    branches = {"money": task("pay"), "goods": task("ship", retryPolicy=RETRY)}
    code, _, run = the_error(spec(fork(branches, AND), guarantees=[never_after("ship", succeeded="pay")]))
    assert code == "guarantee-broken"
    assert run[-1] == "ship is tried again: ship is dispatched"


def test_every_run_ships_or_refunds_and_none_does_both() -> None:
    exclusive = task("pay", onSuccess=task("ship"), onFailure=task("refund"))
    assert is_proved(spec(exclusive, guarantees=[one_of("ship", "refund")]))
    both = task("pay", onSuccess=task("ship", onFailure=task("refund")), onFailure={"ref": "refund"})
    code, sentence, run = the_error(spec(both, guarantees=[one_of("ship", "refund")]))
    assert (code, sentence) == ("guarantee-broken", "a run may dispatch none, or more than one, of ship and refund")
    assert run[-1] == "ship fails: refund is dispatched"
    unhandled = task("ask", onSuccess=task("pay", onSuccess=task("ship"), onFailure=task("refund")))
    _, _, run = the_error(spec(unhandled, guarantees=[one_of("ship", "refund")]))
    assert run == ["it begins: ask is dispatched", "ask fails: the traversal fails"]


def test_a_retry_is_not_another_one() -> None:
    document = spec(task("ship", retryPolicy=RETRY, onFailure=task("tell")), guarantees=[one_of("ship", "mail")])
    document["entryPoints"].append(task("mail"))
    assert is_proved(document)


def test_an_empty_list_runs_its_body_for_nobody() -> None:
    """It was proved once."""
    each = {"type": "each", "id": "all", "over": {"$from": "/payload/items"}, "body": task("charge")}
    document = spec({**each, "onSuccess": task("ship")}, guarantees=[never("ship", "all/charge")])
    assert [finding.sentence for _, finding in errors(verified(document))] == [
        "ship may be dispatched before all/charge has succeeded"
    ]


def test_a_timer_says_nothing_of_what_a_body_had_come_to() -> None:
    """It was proved once."""
    body = {"type": "pass", "id": "noted", "onSuccess": {"type": "fail", "code": "x"}}
    call = {"type": "call", "id": "ask", "body": body, "timeout": "1m", "onFailure": task("ship")}
    assert is_proved(spec(call, guarantees=[never("ship", "ask/noted")])) is False
    handled = {**call, "onTimeout": task("tell")}
    assert is_proved(spec(handled, guarantees=[never("ship", "ask/noted")]))


def test_a_loop_that_gives_up_had_rounds_that_succeeded() -> None:
    body = {"type": "pass", "id": "noted", "onSuccess": task("ask")}
    loop = {"type": "loop", "id": "poll", "body": body, "atMost": 2, "until": {"type": "JsonExists", "pointer": "/x"}}
    assert is_proved(spec({**loop, "onFailure": task("tell")}, guarantees=[never("tell", "poll/noted")]))
