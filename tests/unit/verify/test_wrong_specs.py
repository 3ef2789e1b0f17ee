"""Twelve Specs that are wrong, each in its own way, and what a stranger is told about each."""

from tests.unit.verify.specs import Document, at_most, codes, errors, fork, never, spec, task, the_error, verified

AND = {"type": "And"}
OR = {"type": "Or"}


def exists(key: str) -> dict[str, object]:
    return {"type": "JsonExists", "pointer": f"/{key}"}


def test_money_goes_out_before_anybody_has_approved() -> None:
    document = spec(
        fork({"approval": task("approval"), "payout": task("reserve", onSuccess=task("payout"))}, AND),
        guarantees=[never("payout", "approval")],
    )
    assert the_error(document) == (
        "guarantee-broken",
        "payout may be dispatched before approval has succeeded",
        [
            "it begins: both opens, approval is dispatched, reserve is dispatched",
            "reserve succeeds: payout is dispatched",
        ],
    )


def test_a_timeout_lets_work_go_on_that_should_wait() -> None:
    approval = task("approval", timeout="1h", onSuccess=task("payout"), onTimeout={"ref": "payout"})
    code, _, run = the_error(spec(approval, guarantees=[never("payout", "approval")]))
    assert code == "guarantee-broken"
    assert run == ["it begins: approval is dispatched", "approval runs out of time: payout is dispatched"]


def test_a_retry_sends_a_second_letter() -> None:
    retried = task("letter", retryPolicy={"type": "Linear", "base": "1s", "maxRetries": 2})
    code, _, run = the_error(spec(retried, guarantees=[at_most("letter", 1)]))
    assert code == "guarantee-broken"
    assert run == [
        "it begins: letter is dispatched",
        "letter fails: letter will be tried again",
        "letter is tried again: letter is dispatched",
    ]


def test_two_branches_may_both_send_what_should_be_sent_once() -> None:
    first, second = task("look-here", onSuccess=task("mail-a", label="m")), task("look-there", onSuccess=task("mail-b"))
    for each in (first, second):
        del each["onSuccess"]["id"]
        each["onSuccess"]["label"] = "mail"
    document = spec(fork({"a": first, "b": second}, OR), guarantees=[at_most("mail", 1)])
    code, _, run = the_error(document)
    assert code == "guarantee-broken"
    assert run[-1].endswith("mail is dispatched")
    assert sum("mail is dispatched" in line for line in run) == 2


def test_a_guarantee_about_a_body_is_broken_by_whoever_runs_it_too_often() -> None:
    body = task("charge")
    document = spec(
        {"type": "loop", "id": "poll", "body": body, "until": exists("done"), "atMost": 3},
        guarantees=[at_most("poll/charge", 2)],
    )
    code, sentence, run = the_error(document)
    assert (code, run) == ("guarantee-broken", ["it begins: poll is dispatched"])
    assert sentence == "poll/charge may be dispatched more than 2 times"


def test_what_runs_at_the_end_runs_without_what_should_come_before() -> None:
    document = spec(task("work"), onEnd=task("invoice"), guarantees=[never("onEnd/invoice", "work")])
    code, _, run = the_error(document)
    assert code == "guarantee-broken"
    assert run == ["it begins: work is dispatched", "work fails: the traversal fails"]


def test_a_join_waits_for_a_branch_that_always_fails() -> None:
    fails = {"type": "fail", "code": "never-works"}
    code, sentence, _ = the_error(spec(fork({"a": task("a"), "b": task("b", onFailure=fails, onSuccess=fails)}, AND)))
    assert code == "join-never-holds"
    assert sentence == "the join both can never hold: not enough of its branches can succeed"


def test_a_condition_contradicts_itself() -> None:
    both = {"type": "And", "all": [exists("paid"), {"type": "Not", "cond": exists("paid")}]}
    document = spec(task("order", onConditions=[{"condition": both, "to": task("ship")}], onSuccess=task("store")))
    assert the_error(document) == (
        "unreachable-node",
        (
            "no run takes the edge 'has /paid and not has /paid' from order to ship, and no other way leads there: "
            "its condition contradicts itself, or one before it always holds then"
        ),
        [],
    )


def test_a_condition_comes_after_one_that_holds_whenever_it_does() -> None:
    conditions = [
        {"condition": {"type": "JsonCompare", "pointer": "/total", "op": "gt", "value": 10}, "to": task("check")},
        {"condition": {"type": "JsonCompare", "pointer": "/total", "op": "gt", "value": 1000}, "to": task("call-boss")},
    ]
    code, sentence, _ = the_error(spec(task("order", onConditions=conditions, onSuccess=task("ship"))))
    assert code == "unreachable-node"
    assert "from order to call-boss" in sentence


def test_conditions_leave_nothing_over_for_what_comes_after_them() -> None:
    conditions = [
        {"condition": exists("paid"), "to": task("ship")},
        {"condition": {"type": "Not", "cond": exists("paid")}, "to": task("remind")},
    ]
    code, sentence, _ = the_error(spec(task("order", onConditions=conditions, onSuccess=task("forget"))))
    assert code == "unreachable-node"
    assert sentence.endswith("one of its conditions always holds")


def test_a_handler_waits_for_a_failure_that_cannot_come() -> None:
    body = {"type": "pass", "id": "nothing"}
    document = spec({"type": "call", "id": "ask", "body": body, "onFailure": task("apologize")})
    code, sentence, _ = the_error(document)
    assert code == "unreachable-node"
    assert "from ask to apologize" in sentence


def test_a_race_is_over_before_a_branch_begins() -> None:
    document = spec(fork({"a": {"type": "pass", "id": "at-once"}, "b": task("slow")}, OR))
    code, sentence, _ = the_error(document)
    assert code == "unreachable-node"
    assert "from both to slow" in sentence


def test_nothing_bounds_an_await_and_nothing_handles_a_failure() -> None:
    document = spec({"type": "await", "id": "answer", "event": "answered"})
    assert codes(document) == ["unbounded-await"]
    document["entryPoints"][0]["timeout"] = "1d"
    assert codes(document) == ["unhandled-failure"]


def unhandled(document: Document) -> list[str]:
    return [
        name for _, found in verified(document).findings if found.code == "unhandled-failure" for name in found.nodes
    ]


def test_all_whose_failure_nothing_handles_are_named_those_that_are_alike_too() -> None:
    alike = {name: task(name) for name in "abc"}
    assert unhandled(spec(fork(alike, {"type": "And"}))) == ["a", "b", "c"]
    inner = {**fork({name: task(name) for name in "xy"}, {"type": "And"}), "joinNodeId": "inner"}
    inner["join"]["joinNodeId"] = "inner"
    after = task("z", always={"type": "pass"})
    assert unhandled(spec(fork({"a": inner, "b": after}, {"type": "And"}))) == ["x", "y"]


def test_one_branch_that_a_join_can_do_without_is_no_failure_that_nothing_handles() -> None:
    branches = {"a": task("a"), "b": task("b", onSuccess=task("b2")), "c": task("c", timeout="1m")}
    assert unhandled(spec(fork(branches, {"type": "Quorum", "n": 2}))) == ["both"]
    assert unhandled(spec(fork(branches, OR))) == ["both"]
    assert unhandled(spec(fork(branches, OR, onFailure=task("mend", always={"type": "pass"})))) == []


def test_what_is_alike_but_for_how_its_body_may_end_is_not_alike() -> None:
    never = {"type": "call", "id": "a", "body": {"type": "fail", "code": "no"}, "onSuccess": task("a2")}
    code, sentence, _ = the_error(spec(fork({"a": never, "b": task("b", onSuccess=task("b2"))}, OR)))
    assert code == "unreachable-node"
    assert "from a to a2" in sentence


def test_an_await_has_no_failure_that_anything_could_follow_from() -> None:
    after = task("ship", always={"type": "pass"})
    document = spec(
        {"type": "await", "id": "paid", "event": "paid", "always": after}, guarantees=[never("ship", "paid")]
    )
    assert errors(verified(document)) == []


def test_a_loop_waits_for_what_no_output_is() -> None:
    until = {"type": "And", "all": [exists("paid"), {"type": "Not", "cond": exists("paid")}]}
    loop = {"type": "loop", "id": "poll", "until": until, "atMost": 3, "body": task("ask"), "onFailure": task("end")}
    (finding,) = [found for _, found in errors(verified(spec({"type": "call", "id": "c", "body": loop})))]
    assert (finding.code, finding.sentence) == (
        "until-never-holds",
        "the until of c/poll holds of no output, so it always fails: has /paid and not has /paid",
    )


def test_retries_need_more_time_than_there_is() -> None:
    retried = task("call", retryPolicy={"type": "Exponential", "base": "1m", "maxRetries": 6}, timeout="1m")
    (finding,) = [each for _, each in verified(spec(retried, timeout="10m")).findings if each.code == "retry-budget"]
    assert finding.sentence == (
        "call may take 70m for its 7 attempts, but the timeout of the traversal ends it after 10m; allow fewer or "
        "quicker retries, or more time"
    )
