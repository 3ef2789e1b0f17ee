"""What `verify` makes of rules: a condition is a free choice, a join strategy is asked for real."""

from typing import Any

from attrs import frozen

from tests.unit.extension.rules import Even
from tests.unit.extension.test_rules_in_dags import ask, compiled, fork, when
from waygrid_core.compile.pipeline import compile_document
from waygrid_core.extension.extension import JoinRule
from waygrid_core.extension.registry import Extensions
from waygrid_core.extension.tally import Tally, Verdict
from waygrid_core.verify.verification import verify
from waygrid_core.verify.witness import ELSE, routing_of


def found(verification: Any) -> set[tuple[str, str]]:
    return {(finding.code, name) for _, finding in verification.findings for name in finding.nodes}


def test_a_condition_may_hold_or_not() -> None:
    codes = {code for code, _ in found(verify(compiled(when({"type": "Even"}))))}
    assert not codes & {"unreachable-node", "unreachable-edge"}


def test_what_no_output_reaches_whatever_a_rule_says_is_found() -> None:
    document = ask(
        onConditions=[
            {"condition": {"type": "JsonExists", "pointer": "/a"}, "to": {"type": "pass", "id": "one"}},
            {"condition": {"type": "Even"}, "to": {"type": "pass", "id": "two"}},
            {"condition": {"type": "JsonExists", "pointer": "/a"}, "to": {"type": "pass", "id": "dead"}},
        ],
        onSuccess={"type": "pass", "id": "else"},
    )
    unreached = {name for code, name in found(verify(compiled(document))) if code == "unreachable-node"}
    assert "dead" in unreached
    assert not unreached & {"one", "two", "else"}


def test_one_rule_has_one_answer_wherever_it_stands() -> None:
    routing = routing_of([Even(), Even()])
    assert routing.possible == (0, ELSE)
    assert routing_of([Even(), Even("m")]).possible == (0, 1, ELSE)


def test_with_more_rules_than_can_be_gone_through_anything_is_possible() -> None:
    rules = [Even(str(number)) for number in range(10)]
    assert routing_of(rules).possible == (*range(10), ELSE)


def test_an_output_that_a_rule_holds_of_is_a_witness() -> None:
    @frozen
    class IsObject(Even):
        name = "IsObject"

        def holds(self, output: Any) -> bool:
            return isinstance(output, dict)

    assert routing_of([IsObject()]).witness == {0: {}}


def test_a_join_that_never_holds_is_found() -> None:
    document = fork({"type": "First", "branch": "z"})
    assert ("join-never-holds", "j") in found(verify(compiled(document)))
    assert ("join-never-holds", "j") not in found(verify(compiled(fork({"type": "First", "branch": "a"}))))


@frozen
class Sequence(JoinRule):
    """Holds if `b` succeeded while `a` was under way, which only some orders lead to."""

    name = "Sequence"

    def judge(self, tally: Tally) -> Verdict:
        if tally.standing("b") == "succeeded" and tally.standing("a") == "left" and tally.standing("c") == "lost":
            return "holds"
        return "cannot-hold" if tally.standing("a") != "left" else "open"


def test_a_join_whose_order_counts_is_gone_through_in_every_order() -> None:
    verification = verify(compiled(fork({"type": "Sequence"}), Extensions.of(Sequence)))
    assert ("join-never-holds", "j") not in found(verification)
    assert set(verification.reports[0].ends) == {"completed", "failed"}


def test_branches_are_merged_only_if_the_rule_does_not_tell_them_apart() -> None:
    by_count = verify(compiled(fork({"type": "Majority"}))).reports[0].states
    by_name = verify(compiled(fork({"type": "Weighted", "needed": 2}))).reports[0].states
    assert by_count < by_name


def test_retries_by_a_rule_are_weighed_against_the_time_around_them() -> None:
    document = ask(retryPolicy={"type": "PerCode", "otherwise": "10s", "most": 2})
    assert not {code for code, _ in found(verify(compiled(document)))} & {"retry-budget"}
    document["timeout"] = "25s"
    verification = verify(compiled(document))
    (budget,) = [finding for _, finding in verification.findings if finding.code == "retry-budget"]
    assert "30s for its 3 attempts" in budget.sentence


@frozen
class Whatever(JoinRule):
    """Holds when nobody is left."""

    name = "Whatever"

    def judge(self, tally: Tally) -> Verdict:
        return "holds" if tally.is_over else "open"


def test_an_each_that_a_rule_decides_may_hold_whatever_its_items_come_to() -> None:
    each = {"type": "each", "over": {"$from": "/payload"}, "body": {"type": "fail", "code": "no"}}
    way = {"type": "pass", "id": "fine"}
    for strategy, unreached in (("Or", {"fine"}), ("Whatever", set[str]())):
        document: Any = {"entryPoints": [{**each, "id": "e", "strategy": {"type": strategy}, "onSuccess": way}]}
        made = compile_document(document, extensions=Extensions.of(Whatever)).unwrap()
        assert {name for code, name in found(verify(made)) if code == "unreachable-node"} - {"e"} == unreached
