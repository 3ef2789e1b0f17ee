"""Names, statuses, what was dispatched, and how it ended: the words of a scenario's `expect`."""

import pytest

from tests.unit.simulation.scenarios import names_dispatched, observe, output_of, result_of

STEP = "type: standard, address: waygrid://processor/x"


def test_a_node_is_called_by_its_id_else_its_label_else_its_address() -> None:
    spec = f"""
spec:
  entryPoints:
    - {{{STEP}, id: one, label: First, onSuccess: {{{STEP}, label: The second, onSuccess: {{{STEP}}}}}}}
"""
    assert names_dispatched(spec) == ["one", "The second", "processor/x"]
    assert observe(spec).nodes == {"one": "succeeded", "The second": "succeeded", "processor/x": "succeeded"}


def test_a_join_without_an_id_is_called_by_its_join_node_id_and_a_fork_has_no_status() -> None:
    spec = """
spec:
  entryPoints:
    - type: fork
      id: f
      joinNodeId: j
      branches: {a: {type: pass}, b: {type: pass, label: B}}
      join: {type: join, joinNodeId: j, label: not this, strategy: {type: And}}
"""
    assert observe(spec).nodes == {"j": "succeeded", "B": "succeeded"}


def test_a_node_in_a_body_is_called_after_its_parent_and_one_in_an_on_end_after_that() -> None:
    spec = f"""
spec:
  entryPoints:
    - type: call
      label: Sub
      body:
        entryPoints: [{{type: loop, id: l, atMost: 1, until: {{type: Always}}, body: {{{STEP}}}}}]
        onEnd: {{{STEP}, id: clean}}
  onEnd: {{{STEP}, id: last}}
"""
    assert names_dispatched(spec) == ["Sub", "Sub/l", "Sub/l/processor/x", "Sub/onEnd/clean", "onEnd/last"]


def test_an_await_and_a_call_without_a_name_are_called_by_whom_they_are_addressed_to() -> None:
    spec = """
spec: {entryPoints: [{type: call, body: {type: await, event: e}}]}
"""
    assert names_dispatched(spec) == ["system/waystation", "system/waystation/system/inbox"]


@pytest.mark.parametrize(
    ("node", "status"),
    [
        ("{type: pass, id: n, deliveryStrategy: {type: ScheduleAfter, delay: 1h}}", "waiting"),
        (f"{{{STEP}, id: n, deliveryStrategy: {{type: ScheduleAfter, delay: 1h}}}}", "waiting"),
        (f"{{{STEP}, id: n, retryPolicy: {{type: Linear, base: 1h, maxRetries: 1}}}}", "waiting"),
    ],
)
def test_a_node_waits_while_it_is_scheduled_and_between_retries(node: str, status: str) -> None:
    fields = "\noutcomes: {n: [{fail: x}, {never: true}], first: [{succeed: 1, after: 1s}]}"
    spec = f"""
spec:
  entryPoints:
    - type: fork
      joinNodeId: j
      branches: {{a: {node}, b: {{{STEP}, id: first}}}}
      join: {{type: join, joinNodeId: j, strategy: {{type: Or}}, onSuccess: {{{STEP}, id: after}}}}
"""
    observed = observe(spec + fields + "\nsignals: [{at: 500ms, pause: true}]")
    # Paused before the branch has won: what it waits for is still as it was, and nothing is left that moves it.
    assert observed.status == "running"
    assert observed.nodes["j"] == "running"
    assert observed.nodes["n"] == status
    assert "after" not in observed.nodes


@pytest.mark.parametrize(
    ("outcome", "more", "status"),
    [
        ("{succeed: 1}", "", "succeeded"),
        ("{fail: x}", "", "failed"),
        ("{never: true}", ", timeout: 1s", "timed-out"),
        ("{fail: x, code: timeout}", "", "failed"),
        ("{never: true}", "", "running"),
    ],
)
def test_a_node_has_the_status_of_its_end(outcome: str, more: str, status: str) -> None:
    spec = f"spec: {{entryPoints: [{{{STEP}, id: n{more}}}]}}\noutcomes: {{n: [{outcome}]}}"
    assert observe(spec).nodes == {"n": status}


def test_a_node_in_a_body_has_the_status_of_the_last_round() -> None:
    spec = f"""
spec:
  entryPoints:
    - type: loop
      id: l
      atMost: 5
      until: {{type: JsonExists, pointer: /done}}
      body:
        type: standard
        id: a
        address: waygrid://processor/x
        onConditions: [{{condition: {{type: JsonExists, pointer: /done}}, to: {{type: pass, id: z}}}}]
        onSuccess: {{{STEP}, id: b}}
outcomes: {{l/a: [{{succeed: {{}}}}, {{succeed: {{done: 1}}}}]}}
expect:
  nodes: {{l/a: succeeded, l/b: not-reached, l/z: succeeded}}
  dispatched: [l, l/a, l/b, l/a]
"""
    assert result_of(spec).passed


def test_a_node_in_a_body_has_the_status_of_the_last_attempt() -> None:
    spec = f"""
spec:
  entryPoints:
    - type: call
      id: c
      retryPolicy: {{type: Linear, base: 1s, maxRetries: 3}}
      body: {{{STEP}, id: a, onSuccess: {{{STEP}, id: b}}}}
outcomes: {{c/a: [{{succeed: 1}}, {{fail: x}}, {{succeed: 1}}], c/b: [{{fail: x}}]}}
"""
    observed = observe(spec)
    assert observed.nodes == {"c": "failed", "c/a": "succeeded", "c/b": "failed"}
    assert list(observed.dispatched) == ["c", "c/a", "c/b", "c", "c/a", "c", "c/a", "c/b", "c", "c/a", "c/b"]
    two_attempts = observe(spec.replace("maxRetries: 3", "maxRetries: 1"))
    assert two_attempts.nodes == {"c": "failed", "c/a": "failed"}


EACH = f"""
spec:
  entryPoints:
    - type: each
      id: e
      over: {{$from: /payload}}
      strategy: {{type: Or}}
      concurrency: LIMIT
      body: {{{STEP}, id: x}}
payload: [1, 2, 3]
"""


def test_members_have_a_status_only_if_they_share_one() -> None:
    together = EACH.replace("LIMIT", "3")
    assert observe(together + "outcomes: {e/x: [{fail: x}]}").nodes == {"e": "failed", "e/x": "failed"}
    assert observe(together + "outcomes: {e/x: [{never: true}]}").nodes == {"e": "running", "e/x": "running"}


def test_a_member_that_has_not_begun_is_not_reached() -> None:
    limited = EACH.replace("LIMIT", "2") + "outcomes: {e/x: [{never: true}]}"
    assert observe(limited).nodes == {"e": "running", "e/x": "mixed"}


def test_members_themselves_do_not_appear() -> None:
    assert names_dispatched(EACH.replace("LIMIT", "3")) == ["e", "e/x", "e/x", "e/x"]


def test_each_member_of_an_each_has_a_position_in_the_outcomes_of_its_own() -> None:
    spec = f"""
spec:
  entryPoints:
    - type: each
      id: e
      over: {{$literal: [1, 2]}}
      body: {{{STEP}, id: x, retryPolicy: {{type: Linear, base: 1s, maxRetries: 2}}}}
outcomes: {{e/x: [{{fail: x}}, {{succeed: second}}]}}
"""
    assert output_of(spec) == ["second", "second"]
    assert observe(spec).elapsed.total_seconds() == 1


def test_the_position_in_the_outcomes_goes_on_over_attempts_rounds_and_runs() -> None:
    spec = f"""
spec:
  repeatPolicy: {{type: Times, every: 1h, times: 2}}
  entryPoints:
    - type: loop
      id: l
      atMost: 2
      until: {{type: JsonExists, pointer: /done}}
      body: {{{STEP}, id: x}}
outcomes: {{l/x: [{{succeed: {{}}}}, {{succeed: {{done: 1}}}}, {{succeed: {{}}}}, {{succeed: {{done: 2}}}}]}}
"""
    assert output_of(spec) == {"done": 2}


def test_an_empty_list_of_outcomes_scripts_a_call_as_by_default() -> None:
    spec = f"spec: {{entryPoints: [{{type: call, id: c, body: {{{STEP}, id: x}}}}]}}\n"
    assert names_dispatched(spec + "outcomes: {c: []}") == ["c"]
    assert names_dispatched(spec) == ["c", "c/x"]


def test_an_await_that_is_scripted_hears_no_event() -> None:
    spec = "spec: {entryPoints: [{type: await, id: a, event: e}]}\nsignals: [{at: 1s, event: e, data: 1}]\n"
    assert output_of(spec) == 1
    assert output_of(spec + "outcomes: {a: [{succeed: 2, after: 5s}]}") == 2


def test_what_is_known_by_name_is_taken_over_whatever_its_input_in_bodies_too() -> None:
    spec = f"""
spec:
  entryPoints:
    - {{{STEP}, id: a, onSuccess: {{type: call, id: c, body: {{{STEP}, id: x, onSuccess: {{{STEP}, id: y}}}}}}}}
"""
    assert names_dispatched(spec + "known: {a: 1}") == ["c", "c/x", "c/y"]
    assert names_dispatched(spec + "known: {c/x: 1}") == ["a", "c", "c/y"]
    assert names_dispatched(spec + "known: {a: 1, c: 2}") == []
    assert output_of(spec + "known: {a: 1, c: 2}") == 2


def test_what_is_known_of_one_body_is_not_known_of_its_twin() -> None:
    body = f"{{{STEP}, id: x}}"
    spec = f"""
spec: {{entryPoints: [{{type: call, id: a, body: {body}, onSuccess: {{type: call, id: b, body: {body}}}}}]}}
known: {{b/x: 1}}
"""
    assert names_dispatched(spec) == ["a", "a/x", "b"]


def test_elapsed_counts_to_the_end_of_the_main_traversal_but_its_children_go_on() -> None:
    spec = f"""
spec:
  entryPoints: [{{{STEP}, id: a}}]
  onEnd: {{{STEP}, id: z}}
outcomes: {{a: [{{succeed: 1, after: 2s}}], onEnd/z: [{{succeed: 1, after: 1h}}]}}
"""
    observed = observe(spec)
    assert observed.elapsed.total_seconds() == 2
    assert observed.nodes == {"a": "succeeded", "onEnd/z": "succeeded"}


def test_a_series_that_never_ends_is_left_running_once_it_shows_nothing_new() -> None:
    spec = f"spec: {{entryPoints: [{{{STEP}, id: a}}], repeatPolicy: {{type: Indefinitely, every: 1h}}}}\n"
    assert (observe(spec).status, observe(spec).runs) == ("running", 1)
    assert observe(spec + "outcomes: {a: [{fail: x}, {succeed: 1}]}").runs == 2
    # What the file did last may matter to the run after it: so one more begins.
    assert observe(spec + "signals: [{at: 150m, event: e}]").runs == 4
    canceled = observe(spec + "signals: [{at: 150m, cancel: x}]")
    assert (canceled.status, canceled.runs, canceled.elapsed.total_seconds()) == ("canceled", 3, 9000)


def test_an_error_of_a_signal_changes_nothing() -> None:
    spec = f"spec: {{entryPoints: [{{{STEP}, id: a}}]}}\n"
    observed = observe(spec + "signals: [{at: 0s, cancelBranches: {fork: nowhere, branches: [a]}}]")
    assert observed.status == "completed"
    assert any("ForkMismatch" in line.text for line in observed.trace)


def test_what_is_kept_for_the_main_traversal_goes_when_it_ends() -> None:
    spec = """
spec:
  entryPoints: [{type: pass, id: p, deliveryStrategy: {type: ScheduleAfter, delay: 5s}}]
  onEnd: {type: await, id: w, event: e}
signals: [{at: 1s, event: e, key: KEY}]
"""
    assert observe(spec.replace(", key: KEY", "")).nodes["onEnd/w"] == "running"


def test_an_await_in_an_on_end_waits_for_the_traversal_that_the_user_started() -> None:
    spec = """
spec:
  entryPoints: [{type: pass, id: p}]
  onEnd: {type: await, id: w, event: e}
signals: [{at: 1s, event: e}]
"""
    assert observe(spec).nodes["onEnd/w"] == "succeeded"


def test_an_await_in_a_body_waits_for_the_traversal_that_the_user_started() -> None:
    spec = """
spec:
  repeatPolicy: {type: Times, every: 1h, times: 1}
  entryPoints:
    - type: call
      id: c
      body: {type: each, id: e, over: {$literal: [1, 2]}, body: {type: await, event: go}}
signals: [{at: 1s, event: go, data: 7}]
"""
    assert output_of(spec) == [7, 7]


@pytest.mark.parametrize("deliver", ["once", "twice", "{shuffled: 1}", "{shuffled: 2}", "{shuffled: 3}"])
def test_how_messages_arrive_makes_no_difference_to_what_comes_of_them(deliver: str) -> None:
    spec = f"""
spec:
  repeatPolicy: {{type: Times, every: 1h, times: 2}}
  entryPoints:
    - type: each
      id: e
      over: {{$from: /payload}}
      body:
        type: loop
        id: l
        atMost: 3
        until: {{type: JsonExists, pointer: /done}}
        body: {{type: call, id: c, body: {{{STEP}, id: x, onSuccess: {{type: await, event: go}}}}}}
  onEnd: {{{STEP}, id: z}}
payload: [1, 2, 3]
signals: [{{at: 30m, event: go}}, {{at: 40m, event: go}}, {{at: 50m, event: go, data: {{done: 1}}}},
  {{at: 110m, event: go, data: {{done: 2}}}}]
deliver: {deliver}
"""
    observed = observe(spec)
    assert observed.output == [{"done": 2}] * 3
    assert observed.runs == 2
    assert observed.elapsed.total_seconds() == 110 * 60
    assert sorted(observed.dispatched) == sorted(
        [*["e"] * 2, *["e/l"] * 6, *["e/l/c", "e/l/c/x", "e/l/c/system/inbox"] * 12, "onEnd/z"]
    )


@pytest.mark.parametrize("deliver", ["once", "twice", "{shuffled: 1}", "{shuffled: 2}"])
def test_a_cancel_goes_down_to_every_child(deliver: str) -> None:
    spec = f"""
spec:
  entryPoints:
    - type: each
      id: e
      over: {{$literal: [1, 2]}}
      body:
        type: loop
        id: l
        atMost: 3
        until: {{type: Always}}
        body: {{type: call, id: c, body: {{{STEP}, id: x}}}}
outcomes: {{e/l/c/x: [{{never: true}}]}}
signals: [{{at: 5s, cancel: enough}}]
deliver: {deliver}
"""
    observed = observe(spec)
    assert observed.status == "canceled"
    assert observed.nodes == dict.fromkeys(["e", "e/l", "e/l/c", "e/l/c/x"], "canceled")
