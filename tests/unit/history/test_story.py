"""Every event has its sentence."""

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest

from waygrid_core.children.ending import EndedByCancel, EndedByTimeout, EndedInFailure, EndedInSuccess
from waygrid_core.children.plan import LoopPlan, SeriesPlan, SinglePlan
from waygrid_core.children.series_events import (
    RunEnded,
    RunScheduled,
    RunSignalHeld,
    RunStarted,
    SeriesBegun,
    SeriesEvent,
)
from waygrid_core.children.series_signals import RunEnd, StartDue, start_timer
from waygrid_core.compile.pipeline import compile_document
from waygrid_core.condition.expression import Always
from waygrid_core.history.saying import on_one_line
from waygrid_core.history.spans import say_span
from waygrid_core.history.standing import Standing
from waygrid_core.history.story import AnyEvent, Story, sentence
from waygrid_core.model.identifiers import ROOT_SCOPE, DagHash, NodeDigest, NodeId, TimerId, TraversalId
from waygrid_core.traversal import events as told
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.events import Event
from waygrid_core.traversal.signals import (
    CancelBranches,
    HeldSignal,
    NodeFailure,
    NodeSuccess,
    Resume,
    Retry,
    Timeout,
    Told,
    TraversalTimeout,
)

ID = TraversalId("01KDVDNA0000000000000000AA")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(seconds=4)
DECLINED = ErrorDetail("card-declined", "no funds")
SPEC: dict[str, Any] = {
    "entryPoints": [
        {
            "type": "fork",
            "joinNodeId": "both",
            "branches": {
                "card": {"type": "standard", "id": "charge", "address": "waygrid://processor/charge"},
                "person": {"type": "await", "id": "approval", "event": "approved"},
                "lines": {
                    "type": "each",
                    "id": "pack",
                    "over": {"$from": "/payload"},
                    "body": {"type": "pass"},
                },
                "sub": {"type": "call", "id": "sub", "body": {"type": "pass"}},
                "wait": {
                    "type": "loop",
                    "id": "poll",
                    "until": {"type": "Always"},
                    "atMost": 2,
                    "body": {"type": "pass"},
                },
            },
            "join": {"type": "join", "joinNodeId": "both", "strategy": {"type": "Quorum", "n": 2}},
        }
    ]
}
COMPILED = compile_document(SPEC).unwrap()
DAG = COMPILED.dag
STANDING = Standing(ID, ID, SinglePlan(DAG.hash), COMPILED, COMPILED.annotations)
NODES = {name: node for node, name in DAG.author_ids.items()}
CHARGE, FORK = NODES["charge"], DAG.entry_points[0]
JOIN = DAG.node_named["both"]
SCOPE = DAG.nodes[CHARGE].scope


def dispatched(name: str, attempt: int = 1, **parameters: Any) -> told.NodeDispatched:
    return told.NodeDispatched(NODES[name], SCOPE, attempt, {}, {}, parameters, None, None)


SENTENCES: list[tuple[Event, str]] = [
    (told.TraversalBegun(ID, DAG.hash, {}, 0, 1), "the traversal began"),
    (told.TraversalBegun(ID, DAG.hash, {}, 2, 1), "the traversal began at entry point 2"),
    (
        told.TraversalBegun(
            ID, DAG.hash, {}, 0, 1, None, {(NodeDigest("d"), None): 1, (NodeDigest("inside/x"), None): []}
        ),
        "the traversal began, with 1 known output and what is known of 1 body",
    ),
    (told.NodeScheduled(CHARGE, SCOPE, {}, LATER), "charge waits until 2026-01-01T12:00:04Z"),
    (dispatched("charge"), "charge was dispatched"),
    (dispatched("charge", 2), "charge was dispatched (attempt 2)"),
    (dispatched("approval", event="approved"), "approval began to wait for the event approved"),
    (dispatched("pack", over=[1, 2]), "pack began its body for 2 items"),
    (dispatched("sub"), "sub began its body"),
    (dispatched("poll"), "poll began its rounds"),
    (told.NodeStarted(CHARGE, 1), "charge is being worked on"),
    (told.NodeAsked(CHARGE, 1, None), "charge began to ask"),
    (told.NodeAsked(CHARGE, 2, None), "charge asks again"),
    (told.NodeHeard(CHARGE, 2, {}), "charge was answered (attempt 2)"),
    (told.NodeSucceeded(CHARGE, 3, {}, {}), "charge succeeded (attempt 3)"),
    (
        told.RetryScheduled(CHARGE, 1, DECLINED, timed_out=False, due=LATER),
        "charge failed: card-declined: no funds; tried again in 4 s",
    ),
    (
        told.RetryScheduled(CHARGE, 2, DECLINED, timed_out=True, due=NOON + timedelta(minutes=1, seconds=30)),
        "charge timed out (attempt 2); tried again in 1 min 30 s",
    ),
    (told.NodeFailed(CHARGE, 1, {}, DECLINED), "charge failed: card-declined: no funds"),
    (told.NodeFailed(CHARGE, 1, {}, ErrorDetail("failed", "no\n  funds")), "charge failed: no funds"),
    (told.NodeTimedOut(CHARGE, 1, {}, ErrorDetail("timeout")), "charge timed out"),
    (told.NodeCanceled(CHARGE), "charge was canceled"),
    (
        told.ForkOpened(FORK, JOIN, ROOT_SCOPE, {}, ("card", "lines", "person"), None, 2, None),
        "both has 3 branches (2 must succeed)",
    ),
    (
        told.ForkOpened(FORK, JOIN, ROOT_SCOPE, {}, ("card", "lines", "person"), ("card", "lines"), 2, None),
        "both has 3 branches (2 of card, lines must succeed)",
    ),
    (told.BranchOpened(FORK, "card"), "branch card of both began"),
    (told.BranchSucceeded(FORK, "card", {}), "branch card of both succeeded"),
    (told.BranchFailed(FORK, "card", DECLINED), "branch card of both failed: card-declined: no funds"),
    (told.BranchTimedOut(FORK, "card", ErrorDetail("timeout", "1 s")), "branch card of both timed out: 1 s"),
    (told.BranchCanceled(FORK, "card"), "branch card of both was canceled"),
    (
        told.SignalHeld(NodeSuccess(ID, CHARGE, 1, {})),
        "charge answered, which is held while the traversal is paused",
    ),
    (told.SignalHeard("m-1", "Skip", {}), "the traversal was told Skip"),
    (told.GuardRemembered(0, 3), "the guard 0 took note of it"),
    (told.TraversalPaused(), "the traversal was paused"),
    (told.TraversalUnpaused(), "the traversal was resumed"),
    (told.TraversalCompleted({}), "the traversal completed"),
    (told.TraversalFailed(DECLINED), "the traversal failed: card-declined: no funds"),
    (told.TraversalCanceled("changed my mind"), "the traversal was canceled: changed my mind"),
    (told.TraversalCanceled(None), "the traversal was canceled"),
    (told.TraversalTimedOut(ErrorDetail("timeout")), "the traversal timed out"),
]
SERIES_SENTENCES: list[tuple[SeriesEvent, str]] = [
    (SeriesBegun(ID, DAG.hash, {}, 0), "the traversal began"),
    (RunStarted(2, NOON, NOON, {}), "run 2 was started"),
    (RunScheduled(3, LATER, {}), "run 3 is to be started at 2026-01-01T12:00:04Z"),
    (RunEnded(2, EndedInSuccess({})), "run 2 completed"),
    (RunEnded(2, EndedInFailure(DECLINED)), "run 2 failed: card-declined: no funds"),
    (RunEnded(2, EndedByTimeout(ErrorDetail("timeout"))), "run 2 timed out"),
    (RunEnded(2, EndedByCancel("enough")), "run 2 was canceled: enough"),
    (
        RunSignalHeld(RunEnd(ID, 2, EndedInSuccess({}))),
        "run 2 completed, which is held while the traversal is paused",
    ),
    (
        RunSignalHeld(StartDue(ID, 3, start_timer(ID, 3))),
        "run 3 is due, which is held while the traversal is paused",
    ),
]


@pytest.mark.parametrize(("event", "said"), SENTENCES, ids=lambda each: type(each).__name__)
def test_an_event_of_a_traversal_is_told_in_a_sentence(event: Event, said: str) -> None:
    assert sentence(STANDING, event, NOON) == said


@pytest.mark.parametrize(("event", "said"), SERIES_SENTENCES, ids=lambda each: type(each).__name__)
def test_an_event_of_a_series_is_told_in_a_sentence(event: SeriesEvent, said: str) -> None:
    series = Standing(ID, ID, SeriesPlan(DAG.hash), COMPILED, COMPILED.annotations)
    assert sentence(series, event, NOON) == said


def test_there_is_a_sentence_for_every_kind_of_event() -> None:
    tested = {type(event) for event, _ in SENTENCES} | {type(event) for event, _ in SERIES_SENTENCES}
    assert tested == {*get_args(Event), *get_args(SeriesEvent)}


@pytest.mark.parametrize("kind", get_args(HeldSignal), ids=lambda kind: kind.__name__)
def test_whatever_a_pause_holds_is_told(kind: type) -> None:
    timer = TimerId(f"{ID}/{CHARGE}/1/retry")
    signals: dict[type, HeldSignal] = {
        NodeSuccess: NodeSuccess(ID, CHARGE, 1),
        NodeFailure: NodeFailure(ID, CHARGE, 1, DECLINED),
        Resume: Resume(ID, CHARGE, 1, timer),
        Retry: Retry(ID, CHARGE, 1, timer),
        Timeout: Timeout(ID, CHARGE, 1, timer),
        TraversalTimeout: TraversalTimeout(ID, timer),
        CancelBranches: CancelBranches(ID, "both", ("card", "lines")),
        Told: Told(ID, "m-1", "Skip", {}),
    }
    said = sentence(STANDING, told.SignalHeld(signals[kind]), NOON)
    assert said.endswith("paused")
    assert "held while" in said


def test_the_rounds_of_a_loop_are_rounds() -> None:
    plan = LoopPlan(DAG.hash, Always(), 3, None)
    loop = Standing(ID, ID, plan, COMPILED, COMPILED.annotations, "poll/", "the body of poll")
    assert sentence(loop, RunStarted(2, NOON, NOON, {}), NOON) == "round 2 of poll was started"


def test_what_succeeds_without_being_asked_was_taken_over() -> None:
    story = Story(STANDING)
    story.pass_over([told.TraversalBegun(ID, DAG.hash, {}, 0, 1, None, {(NodeDigest("d"), None): 1})])
    taken, asked = told.NodeSucceeded(CHARGE, 1, {}, {}), told.NodeSucceeded(NODES["sub"], 1, {}, {})
    assert story.tell([taken], NOON) == ("charge was taken over from what is known already",)
    story.pass_over([dispatched("sub")])
    assert story.tell([asked], NOON) == ("sub succeeded",)
    assert Story(STANDING).tell([taken], NOON) == ("charge succeeded",), "it began with nothing known"


def test_a_story_without_its_dag_is_told_by_ids() -> None:
    nobody_stored = Standing(ID, ID, SinglePlan(DagHash("0" * 64)))
    event: AnyEvent = told.NodeDispatched(NodeId("ab"), ROOT_SCOPE, 1, {}, {}, {}, None, None)
    assert sentence(nobody_stored, event, NOON) == "ab was dispatched"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 ms"),
        (-1, "0 ms"),
        (0.25, "250 ms"),
        (4, "4 s"),
        (90, "1 min 30 s"),
        (3600, "1 h"),
        (3601, "1 h"),
        (200_000, "2 d 7 h"),
    ],
)
def test_spans_are_said_to_their_two_largest_units(seconds: float, said: str) -> None:
    assert say_span(timedelta(seconds=seconds)) == said


def test_a_long_message_stands_on_one_line() -> None:
    assert on_one_line("a\n\tb") == "a b"
    assert len(on_one_line("x y " * 10_000)) == 300
