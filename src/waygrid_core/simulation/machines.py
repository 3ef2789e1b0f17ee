"""The machines of a world: what they hear, and what they ask for.

A dispatch, the begin of a run or a follow-up, an answer and a cancel are put on their way, in the order of the effects;
timers are set and unset at once.
"""

from typing import assert_never

from waygrid_core.children.answer import answer_of, ending_of
from waygrid_core.children.series import series_transition
from waygrid_core.children.series_effects import CancelRun, SeriesEffect, StartRun
from waygrid_core.children.series_signals import RunEnd, StartDue
from waygrid_core.outcome import Failure
from waygrid_core.simulation.family import Live, LiveTraversal, NodeParent, SeriesParent
from waygrid_core.simulation.post import (
    Answered,
    AttemptCanceled,
    Dispatched,
    FollowUpRequested,
    RunAnswered,
    RunCanceled,
    RunRequested,
)
from waygrid_core.simulation.world import World
from waygrid_core.traversal.effects import (
    Cancel,
    CancelNode,
    Complete,
    DispatchNode,
    Effect,
    Fail,
    Schedule,
    StartFollowUp,
    Unschedule,
)
from waygrid_core.traversal.machine import transition
from waygrid_core.traversal.signals import Begin, Pause, Signal, Unpause
from waygrid_core.traversal.signals import Cancel as CancelSignal
from waygrid_core.traversal.unheard import with_unheard_answers


def hear(world: World, live: Live, signal: Signal | RunEnd | StartDue) -> str | None:
    """Have the machine of `live` hear `signal`, and do what it asks for. Gives the reason if it refuses."""
    world.steps_left -= 1
    now = world.agenda.now
    effects: tuple[Effect | SeriesEffect, ...]
    if isinstance(live, LiveTraversal):
        assert not isinstance(signal, RunEnd | StartDue), "only a series has runs"
        single = transition(live.dag, live.state, signal, now)
        if isinstance(single, Failure):
            return world.trace.refusal(live, signal, single.failure())
        made = with_unheard_answers(live.dag, live.state, single.unwrap(), now)
        live.state, effects = made.state, made.effects
    else:
        assert isinstance(signal, Begin | RunEnd | StartDue | CancelSignal | Pause | Unpause), "a series has no nodes"
        series = series_transition(live.dag, live.plan, live.state, signal, now)
        if isinstance(series, Failure):
            return world.trace.refusal(live, signal, series.failure())
        live.state, effects = series.unwrap().state, series.unwrap().effects
    world.trace.signal(live, signal)
    for effect in effects:
        _perform(world, live, effect)
    return None


def send_answer(world: World, live: Live) -> None:
    """Tell the parent of what has ended how it ended; a follow-up and the main traversal have none."""
    end = ending_of(live.state)
    assert end is not None, "only what has ended answers"
    match live.parent:
        case NodeParent(traversal=traversal, node=node, attempt=attempt):
            world.post.send(Answered(answer_of(live.plan, traversal, node, attempt, end)))
        case SeriesParent(series=series, run=run):
            world.post.send(RunAnswered(RunEnd(series, run, end)))
        case None:
            pass
        case _:
            assert_never(live.parent)


def _perform(world: World, live: Live, effect: Effect | SeriesEffect) -> None:
    match effect:
        case CancelNode(node=node, attempt=attempt):
            world.post.send(AttemptCanceled(live.id, node, attempt))
        case CancelRun(child=child):
            world.post.send(RunCanceled(child))
        case Unschedule(timer=timer):
            world.agenda.unset_timer(timer)
        case DispatchNode():
            _note_dispatch(world, live, effect)
            world.post.send(Dispatched(live.id, effect))
        case StartRun():
            world.post.send(RunRequested(live.id, effect))
        case Schedule(timer=timer, at=at):
            world.agenda.set_timer(timer, live.id, at)
        case StartFollowUp():
            world.post.send(FollowUpRequested(live.id, effect))
        case Complete() | Fail() | Cancel():
            world.trace.end(live)
            if live.id == world.main:
                world.ended_at = world.agenda.now
                world.mailboxes.traversal_ends(world.main)
            send_answer(world, live)
        case _:
            assert_never(effect)


def _note_dispatch(world: World, live: Live, effect: DispatchNode) -> None:
    assert isinstance(live, LiveTraversal), "a series has no nodes"
    name = live.names.get(effect.node)
    if name is not None:  # the members of an each have none
        world.dispatched.append(live.place.prefix + name)
