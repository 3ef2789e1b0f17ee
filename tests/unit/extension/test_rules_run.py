"""What conditions, join strategies and retry policies of a user's do to a traversal."""

from datetime import timedelta
from typing import Any

import pytest

from tests.unit.extension.rules import RULES
from tests.unit.simulation.scenarios import load_nothing
from waygrid_core.outcome import Failure
from waygrid_core.simulation import Observation, load_scenarios, run_scenario


def observe(text: str) -> Observation:
    loaded = load_scenarios(f"name: it\n{text}\nexpect: {{}}".encode(), load_nothing)
    assert not isinstance(loaded, Failure), loaded.failure()
    return run_scenario(loaded.unwrap()[0], extensions=RULES).actual


def routed(condition: str, output: str) -> tuple[str, ...]:
    return tuple(
        observe(f"""
spec:
  entryPoints:
    - type: standard
      id: ask
      address: waygrid://processor/ask
      onConditions:
        - condition: {condition}
          to: {{type: standard, id: there, address: waygrid://processor/there}}
      onSuccess: {{type: standard, id: else, address: waygrid://processor/else}}
outcomes: {{ask: [{{succeed: {output}}}]}}
""").dispatched
    )


@pytest.mark.parametrize(
    ("condition", "output", "to"),
    [
        ("{type: Even}", "{n: 2}", "there"),
        ("{type: Even}", "{n: 3}", "else"),
        ("{type: Even}", "{}", "else"),  # it raises
        ("{type: Not, cond: {type: Even}}", "{n: 3}", "there"),
        ("{type: And, all: [{type: Even}, {type: Even, key: m}]}", "{n: 2, m: 4}", "there"),
        ("{type: And, all: [{type: Even}, {type: Even, key: m}]}", "{n: 2, m: 3}", "else"),
        ("{type: Or, any: [{type: JsonExists, pointer: /x}, {type: Even, key: m}]}", "{m: 2}", "there"),
        ("{type: Odd, says: raise}", "{}", "else"),
        ("{type: Odd, says: 1}", "{}", "else"),
        ("{type: Not, cond: {type: Odd, says: raise}}", "{}", "there"),
    ],
)
def test_a_condition_leads_a_token_as_any_other(condition: str, output: str, to: str) -> None:
    assert routed(condition, output) == ("ask", to)


def joined(strategy: str, outcomes: str, more: str = "") -> Observation:
    branches = "\n".join(
        f"        {name}: {{type: standard, id: {name}, address: waygrid://processor/{name}}}" for name in "abcd"
    )
    return observe(f"""
spec:
  entryPoints:
    - type: fork
      joinNodeId: j
      {more}
      branches:
{branches}
      join: {{type: join, joinNodeId: j, strategy: {strategy}}}
outcomes: {outcomes}
""")


FAST_TWO = (
    "{a: [{succeed: 1, after: 1s}], b: [{succeed: 2, after: 2s}], c: [{succeed: 3, after: 3s}], d: [{never: true}]}"
)


def test_a_majority_holds_with_the_third_of_four_and_cancels_the_last() -> None:
    observed = joined("{type: Majority}", FAST_TWO)
    assert observed.status == "completed"
    assert observed.output == {"a": 1, "b": 2, "c": 3}
    assert observed.nodes["d"] == "canceled"
    assert observed.elapsed == timedelta(seconds=3)


def test_a_majority_fails_as_soon_as_half_is_lost() -> None:
    observed = joined(
        "{type: Majority}", "{a: [{fail: no, after: 1s}], b: [{fail: no, after: 2s}], c: [{never: true}]}"
    )
    assert observed.status == "failed"
    assert observed.error == "join-failed"
    assert "Majority does not hold; 1 branches succeeded, 2 did not" in observed.error_message
    assert observed.elapsed == timedelta(seconds=2)


def test_weights_count_and_not_heads() -> None:
    strategy = "{type: Weighted, weights: {d: 3}, needed: 4}"
    outcomes = (
        "{a: [{succeed: 1, after: 2s}], b: [{succeed: 1, after: 3s}], c: [{fail: no}], d: [{succeed: 4, after: 1s}]}"
    )
    observed = joined(strategy, outcomes)
    assert observed.output == {"a": 1, "d": 4}


def test_a_rule_is_asked_at_the_fork_too() -> None:
    observed = joined("{type: OddJoin, says: holds}", "{}")
    assert observed.status == "completed"
    assert observed.output == {}
    assert observed.dispatched == ()


def test_who_never_decides_fails_when_nobody_is_left() -> None:
    observed = joined("{type: OddJoin}", "{}")
    assert observed.status == "failed"
    assert observed.error == "join-failed"


@pytest.mark.parametrize("says", ["raise", "perhaps"])
def test_a_join_strategy_that_is_broken_fails_the_join(says: str) -> None:
    observed = joined(f"{{type: OddJoin, says: {says}}}", "{}")
    assert observed.status == "failed"
    assert observed.error == "extension-error"
    assert "'OddJoin', asked for judge" in observed.error_message


def test_branches_wait_for_room_under_a_rule_as_under_any_strategy() -> None:
    observed = joined(
        "{type: First, branch: b}", "{a: [{succeed: 1, after: 5s}], b: [{succeed: 2, after: 5s}]}", "concurrency: 1"
    )
    assert observed.dispatched == ("a", "b")
    assert observed.elapsed == timedelta(seconds=10)
    assert observed.output == {"a": 1, "b": 2}


def each(strategy: str, items: str, outcomes: str) -> Observation:
    return observe(f"""
spec:
  entryPoints:
    - type: each
      id: all
      over: {{$from: /payload}}
      strategy: {strategy}
      body: {{type: standard, id: one, address: waygrid://processor/one}}
payload: {items}
outcomes: {outcomes}
""")


def test_the_members_of_an_each_are_judged_by_a_rule() -> None:
    observed = each("{type: Majority}", "[1, 2, 3]", "{all/one: [{succeed: {n: 1}}]}")
    assert observed.status == "completed"
    assert observed.output == [{"n": 1}, {"n": 1}, None]


def test_an_empty_each_is_what_the_rule_makes_of_nobody() -> None:
    observed = each("{type: Majority}", "[]", "{}")
    assert observed.status == "failed"
    assert observed.error == "join-failed"
    assert each("{type: OddJoin, says: holds}", "[]", "{}").output == []


def test_a_loop_ends_when_a_rule_holds_of_a_round() -> None:
    observed = observe("""
spec:
  entryPoints:
    - type: loop
      id: rounds
      atMost: 10
      until: {type: And, all: [{type: Even}, {type: JsonCompare, pointer: /n, op: gt, value: {$from: /payload/least}}]}
      body: {type: standard, id: one, address: waygrid://processor/one}
payload: {least: 3}
outcomes: {rounds/one: [{succeed: {n: 2}}, {succeed: {n: 5}}, {succeed: {n: 6}}]}
""")
    assert observed.status == "completed"
    assert observed.output == {"n": 6}
    assert observed.dispatched == ("rounds", "rounds/one", "rounds/one", "rounds/one")


def tried(policy: str, outcomes: str) -> Observation:
    return observe(f"""
spec:
  entryPoints:
    - {{type: standard, id: ask, address: waygrid://processor/ask, retryPolicy: {policy}}}
outcomes: {{ask: {outcomes}}}
""")


def test_a_retry_waits_as_the_code_says_and_draws_the_same_again() -> None:
    policy = "{type: PerCode, delays: {busy: 10s}, otherwise: 1s, most: 2}"
    observed = tried(policy, "[{fail: no, code: busy}, {fail: no}, {succeed: {}}]")
    assert observed.status == "completed"
    assert observed.dispatched == ("ask",) * 3
    assert timedelta(seconds=11) <= observed.elapsed < timedelta(seconds=16.5)
    assert tried(policy, "[{fail: no, code: busy}, {fail: no}, {succeed: {}}]").elapsed == observed.elapsed


def test_when_a_rule_says_no_more_the_failure_is_for_good() -> None:
    observed = tried("{type: PerCode, otherwise: 1s, most: 2}", "[{fail: no}]")
    assert observed.status == "failed"
    assert len(observed.dispatched) == 3


def test_a_rule_that_retries_for_ever_retries_a_hundred_times() -> None:
    assert len(tried("{type: OddRetry}", "[{fail: no}]").dispatched) == 101


def test_a_delay_of_a_century_is_a_year() -> None:
    observed = tried("{type: OddRetry, how: a-century}", "[{fail: no}, {succeed: {}}]")
    assert observed.elapsed == timedelta(days=365)


@pytest.mark.parametrize("how", ["backwards", "raise", "text"])
def test_a_retry_rule_that_is_broken_retries_nothing(how: str) -> None:
    observed: Any = tried(f"{{type: OddRetry, how: {how}}}", "[{fail: no}]")
    assert observed.status == "failed"
    assert observed.dispatched == ("ask",)


def test_a_failure_that_the_same_input_would_have_again_is_not_the_rules_to_retry() -> None:
    assert tried("{type: OddRetry}", "[{fail: no, code: bad-value}]").dispatched == ("ask",)
