"""The laws of a machine, each a function over the steps of a run. A broken law raises `AssertionError`.

They are stated for any `Machine`; the numbers are those of the design's section on laws. What only a traversal can
say (how far it is from its end, which branches are independent) is in `traversal_laws`.
"""

from collections.abc import Callable, Sequence

from waygrid_core.outcome import Failure
from waygrid_core.testing.machine import EffectT, EventT, Machine, MachineStep, SignalT, StateT


def is_deterministic(
    machine: Machine[StateT, SignalT, EventT, EffectT], steps: Sequence[MachineStep[StateT, SignalT, EventT, EffectT]]
) -> None:
    """Law 1: any signal in any state gives a result, the same each time, and never raises."""
    for step in steps:
        for other in steps:
            first = machine.decide(step.before, other.signal, other.now)
            second = machine.decide(step.before, other.signal, other.now)
            assert first == second, f"two decisions about {other.signal} differ"


def decides_the_same_again(
    machine: Machine[StateT, SignalT, EventT, EffectT], steps: Sequence[MachineStep[StateT, SignalT, EventT, EffectT]]
) -> None:
    """Law 1 for the steps of a run alone, as many decisions as there are steps: each gives again what it gave."""
    for step in steps:
        outcome = machine.decide(step.before, step.signal, step.now)
        decided = None if isinstance(outcome, Failure) else outcome.unwrap()
        assert decided == step.decided, f"two decisions about {step.signal} differ"


def refusals_change_nothing(
    machine: Machine[StateT, SignalT, EventT, EffectT], steps: Sequence[MachineStep[StateT, SignalT, EventT, EffectT]]
) -> None:
    """Law 2: a refused signal leaves the state as it was: without it, the run is the same."""
    state = machine.start
    for step in steps:
        if step.decided is None:
            continue
        outcome = machine.decide(state, step.signal, step.now)
        assert not isinstance(outcome, Failure), f"{step.signal} is refused once an earlier refusal is left out"
        decided = outcome.unwrap()
        assert decided.effects == step.decided.effects, f"an earlier refusal changed the effects of {step.signal}"
        assert decided.state == step.after, f"an earlier refusal changed the state after {step.signal}"
        state = decided.state


def replays(
    machine: Machine[StateT, SignalT, EventT, EffectT], steps: Sequence[MachineStep[StateT, SignalT, EventT, EffectT]]
) -> None:
    """Law 3: folding the events gives the state, at every prefix, and a state survives being written and read."""
    state = machine.start
    for step in steps:
        for event in () if step.decided is None else step.decided.events:
            state = machine.evolve(state, event)
            assert machine.reload(state) == state, f"the state after {event} does not survive a crash"
        assert state == step.after, f"the events of {step.signal} fold to another state"


def ends_at_most_once(
    machine: Machine[StateT, SignalT, EventT, EffectT], steps: Sequence[MachineStep[StateT, SignalT, EventT, EffectT]]
) -> None:
    """Law 4: at most one terminal effect, its follow-up with it, and nothing after them."""
    has_ended = False
    for step in steps:
        decided = step.decided
        if decided is None:
            continue
        assert not (has_ended and (decided.events or decided.effects)), f"{step.signal} has effects after the end"
        terminals = [effect for effect in decided.effects if machine.is_terminal(effect)]
        follow_ups = [effect for effect in decided.effects if machine.is_follow_up(effect)]
        assert len(terminals) <= 1, f"{step.signal} ends the run twice"
        assert len(follow_ups) <= len(terminals), f"{step.signal} starts a follow-up without an end"
        assert machine.has_ended(decided.state) == (has_ended or bool(terminals)), (
            f"after {step.signal} status and terminal effect disagree"
        )
        has_ended = machine.has_ended(decided.state)


def duplicates_change_nothing(
    machine: Machine[StateT, SignalT, EventT, EffectT],
    steps: Sequence[MachineStep[StateT, SignalT, EventT, EffectT]],
    may_mean_something_again: tuple[type[object], ...] = (),
    is_tentative: Callable[[MachineStep[StateT, SignalT, EventT, EffectT]], bool] = lambda _: False,
) -> None:
    """Law 5: a signal delivered again, at once or at any later time, changes nothing.

    Signals of `may_mean_something_again` (a pause after an unpause) are only delivered again at once. One that was
    taken tentatively, to be heard when something else has been, may be refused later: that changes nothing either.
    """
    accepted: list[SignalT] = []
    tentative: list[SignalT] = []
    for step in steps:
        if step.decided is not None:
            accepted.append(step.signal)
            tentative += [step.signal] if is_tentative(step) else []
        again = [signal for signal in accepted if not isinstance(signal, may_mean_something_again)]
        if step.decided is not None and isinstance(step.signal, may_mean_something_again):
            again.append(step.signal)
        for signal in again:
            outcome = machine.decide(step.after, signal, step.now)
            if isinstance(outcome, Failure) and signal in tentative:
                continue
            assert not isinstance(outcome, Failure), f"{signal} is refused when it comes again: {outcome}"
            decided = outcome.unwrap()
            assert not decided.events, f"{signal} came again and wrote {decided.events}"
            assert not decided.effects, f"{signal} came again and asked for {decided.effects}"
            assert decided.state == step.after, f"{signal} came again and changed the state"


def effects_are_the_difference_of_obligations(
    machine: Machine[StateT, SignalT, EventT, EffectT], steps: Sequence[MachineStep[StateT, SignalT, EventT, EffectT]]
) -> None:
    """Law 6: what is new among the obligations is started, what is gone without an answer is withdrawn; no more."""
    for step in steps:
        if step.decided is None:
            continue
        before, after = machine.obligations(step.before), machine.obligations(step.after)
        new = [obligation for obligation in after if obligation not in before]
        gone = [
            machine.withdraws(obligation)
            for obligation in before
            if obligation not in after and not machine.answers(step.signal, obligation)
        ]
        plain = [
            effect
            for effect in step.decided.effects
            if not machine.is_terminal(effect) and not machine.is_follow_up(effect)
        ]
        missing = [effect for effect in new + gone if effect not in plain]
        extra = [effect for effect in plain if effect not in new + gone]
        assert not missing, f"{step.signal}: the obligations changed, but no effect says {missing}"
        assert not extra, f"{step.signal}: no obligation stands behind {extra}"
        assert len(plain) == len(new) + len(gone), f"{step.signal}: an effect is there twice: {plain}"
        assert len(set(map(repr, after))) == len(after), f"after {step.signal} an obligation is there twice"


def is_never_stuck(
    machine: Machine[StateT, SignalT, EventT, EffectT], steps: Sequence[MachineStep[StateT, SignalT, EventT, EffectT]]
) -> None:
    """Law 7, first half: what runs waits for something, and what has ended waits for nothing."""
    for step in steps:
        obligations = machine.obligations(step.after)
        if machine.is_stuck_without_obligation(step.after):
            assert obligations, f"after {step.signal} it runs and waits for nothing"
        if machine.has_ended(step.after):
            assert not obligations, f"after {step.signal} it has ended and waits for {obligations}"
