"""The machine of a series: a row for each sentence of the design about series and loops, and the laws on stories."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waygrid_core.children.ending import (
    EndedByCancel,
    EndedByTimeout,
    EndedInFailure,
    EndedInSuccess,
    TraversalEnd,
)
from waygrid_core.children.identity import run_id
from waygrid_core.children.plan import LoopPlan, SeriesPlan
from waygrid_core.children.series import SeriesTransition, series_obligations, series_transition
from waygrid_core.children.series_effects import CancelRun, SeriesEffect, StartRun
from waygrid_core.children.series_fold import fold_series
from waygrid_core.children.series_signals import RunEnd, SeriesSignal, StartDue, start_signal, start_timer
from waygrid_core.children.series_state import RunInFlight, RunWaiting, SeriesState, new_series
from waygrid_core.condition.evaluate import NEVER
from waygrid_core.condition.expression import Condition, JsonCompare
from waygrid_core.dag.dag import Dag
from waygrid_core.model.identifiers import DagHash, NodeId, TraversalId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.outcome import Failure
from waygrid_core.policy.repeat import Indefinitely, RepeatPolicy, Times, Until
from waygrid_core.template.template import Constant
from waygrid_core.traversal.effects import Cancel as CancelEffect
from waygrid_core.traversal.effects import Complete, Fail, Schedule, StartFollowUp, Unschedule
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.rejections import (
    AlreadyInProgress,
    EmptyDag,
    InvalidNodeState,
    MissingEntryNode,
    NestedForkDepthExceeded,
    TraversalError,
    TraversalMismatch,
)
from waygrid_core.traversal.signals import Begin, Cancel, Pause, Unpause

ID = TraversalId("01KE0000000000000000000000")
DAG = DagHash("d" * 64)
NODE = NodeId("00000000000000aa")
ON_END = DagHash("e" * 64)
START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
BOOM = EndedInFailure(ErrorDetail("boom", "it broke"))
SLOW = EndedByTimeout(ErrorDetail("timeout", "too slow"))
OK = EndedInSuccess({"n": 1})
AT_LEAST_3: Condition = JsonCompare(("n",), "ge", Constant(3))


def dag_with(policy: RepeatPolicy, on_end: DagHash | None = None, fork_depth: int = 0) -> Dag:
    return Dag(hash=DAG, nodes={}, entry_points=(NODE,), repeat_policy=policy, on_end=on_end, fork_depth=fork_depth)


class Story:
    """A series that hears one signal after another; checks the laws at every step."""

    def __init__(self, dag: Dag, plan: SeriesPlan | LoopPlan) -> None:
        self.dag = dag
        self.plan = plan
        self.now = START
        self.state = new_series(ID)
        self.effects: list[SeriesEffect] = []

    def hear(self, signal: SeriesSignal, after: timedelta = timedelta(0)) -> tuple[SeriesEffect, ...]:
        self.now += after
        heard = self.outcome(signal)
        assert isinstance(heard, SeriesTransition), heard
        check_laws(self.state, signal, heard)
        self.state = heard.state
        self.effects.extend(heard.effects)
        return heard.effects

    def outcome(self, signal: SeriesSignal) -> SeriesTransition | TraversalError:
        heard = series_transition(self.dag, self.plan, self.state, signal, self.now)
        assert heard == series_transition(self.dag, self.plan, self.state, signal, self.now)
        return heard.failure() if isinstance(heard, Failure) else heard.unwrap()

    def begin(self, payload: JsonValue = "p", entry: int = 0) -> tuple[SeriesEffect, ...]:
        return self.hear(Begin(ID, payload, entry))

    def end_run(self, run: int, end: TraversalEnd = OK, after: timedelta = timedelta(0)) -> tuple[SeriesEffect, ...]:
        return self.hear(RunEnd(ID, run, end), after)

    def fire(self, run: int, after: timedelta = timedelta(0)) -> tuple[SeriesEffect, ...]:
        return self.hear(start_signal(start_timer(ID, run)), after)


def check_laws(before: SeriesState, signal: SeriesSignal, heard: SeriesTransition) -> None:
    for length in range(len(heard.events) + 1):
        fold_series(heard.events[:length], before)
    assert fold_series(heard.events, before) == heard.state
    assert heard.state.version == before.version + len(heard.events)
    waited, waits = set(map(repr, series_obligations(before))), set(map(repr, series_obligations(heard.state)))
    started = {repr(effect) for effect in heard.effects if isinstance(effect, StartRun | Schedule)}
    assert started == waits - waited
    withdrawn = [effect for effect in heard.effects if isinstance(effect, CancelRun | Unschedule)]
    answers = isinstance(signal, RunEnd | StartDue)
    assert len(withdrawn) == (0 if answers else len(waited - waits))
    if heard.state.has_begun and heard.state.status == "Running":
        assert series_obligations(heard.state)
    if before.has_ended:
        assert (heard.events, heard.effects) == ((), ())


def series(policy: RepeatPolicy, on_end: DagHash | None = None) -> Story:
    return Story(dag_with(policy, on_end), SeriesPlan(DAG))


def loop(
    until: Condition = AT_LEAST_3,
    at_most: int = 3,
    every: timedelta | None = None,
    on_end: DagHash | None = None,
) -> Story:
    return Story(dag_with(Times(HOUR, 1), on_end), LoopPlan(DAG, until, at_most, every))


def run_of(run: int, payload: JsonValue = "p", entry: int = 0) -> StartRun:
    return StartRun(run, run_id(ID, run), payload, entry)


def starts(story: Story) -> list[int]:
    return [effect.run for effect in story.effects if isinstance(effect, StartRun)]


def test_the_first_run_starts_at_once_with_the_payload_and_at_the_entry_of_the_series() -> None:
    assert series(Times(HOUR, 2)).begin("p", 0) == (run_of(1),)


def test_the_next_run_starts_an_interval_after_the_planned_start_of_the_one_before() -> None:
    story = series(Times(HOUR, 3))
    story.begin()
    assert story.end_run(1, after=10 * HOUR / 60) == (Schedule(start_timer(ID, 2), START + HOUR),)
    assert story.fire(2, after=50 * HOUR / 60) == (run_of(2),)
    assert story.end_run(2) == (Schedule(start_timer(ID, 3), START + 2 * HOUR),)


def test_a_timer_that_is_late_does_not_move_the_grid() -> None:
    story = series(Times(HOUR, 3))
    story.begin()
    story.end_run(1)
    story.fire(2, after=1.5 * HOUR)
    assert story.end_run(2) == (Schedule(start_timer(ID, 3), START + 2 * HOUR),)


def test_a_run_never_overlaps_the_one_before_and_a_start_that_comes_too_early_waits() -> None:
    story = series(Times(HOUR, 4))
    story.begin()
    assert story.end_run(1, after=2.5 * HOUR) == (run_of(2),)
    assert story.end_run(2) == (run_of(3),)
    assert story.end_run(3) == (Schedule(start_timer(ID, 4), START + 3 * HOUR),)


def test_a_start_planned_for_just_now_is_made_at_once() -> None:
    story = series(Times(HOUR, 2))
    story.begin()
    assert story.end_run(1, after=HOUR) == (run_of(2),)


def test_times_counts_runs_in_total() -> None:
    story = series(Times(HOUR, 2))
    story.begin()
    story.end_run(1)
    story.fire(2, after=HOUR)
    assert story.end_run(2) == (Complete({"n": 1}),)
    assert starts(story) == [1, 2]


@pytest.mark.parametrize(("until", "runs"), [(2 * HOUR, 3), (2 * HOUR - timedelta(microseconds=1), 2), (-HOUR, 1)])
def test_until_includes_its_instant(until: timedelta, runs: int) -> None:
    story = series(Until(HOUR, START + until))
    story.begin()
    for run in range(1, 10):
        if isinstance(story.end_run(run)[-1], Complete):
            break
        story.fire(run + 1, after=HOUR)
    assert starts(story) == list(range(1, runs + 1))


def test_until_looks_at_planned_starts_not_at_real_ones() -> None:
    story = series(Until(HOUR, START + HOUR))
    story.begin()
    assert story.end_run(1, after=5 * HOUR) == (run_of(2),)


def test_indefinitely_goes_on() -> None:
    story = series(Indefinitely(HOUR))
    story.begin()
    for run in range(1, 50):
        assert story.end_run(run) == (Schedule(start_timer(ID, run + 1), START + run * HOUR),)
        story.fire(run + 1, after=HOUR)


def test_the_grid_ends_where_the_calendar_does() -> None:
    story = Story(dag_with(Indefinitely(timedelta(days=3650))), SeriesPlan(DAG))
    story.now = datetime(9999, 12, 1, tzinfo=UTC)
    story.begin()
    assert story.end_run(1) == (Schedule(start_timer(ID, 2), datetime.max.replace(tzinfo=UTC)),)


def test_a_failed_run_does_not_stop_the_series() -> None:
    story = series(Times(HOUR, 2))
    story.begin()
    assert story.end_run(1, BOOM) == (Schedule(start_timer(ID, 2), START + HOUR),)


@pytest.mark.parametrize(
    ("end", "status", "effect"),
    [
        (OK, "Completed", Complete({"n": 1})),
        (BOOM, "Failed", Fail(BOOM.error)),
        (SLOW, "TimedOut", Fail(SLOW.error)),
    ],
)
def test_a_series_ends_as_its_last_run_ended(end: TraversalEnd, status: str, effect: SeriesEffect) -> None:
    story = series(Times(HOUR, 1))
    story.begin()
    assert story.end_run(1, end) == (effect,)
    assert story.state.status == status


def test_a_run_that_was_canceled_stops_the_series() -> None:
    story = series(Times(HOUR, 3))
    story.begin()
    assert story.end_run(1, EndedByCancel("enough")) == (CancelEffect("enough"),)


def test_a_cancel_during_a_run_cancels_the_run() -> None:
    story = series(Times(HOUR, 3))
    story.begin()
    assert story.hear(Cancel(ID, "stop")) == (CancelRun(1, run_id(ID, 1)), CancelEffect("stop"))
    assert story.end_run(1) == ()


def test_a_cancel_between_runs_takes_the_timer_back() -> None:
    story = series(Times(HOUR, 3))
    story.begin()
    story.end_run(1)
    assert story.hear(Cancel(ID)) == (Unschedule(start_timer(ID, 2)), CancelEffect(None))
    assert story.fire(2) == ()


def test_a_cancel_before_the_begin_forbids_it() -> None:
    story = series(Times(HOUR, 3), ON_END)
    assert story.hear(Cancel(ID, "never mind")) == (CancelEffect("never mind"),)
    assert story.begin() == ()


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (OK, {"status": "completed", "output": {"n": 1}, "payload": "p"}),
        (BOOM, {"status": "failed", "error": {"code": "boom", "message": "it broke"}, "payload": "p"}),
        (SLOW, {"status": "timed-out", "error": {"code": "timeout", "message": "too slow"}, "payload": "p"}),
    ],
)
def test_the_on_end_runs_once_when_the_series_has_ended(end: TraversalEnd, told: JsonValue) -> None:
    story = series(Times(HOUR, 2), ON_END)
    story.begin()
    story.end_run(1, BOOM)
    story.fire(2, after=HOUR)
    assert story.end_run(2, end)[0] == StartFollowUp(ON_END, told)
    assert len([effect for effect in story.effects if isinstance(effect, StartFollowUp)]) == 1


def test_the_on_end_of_a_canceled_series_is_told_the_reason() -> None:
    story = series(Times(HOUR, 2), ON_END)
    story.begin()
    error: JsonValue = {"code": "canceled", "message": "stop"}
    told: JsonValue = {"status": "canceled", "error": error, "payload": "p"}
    assert StartFollowUp(ON_END, told) in story.hear(Cancel(ID, "stop"))


def test_a_loop_succeeds_with_the_output_of_which_its_condition_holds() -> None:
    story = loop()
    story.begin({"n": 9})
    assert story.end_run(1, EndedInSuccess({"n": 1})) == (run_of(2, {"n": 1}),)
    assert story.end_run(2, EndedInSuccess({"n": 3})) == (Complete({"n": 3}),)


def test_a_round_is_given_the_output_of_the_round_before() -> None:
    story = loop(NEVER, at_most=10)
    assert story.begin("input") == (run_of(1, "input"),)
    assert story.end_run(1, EndedInSuccess("one")) == (run_of(2, "one"),)
    assert story.end_run(2, EndedInSuccess(None)) == (run_of(3, None),)


def test_a_loop_fails_with_exhausted_after_at_most_so_many_rounds() -> None:
    story = loop(at_most=2)
    story.begin()
    story.end_run(1)
    (effect,) = story.end_run(2)
    assert isinstance(effect, Fail)
    assert effect.error.code == "exhausted"
    assert story.state.status == "Failed"


def test_the_last_round_may_still_be_the_one_that_holds() -> None:
    story = loop(at_most=1)
    story.begin()
    assert story.end_run(1, EndedInSuccess({"n": 5})) == (Complete({"n": 5}),)


def test_a_round_that_fails_fails_the_loop_with_its_error() -> None:
    story = loop()
    story.begin()
    assert story.end_run(1, BOOM) == (Fail(BOOM.error),)


def test_a_round_that_times_out_ends_the_loop_so() -> None:
    story = loop()
    story.begin()
    assert story.end_run(1, SLOW) == (Fail(SLOW.error),)
    assert story.state.status == "TimedOut"


def test_the_next_round_starts_an_interval_after_the_last_one_really_started() -> None:
    story = loop(NEVER, at_most=10, every=HOUR)
    story.begin()
    assert story.end_run(1, after=HOUR / 2) == (Schedule(start_timer(ID, 2), START + HOUR),)
    story.fire(2, after=HOUR)  # half an hour late
    assert story.end_run(2) == (Schedule(start_timer(ID, 3), START + 2.5 * HOUR),)


def test_a_round_that_took_longer_than_the_interval_is_followed_at_once() -> None:
    story = loop(NEVER, at_most=10, every=HOUR)
    story.begin()
    assert story.end_run(1, after=3 * HOUR) == (run_of(2, {"n": 1}),)
    assert story.end_run(2) == (Schedule(start_timer(ID, 3), START + 4 * HOUR),)


def test_the_on_end_of_a_loops_body_runs_once_at_the_end_of_the_loop() -> None:
    story = loop(on_end=ON_END)
    story.begin("input")
    assert story.end_run(1, EndedInSuccess({"n": 1})) == (run_of(2, {"n": 1}),)
    told: JsonValue = {"status": "completed", "output": {"n": 4}, "payload": "input"}
    assert story.end_run(2, EndedInSuccess({"n": 4})) == (StartFollowUp(ON_END, told), Complete({"n": 4}))


def test_a_paused_series_holds_the_end_of_its_run_and_goes_on_with_the_time_of_the_unpause() -> None:
    story = series(Times(HOUR, 3))
    story.begin()
    assert story.hear(Pause(ID)) == ()
    assert story.end_run(1) == ()
    assert series_obligations(story.state) == ()
    assert story.end_run(1) == ()  # again
    assert story.hear(Unpause(ID), after=5 * HOUR) == (run_of(2),)


def test_a_paused_series_holds_the_start_that_is_due() -> None:
    story = series(Times(HOUR, 2))
    story.begin()
    story.end_run(1)
    story.hear(Pause(ID))
    assert story.fire(2, after=HOUR) == ()
    assert story.hear(Unpause(ID), after=HOUR) == (run_of(2),)
    assert isinstance(story.state.current, RunInFlight)
    assert story.state.current.planned == START + HOUR
    assert story.state.current.started == START + 2 * HOUR


def test_a_paused_series_with_nothing_held_waits_on_as_before() -> None:
    story = series(Times(HOUR, 2))
    story.begin()
    story.end_run(1)
    story.hear(Pause(ID))
    assert story.hear(Unpause(ID)) == ()
    assert isinstance(story.state.current, RunWaiting)


def test_a_cancel_acts_at_once_in_a_pause_and_leaves_alone_what_has_answered() -> None:
    story = series(Times(HOUR, 2))
    story.begin()
    story.hear(Pause(ID))
    story.end_run(1)
    assert story.hear(Cancel(ID)) == (CancelEffect(None),)


def test_a_pause_before_the_begin_changes_nothing() -> None:
    story = series(Times(HOUR, 2))
    assert story.hear(Pause(ID)) == ()
    assert story.hear(Unpause(ID)) == ()
    assert story.begin() == (run_of(1),)


def test_what_comes_again_or_too_late_changes_nothing() -> None:
    story = series(Times(HOUR, 3))
    story.begin()
    assert story.begin() == ()
    story.end_run(1)
    assert story.end_run(1) == ()
    assert story.fire(1) == ()
    story.fire(2, after=HOUR)
    assert story.fire(2) == ()
    assert story.end_run(1, BOOM) == ()


@pytest.mark.parametrize("signal", [RunEnd(ID, 2, OK), RunEnd(ID, 0, OK), StartDue(ID, 2, start_timer(ID, 2))])
def test_a_signal_about_what_never_was_is_an_error(signal: SeriesSignal) -> None:
    story = series(Times(HOUR, 3))
    story.begin()
    assert isinstance(story.outcome(signal), InvalidNodeState)


def test_a_second_different_begin_is_an_error() -> None:
    story = series(Times(HOUR, 3))
    story.begin(1)
    assert story.outcome(Begin(ID, True)) == AlreadyInProgress()
    assert isinstance(story.outcome(Begin(ID, 1.0)), SeriesTransition)


def test_a_signal_for_another_traversal_is_an_error() -> None:
    other = TraversalId("01KE0000000000000000000001")
    assert series(Times(HOUR, 3)).outcome(Begin(other, 1)) == TraversalMismatch(ID, other)


def test_what_no_run_could_begin_with_the_series_does_not_begin_with() -> None:
    assert series(Times(HOUR, 3)).outcome(Begin(ID, {}, 1)) == MissingEntryNode(1)
    deep = Story(dag_with(Times(HOUR, 2), fork_depth=65), SeriesPlan(DAG))
    assert deep.outcome(Begin(ID, {})) == NestedForkDepthExceeded(65)
    empty = Story(Dag(hash=DAG, nodes={}, entry_points=(), repeat_policy=Times(HOUR, 1)), SeriesPlan(DAG))
    assert empty.outcome(Begin(ID, {})) == EmptyDag()


def test_a_timer_of_a_series_says_which_start_it_is_for() -> None:
    timer = start_timer(ID, 7)
    assert start_signal(timer) == StartDue(ID, 7, timer)
    with pytest.raises(ValueError, match="no timer of a series"):
        start_signal(timer.replace("start", "retry"))  # type: ignore[arg-type]


ENDS = st.sampled_from([OK, BOOM, SLOW, EndedInSuccess({"n": 3}), EndedByCancel(None)])
SIGNALS = st.one_of(
    st.builds(RunEnd, st.just(ID), st.integers(0, 5), ENDS),
    st.integers(0, 5).map(lambda run: start_signal(start_timer(ID, run))),
    st.sampled_from([Begin(ID, "p"), Begin(ID, "q"), Cancel(ID), Pause(ID), Unpause(ID), Unpause(ID)]),
)
POLICIES = st.sampled_from([Times(HOUR, 3), Indefinitely(HOUR), Until(HOUR, START + 2 * HOUR)])


@given(POLICIES, st.booleans(), st.lists(st.tuples(SIGNALS, st.integers(0, 90)), max_size=40), st.booleans())
def test_whatever_comes_in_whatever_order_the_laws_hold(
    policy: RepeatPolicy, is_loop: bool, signals: list[tuple[SeriesSignal, int]], has_begun: bool
) -> None:
    story = loop(every=HOUR, on_end=ON_END) if is_loop else series(policy, ON_END)
    if has_begun:
        story.begin()
    for signal, minutes in signals:
        story.now += timedelta(minutes=minutes)
        before = story.state
        if isinstance(story.outcome(signal), SeriesTransition):
            story.hear(signal)
            again = story.outcome(signal)
            assert isinstance(again, SeriesTransition)
            assert again.events == ()
        else:
            assert story.state is before
    terminal = [effect for effect in story.effects if isinstance(effect, Complete | Fail | CancelEffect)]
    assert len(terminal) == int(story.state.has_ended)
    assert len(starts(story)) == len(set(starts(story)))
