"""What comes first at one instant: the file's signals, then messages first in first out, then timers."""

import pytest

from tests.unit.simulation.scenarios import names_dispatched, observe, output_of

RACE = """
spec:
  entryPoints:
    - type: fork
      joinNodeId: j
      branches:
        a: {type: standard, id: a, address: waygrid://processor/x, timeout: 5s}
        b: {type: standard, id: b, address: waygrid://processor/x}
      join: {type: join, joinNodeId: j, strategy: {type: Or}}
"""


def test_a_signal_at_0s_comes_before_the_begin() -> None:
    observed = observe(RACE + "signals: [{at: 0s, cancel: no}]")
    assert (observed.status, observed.dispatched, observed.runs) == ("canceled", (), 0)


def test_a_pause_before_the_begin_changes_nothing() -> None:
    assert observe(RACE + "signals: [{at: 0s, pause: true}]").status == "completed"


def test_a_service_answers_in_the_step_in_which_its_dispatch_arrives() -> None:
    # So the first branch decides the join before the second one's dispatch has arrived.
    assert output_of(RACE + "outcomes: {a: [{succeed: 1}], b: [{succeed: 2}]}") == {"a": 1}


def test_a_dispatch_that_is_under_way_arrives_though_its_branch_has_been_canceled() -> None:
    nested = RACE.replace(
        "b: {type: standard, id: b, address: waygrid://processor/x}",
        "b: {type: call, id: b, body: {type: standard, id: inner, address: waygrid://processor/x}}",
    )
    assert names_dispatched(nested) == ["a", "b", "b/inner"]


def test_answers_due_at_one_instant_come_in_the_order_of_their_dispatches() -> None:
    outcomes = "outcomes: {a: [{succeed: 1, after: 3s}], b: [{succeed: 2, after: 3s}]}"
    assert output_of(RACE + outcomes) == {"a": 1}


def test_an_answer_comes_before_a_timer_of_the_same_instant() -> None:
    observed = observe(RACE + "outcomes: {a: [{succeed: 1, after: 5s}], b: [{never: true}]}")
    assert (observed.status, observed.nodes["a"]) == ("completed", "succeeded")


def test_a_signal_of_the_file_comes_before_an_answer_of_the_same_instant() -> None:
    observed = observe(
        RACE + "outcomes: {a: [{succeed: 1, after: 3s}], b: [{never: true}]}\nsignals: [{at: 3s, cancel: x}]"
    )
    assert observed.status == "canceled"


def test_signals_of_one_instant_come_in_the_order_of_the_file() -> None:
    first = "signals: [{at: 1s, pause: true}, {at: 1s, unpause: true}]"
    second = "signals: [{at: 1s, unpause: true}, {at: 1s, pause: true}]"
    outcomes = "outcomes: {a: [{succeed: 1, after: 3s}], b: [{never: true}]}\n"
    assert observe(RACE + outcomes + first).status == "completed"
    assert observe(RACE + outcomes + second).status == "running"


def test_timers_of_one_instant_fire_in_the_order_in_which_they_were_set() -> None:
    waits = """
spec:
  entryPoints:
    - type: fork
      joinNodeId: j
      branches:
        a: {type: pass, id: a, output: 1, deliveryStrategy: {type: ScheduleAfter, delay: 5s}}
        b: {type: pass, id: b, output: 2, deliveryStrategy: {type: ScheduleAfter, delay: 5s}}
      join: {type: join, joinNodeId: j, strategy: {type: Or}}
"""
    assert output_of(waits) == {"a": 1}


@pytest.mark.parametrize("timeout_of", ["spec", "join"])
def test_in_one_transition_the_timers_of_the_traversal_and_of_the_join_come_before_those_of_nodes(
    timeout_of: str,
) -> None:
    spec = """
spec:
  entryPoints:
    - type: fork
      joinNodeId: j
      branches:
        a: {type: standard, id: a, address: waygrid://processor/x, timeout: 5s}
        b: {type: standard, id: b, address: waygrid://processor/x}
      join: {type: join, joinNodeId: j, strategy: {type: And}, JOIN}
  SPEC
outcomes: {a: [{never: true}], b: [{never: true}]}
"""
    filled = spec.replace("JOIN", "timeout: 5s" if timeout_of == "join" else "description: d")
    filled = filled.replace("SPEC", "timeout: 5s" if timeout_of == "spec" else "description: d")
    observed = observe(filled)
    assert observed.nodes["a"] == "canceled"
    assert observed.nodes["j"] == ("timed-out" if timeout_of == "join" else "canceled")


def test_the_messages_that_a_timer_causes_are_delivered_before_the_next_timer_fires() -> None:
    spec = """
spec:
  entryPoints:
    - type: fork
      joinNodeId: j
      branches:
        a:
          type: standard
          id: a
          address: waygrid://processor/x
          deliveryStrategy: {type: ScheduleAfter, delay: 5s}
        b: {type: pass, id: b, output: 2, deliveryStrategy: {type: ScheduleAfter, delay: 5s}}
      join: {type: join, joinNodeId: j, strategy: {type: Or}}
outcomes: {a: [{succeed: 1}]}
"""
    assert output_of(spec) == {"a": 1}


def test_a_childs_answer_is_a_message_of_its_own() -> None:
    # The call's body ends in the step of its begin; but its answer stands behind the dispatch of `b`.
    spec = RACE.replace(
        "a: {type: standard, id: a, address: waygrid://processor/x, timeout: 5s}",
        "a: {type: call, id: a, body: {type: pass, id: p, output: 1}}",
    )
    assert output_of(spec + "outcomes: {b: [{succeed: 2}]}") == {"b": 2}


LATER = """
spec:
  entryPoints:
    - type: fork
      joinNodeId: j
      branches:
        a: FIRST
        b:
          type: standard
          id: b1
          address: waygrid://processor/x
          onSuccess: STEPS
      join: {type: join, joinNodeId: j, strategy: {type: Or}}
"""


def race_against(first: str, steps: int) -> str:
    """Which branch wins: `first`, or a chain in which each of so many further steps is one message."""
    chain = "{type: pass, id: end}"
    for step in range(steps, 0, -1):
        chain = f"{{type: standard, id: s{step}, address: waygrid://processor/x, onSuccess: {chain}}}"
    output = output_of(LATER.replace("FIRST", first).replace("STEPS", chain))
    assert isinstance(output, dict)
    (winner,) = output
    return str(winner)


@pytest.mark.parametrize(
    ("first", "messages"),
    [
        # the begin of the body, its answer
        ("{type: call, id: a, body: {type: pass, id: p}}", 2),
        # the begin, the dispatch in the body, the answer
        ("{type: call, id: a, body: {type: standard, id: p, address: waygrid://processor/x}}", 3),
        # the begin of the loop, the begin of its round, the round's answer, the loop's answer
        ("{type: loop, id: a, atMost: 1, until: {type: Always}, body: {type: pass, id: p}}", 4),
        # the begin of the each, the begin of its member, the member's answer, the answer of the each
        ("{type: each, id: a, over: {$literal: [1]}, body: {type: pass, id: p}}", 4),
        # the begin of the each, its answer
        ("{type: each, id: a, over: {$literal: []}, body: {type: pass, id: p}}", 2),
    ],
)
def test_a_child_takes_so_many_messages_one_after_the_other(first: str, messages: int) -> None:
    # Each round of the queue delivers one message of each branch, that of `a` first. A chain of n nodes has ended in
    # round n; so `a` wins if it takes no more rounds than that.
    assert race_against(first, steps=messages - 1) == "a"
    assert race_against(first, steps=messages - 2) == "b"


def test_an_events_answer_is_a_message_of_its_own() -> None:
    event = "\nsignals: [{at: 0s, event: e}]"
    waits = LATER.replace("FIRST", "{type: await, id: a, event: e}")
    one = "{type: pass, id: end}"
    two = "{type: standard, id: s1, address: waygrid://processor/x}"
    assert list(dict.fromkeys(names_dispatched(waits.replace("STEPS", one) + event))) == ["a", "b1"]
    assert observe(waits.replace("STEPS", one) + event).nodes["a"] == "canceled"
    assert observe(waits.replace("STEPS", two) + event).nodes["a"] == "succeeded"


def test_an_event_of_the_file_answers_those_that_wait_by_a_message_each() -> None:
    spec = """
spec:
  entryPoints:
    - type: fork
      joinNodeId: j
      branches: {a: {type: await, event: e}, b: {type: await, event: e}}
      join: {type: join, joinNodeId: j, strategy: {type: Or}}
"""
    assert output_of(spec + "signals: [{at: 2s, event: e, data: 7}]") == {"a": 7}
