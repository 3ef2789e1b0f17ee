"""Runs a scenario: time around the machines.

At one instant: what the file does to the traversal, then messages until none is under way, then one timer, then
messages again, and so on. When nothing is left for this instant, time goes on to whatever is due next. A message is a
dispatch (of a call, each or loop: the begin of its child), the begin of a run or a follow-up, the answer of a child or
of an event, a cancel. A worker answers in the step in which its dispatch arrives, or by a message when it has taken its
time.
"""

from datetime import datetime
from typing import Final, assert_never

from waygrid_core.children.derive import plan_for
from waygrid_core.children.series_signals import is_start_timer, start_signal
from waygrid_core.compile.pipeline import compile_document, compile_text
from waygrid_core.dag.dag import CompiledDag
from waygrid_core.extension.registry import NO_EXTENSIONS, Extensions
from waygrid_core.history.status import scenario_status
from waygrid_core.inbox.mailbox import MailboxName
from waygrid_core.model.digest import digest_bytes
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.json_value import MISSING
from waygrid_core.model.ulid import ENTROPY_BYTES, ulid_from
from waygrid_core.outcome import Failure, Outcome
from waygrid_core.policy.repeat import Indefinitely
from waygrid_core.simulation.agenda import later
from waygrid_core.simulation.comparison import ScenarioResult, compare
from waygrid_core.simulation.delivery import deliver, send_event_answers
from waygrid_core.simulation.family import Live, LiveSeries, LiveTraversal
from waygrid_core.simulation.machines import hear
from waygrid_core.simulation.naming import MAIN_PLACE
from waygrid_core.simulation.observation import Observation, node_statuses
from waygrid_core.simulation.post import Answered, Message, RunAnswered
from waygrid_core.simulation.scenario import (
    CancelBranchesSignal,
    CancelSignal,
    EventSignal,
    PauseSignal,
    Scenario,
    SpecDocument,
    SpecText,
    TellSignal,
    TimedSignal,
    UnpauseSignal,
)
from waygrid_core.simulation.world import new_world
from waygrid_core.spec.problem import SpecErrors
from waygrid_core.traversal.signals import Begin, Cancel, CancelBranches, Pause, Told, Unpause
from waygrid_core.traversal.timers import timer_signal

DEFAULT_STEPS: Final = 1_000_000
"""How many signals a simulation handles before it gives up; an each of 10 000 members takes about 50 000."""

_EPOCH: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def run_scenario(
    scenario: Scenario, steps: int = DEFAULT_STEPS, extensions: Extensions = NO_EXTENSIONS
) -> ScenarioResult:
    """Run a scenario to its end in virtual time, and compare it with what it expects.

    Its Spec is read with these `extensions`.
    """
    compiled = compile_scenario(scenario, extensions)
    if isinstance(compiled, Failure):
        return compare(scenario, Observation(status="invalid", problems=compiled.failure()), None)
    observation = Simulation(scenario, compiled.unwrap(), steps).run()
    return compare(scenario, observation, compiled.unwrap())


def compile_scenario(scenario: Scenario, extensions: Extensions = NO_EXTENSIONS) -> Outcome[CompiledDag, SpecErrors]:
    """The Spec of a scenario, compiled."""
    match scenario.spec:
        case SpecText(text=text):
            return compile_text(text, extensions=extensions)
        case SpecDocument(document=document):
            return compile_document(document, extensions=extensions)
        case _:
            assert_never(scenario.spec)


class Simulation:
    """One run of one scenario. Deterministic: the same scenario gives the same run."""

    def __init__(self, scenario: Scenario, compiled: CompiledDag, steps: int = DEFAULT_STEPS) -> None:
        self._scenario = scenario
        self._compiled = compiled
        self._steps = steps
        self._main = _main_id(scenario)
        self._world = new_world(scenario, compiled, self._main, steps)
        self._of_file = sorted(scenario.signals, key=lambda timed: timed.at)[::-1]  # the next one last
        self._taken_by_last_run = -1

    def run(self) -> Observation:
        """Run until nothing is left to happen, or the budget of steps is used up."""
        main = self._world.family.open(
            self._main, plan_for(self._compiled.dag), MAIN_PLACE, self._compiled.annotations, None
        )
        self._hear_file()  # one at 0s comes before the begin
        begin = Begin(self._main, self._scenario.payload, self._scenario.entry, main.known)
        refused = hear(self._world, main, begin)
        while self._world.steps_left > 0:
            self._deliver_all()
            if not self._fire_one_timer() and not self._go_on():
                break
        return self._observe(main, refused)

    def _deliver_all(self) -> None:
        post = self._world.post
        while self._world.steps_left > 0:
            message = post.take()
            if message is None:
                return
            for _ in range(post.copies):
                if not self._is_left_alone(message):
                    deliver(self._world, message)

    def _fire_one_timer(self) -> bool:
        timer = self._world.agenda.take_timer()
        if timer is None:
            return False
        live = self._world.family[timer.traversal]
        self._world.trace.timer(live, timer.timer)
        hear(self._world, live, start_signal(timer.timer) if is_start_timer(timer.timer) else timer_signal(timer.timer))
        return True

    def _go_on(self) -> bool:
        """On to the next instant at which something is due; False if nothing is."""
        due = self._world.agenda.next_due()
        if self._of_file:
            of_file = self._instant(self._of_file[-1])
            due = of_file if due is None else min(due, of_file)
        if due is None:
            return False
        for signal in self._world.agenda.go_on_to(due):
            self._world.post.send(Answered(signal))
        self._hear_file()
        return True

    def _instant(self, timed: TimedSignal) -> datetime:
        return later(self._scenario.start, timed.at)

    def _hear_file(self) -> None:
        while self._of_file and self._instant(self._of_file[-1]) <= self._world.agenda.now:
            self._hear_from_file(self._of_file.pop())

    def _hear_from_file(self, timed: TimedSignal) -> None:
        world, main = self._world, self._world.family[self._main]
        match timed.signal:
            case CancelSignal(reason=reason):
                hear(world, main, Cancel(self._main, reason))
            case PauseSignal():
                hear(world, main, Pause(self._main))
            case UnpauseSignal():
                hear(world, main, Unpause(self._main))
            case CancelBranchesSignal(fork=fork, branches=branches):
                if isinstance(main, LiveTraversal):  # a series has no forks, and does not hear this
                    hear(world, main, CancelBranches(self._main, fork, branches))
            case TellSignal(kind=kind, data=data):
                if isinstance(main, LiveTraversal):  # neither does it hear this: its runs do
                    hear(world, main, Told(self._main, f"told-{len(self._of_file)}", kind, data))
            case EventSignal(event=event, key=key, data=data):
                world.trace.event(event, key)
                mailbox = MailboxName(event, self._main if key is None else key)
                send_event_answers(world, world.mailboxes.event_comes(mailbox, data))
            case _:
                assert_never(timed.signal)

    def _is_left_alone(self, message: Message) -> bool:
        """Whether the message ends a run of a series that never ends by itself, and another would show nothing new.

        So it is when the file has nothing left to happen, and its outcomes are used up, or this run used no new one.
        The series is then left as it is.
        """
        if not isinstance(message, RunAnswered) or message.signal.traversal != self._main:
            return False
        if self._of_file or not isinstance(self._compiled.dag.repeat_policy, Indefinitely):
            return False
        script = self._world.script
        had_taken, self._taken_by_last_run = self._taken_by_last_run, script.taken
        return script.taken == had_taken or script.is_used_up

    def _observe(self, main: Live, refused: str | None) -> Observation:
        world, state = self._world, main.state
        ended_at = world.agenda.now if world.ended_at is None else world.ended_at
        error = "canceled" if state.status == "Canceled" else None if state.error is None else state.error.code
        return Observation(
            status=scenario_status(state.status),
            error=error,
            error_message="" if state.error is None else state.error.message,
            nodes=node_statuses(world.family, self._main),
            dispatched=tuple(world.dispatched),
            elapsed=ended_at - self._scenario.start,
            output=state.output if state.status == "Completed" else MISSING,
            runs=main.state.runs if isinstance(main, LiveSeries) else int(state.has_begun),
            refused=refused,
            steps=self._steps - world.steps_left,
            is_cut_short=world.steps_left <= 0,
            trace=world.trace.lines(),
        )


def _main_id(scenario: Scenario) -> TraversalId:
    """An id for the scenario's traversal: from its start and its name, so that a run can be had again."""
    milliseconds = max(0, int((scenario.start - _EPOCH).total_seconds() * 1000))
    return TraversalId(ulid_from(milliseconds, digest_bytes(scenario.name.encode())[:ENTROPY_BYTES]))
