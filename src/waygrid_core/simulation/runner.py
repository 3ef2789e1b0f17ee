"""Runs a scenario: messages, timers and time around the machines.

At one instant: what the file does to the traversal, then messages until none is under way, then one timer, then
messages again, and so on. When nothing is left for this instant, time goes on to whatever is due next. A message is a
dispatch (of a call, each or loop: the begin of its child), the begin of a run or a follow-up, the answer of a child or
of an event, a cancel. A worker answers in the step in which its dispatch arrives, or by a message later. The messages
of one transition are sent in the order of its effects.
"""

from datetime import datetime
from typing import Final, assert_never

from waygrid_core.children.answer import answer_of, ending_of
from waygrid_core.children.derive import plan_for
from waygrid_core.children.identity import dispatched_child_id, follow_up_id
from waygrid_core.children.plan import EachPlan, RunPlan, SinglePlan
from waygrid_core.children.series import series_transition
from waygrid_core.children.series_effects import CancelRun, SeriesEffect, StartRun
from waygrid_core.children.series_signals import RunEnd, StartDue, is_start_timer, start_signal
from waygrid_core.children.start import FIRST_ENTRY, child_of
from waygrid_core.compile.pipeline import compile_document, compile_text
from waygrid_core.dag.dag import CompiledDag
from waygrid_core.dag.node import AwaitWork, CallWork, EachWork, LoopWork, ServiceWork, TaskNode
from waygrid_core.inbox.mailbox import Answer, MailboxName, Waiter, mailbox_of
from waygrid_core.model.digest import digest_bytes
from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_core.model.json_value import MISSING
from waygrid_core.model.ulid import ENTROPY_BYTES, ulid_from
from waygrid_core.outcome import Failure, Outcome
from waygrid_core.policy.repeat import Indefinitely
from waygrid_core.simulation.agenda import Agenda, later
from waygrid_core.simulation.comparison import ScenarioResult, compare
from waygrid_core.simulation.events import Mailboxes
from waygrid_core.simulation.family import Family, Live, LiveSeries, LiveTraversal, NodeParent, SeriesParent
from waygrid_core.simulation.naming import MAIN_PLACE, ON_END, body_annotations, on_end_annotations
from waygrid_core.simulation.observation import Observation, node_statuses, traversal_status
from waygrid_core.simulation.post import (
    Answered,
    AttemptCanceled,
    Dispatched,
    EventAnswered,
    FollowUpRequested,
    Message,
    Post,
    RunAnswered,
    RunCanceled,
    RunRequested,
)
from waygrid_core.simulation.scenario import (
    CancelBranchesSignal,
    CancelSignal,
    EventSignal,
    PauseSignal,
    Scenario,
    SpecDocument,
    SpecText,
    TimedSignal,
    UnpauseSignal,
)
from waygrid_core.simulation.script import Script
from waygrid_core.simulation.trace import Trace
from waygrid_core.simulation.workers import Workers
from waygrid_core.spec.problem import SpecErrors
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
from waygrid_core.traversal.signals import (
    Begin,
    CancelBranches,
    NodeSuccess,
    Pause,
    Signal,
    Unpause,
)
from waygrid_core.traversal.signals import Cancel as CancelTraversal
from waygrid_core.traversal.timers import timer_signal

DEFAULT_STEPS: Final = 1_000_000
"""How many signals a simulation handles before it gives up; an each of 10 000 members takes about 50 000."""

_EPOCH: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def run_scenario(scenario: Scenario, steps: int = DEFAULT_STEPS) -> ScenarioResult:
    """Run a scenario to its end in virtual time, and compare it with what it expects."""
    compiled = compile_scenario(scenario)
    if isinstance(compiled, Failure):
        return compare(scenario, Observation(status="invalid", problems=compiled.failure()), None)
    observation = Simulation(scenario, compiled.unwrap(), steps).run()
    return compare(scenario, observation, compiled.unwrap())


def compile_scenario(scenario: Scenario) -> Outcome[CompiledDag, SpecErrors]:
    """The Spec of a scenario, compiled."""
    match scenario.spec:
        case SpecText(text=text):
            return compile_text(text)
        case SpecDocument(document=document):
            return compile_document(document)
        case _:
            assert_never(scenario.spec)


class Simulation:
    """One run of one scenario. Deterministic: the same scenario gives the same run."""

    def __init__(self, scenario: Scenario, compiled: CompiledDag, steps: int = DEFAULT_STEPS) -> None:
        self._scenario = scenario
        self._compiled = compiled
        self._steps_left = steps
        self._steps = steps
        self._agenda = Agenda(scenario.start)
        self._post = Post(scenario.deliver)
        self._family = Family(compiled, scenario.known)
        self._script = Script(scenario.outcomes)
        self._workers = Workers(self._script)
        self._mailboxes = Mailboxes()
        self._trace = Trace(self._agenda)
        self._dispatched: list[str] = []
        self._canceled_early: set[TraversalId] = set()
        self._of_file = sorted(scenario.signals, key=lambda timed: timed.at)[::-1]  # the next one last
        self._taken_by_last_run = -1
        self._ended_at: datetime | None = None
        self._refused: str | None = None
        self._main = _main_id(scenario)

    def run(self) -> Observation:
        """Run until nothing is left to happen, or the budget of steps is used up."""
        plan = plan_for(self._compiled.dag)
        main = self._family.open(self._main, plan, MAIN_PLACE, self._compiled.annotations, None)
        self._hear_file()  # one at 0s comes before the begin
        self._begin_main(main)
        while self._steps_left > 0:
            self._deliver_all()
            if not self._fire_one_timer() and not self._go_on():
                break
        return self._observe(main)

    def _begin_main(self, main: Live) -> None:
        begin = Begin(self._main, self._scenario.payload, self._scenario.entry, main.known)
        self._refused = self._hear(main, begin)

    def _observe(self, main: Live) -> Observation:
        ended_at = self._agenda.now if self._ended_at is None else self._ended_at
        state = main.state
        error = "canceled" if state.status == "Canceled" else None if state.error is None else state.error.code
        if isinstance(main, LiveSeries):
            runs = main.state.runs
        else:
            runs = 1 if state.has_begun else 0
        return Observation(
            status=traversal_status(state.status),
            error=error,
            error_message="" if state.error is None else state.error.message,
            nodes=node_statuses(self._family, self._main),
            dispatched=tuple(self._dispatched),
            elapsed=ended_at - self._scenario.start,
            output=state.output if state.status == "Completed" else MISSING,
            runs=runs,
            refused=self._refused,
            steps=self._steps - self._steps_left,
            is_cut_short=self._steps_left <= 0,
            trace=self._trace.lines(),
        )

    # Time

    def _go_on(self) -> bool:
        """On to the next instant at which something is due; False if nothing is."""
        due = self._agenda.next_due()
        if self._of_file:
            of_file = self._instant(self._of_file[-1])
            due = of_file if due is None else min(due, of_file)
        if due is None:
            return False
        for signal in self._agenda.go_on_to(due):
            self._post.send(Answered(signal))
        self._hear_file()
        return True

    def _fire_one_timer(self) -> bool:
        timer = self._agenda.take_timer()
        if timer is None:
            return False
        live = self._family[timer.traversal]
        signal = start_signal(timer.timer) if is_start_timer(timer.timer) else timer_signal(timer.timer)
        self._trace.timer(live, timer.timer)
        self._hear(live, signal)
        return True

    def _instant(self, timed: TimedSignal) -> datetime:
        return later(self._scenario.start, timed.at)

    def _hear_file(self) -> None:
        while self._of_file and self._instant(self._of_file[-1]) <= self._agenda.now:
            self._hear_from_file(self._of_file.pop())

    def _hear_from_file(self, timed: TimedSignal) -> None:
        main = self._family[self._main]
        match timed.signal:
            case CancelSignal(reason=reason):
                self._hear(main, CancelTraversal(self._main, reason))
            case PauseSignal():
                self._hear(main, Pause(self._main))
            case UnpauseSignal():
                self._hear(main, Unpause(self._main))
            case CancelBranchesSignal(fork=fork, branches=branches):
                if isinstance(main, LiveTraversal):  # a series has no forks, and does not hear this
                    self._hear(main, CancelBranches(self._main, fork, branches))
            case EventSignal(event=event, key=key, data=data):
                self._trace.event(event, key)
                mailbox = MailboxName(event, self._main if key is None else key)
                self._send_event_answers(self._mailboxes.event_comes(mailbox, data))
            case _:
                assert_never(timed.signal)

    # The machines

    def _hear(self, live: Live, signal: Signal | RunEnd | StartDue) -> str | None:
        """Have the machine of `live` hear `signal`, and do what it asks for; gives the reason if it refuses."""
        self._steps_left -= 1
        effects: tuple[Effect | SeriesEffect, ...]
        if isinstance(live, LiveTraversal):
            assert not isinstance(signal, RunEnd | StartDue), "only a series has runs"
            single = transition(live.dag, live.state, signal, self._agenda.now)
            if isinstance(single, Failure):
                return self._trace.refusal(live, signal, single.failure())
            live.state, effects = single.unwrap().state, single.unwrap().effects
        else:
            assert isinstance(signal, Begin | RunEnd | StartDue | CancelTraversal | Pause | Unpause), (
                "a series has no nodes"
            )
            series = series_transition(live.dag, live.plan, live.state, signal, self._agenda.now)
            if isinstance(series, Failure):
                return self._trace.refusal(live, signal, series.failure())
            live.state, effects = series.unwrap().state, series.unwrap().effects
        self._trace.signal(live, signal)
        for effect in effects:
            self._perform(live, effect)
        return None

    def _perform(self, live: Live, effect: Effect | SeriesEffect) -> None:
        match effect:
            case CancelNode(node=node, attempt=attempt):
                self._post.send(AttemptCanceled(live.id, node, attempt))
            case CancelRun(child=child):
                self._post.send(RunCanceled(child))
            case Unschedule(timer=timer):
                self._agenda.unset_timer(timer)
            case DispatchNode():
                self._note_dispatch(live, effect)
                self._post.send(Dispatched(live.id, effect))
            case StartRun():
                self._post.send(RunRequested(live.id, effect))
            case Schedule(timer=timer, at=at):
                self._agenda.set_timer(timer, live.id, at)
            case StartFollowUp():
                self._post.send(FollowUpRequested(live.id, effect))
            case Complete() | Fail() | Cancel():
                self._end(live)
            case _:
                assert_never(effect)

    def _note_dispatch(self, live: Live, effect: DispatchNode) -> None:
        assert isinstance(live, LiveTraversal), "a series has no nodes"
        name = live.names.get(effect.node)
        if name is not None:  # the members of an each have none
            self._dispatched.append(live.place.prefix + name)

    def _end(self, live: Live) -> None:
        self._trace.end(live)
        if live.id == self._main:
            self._ended_at = self._agenda.now
            self._mailboxes.traversal_ends(self._main)
        self._send_answer(live)

    def _send_answer(self, live: Live) -> None:
        end = ending_of(live.state)
        assert end is not None, "only what has ended answers"
        match live.parent:
            case NodeParent(traversal=traversal, node=node, attempt=attempt):
                self._post.send(Answered(answer_of(live.plan, traversal, node, attempt, end)))
            case SeriesParent(series=series, run=run):
                self._post.send(RunAnswered(RunEnd(series, run, end)))
            case None:
                pass
            case _:
                assert_never(live.parent)

    def _send_event_answers(self, answers: tuple[Answer, ...]) -> None:
        for answer in answers:
            self._post.send(EventAnswered(answer))

    # Messages

    def _deliver_all(self) -> None:
        while self._steps_left > 0:
            message = self._post.take()
            if message is None:
                return
            for _ in range(self._post.copies):
                self._deliver(message)

    def _deliver(self, message: Message) -> None:
        match message:
            case Dispatched(traversal=traversal, effect=effect):
                self._deliver_dispatch(self._family.single(traversal), effect)
            case AttemptCanceled(traversal=traversal, node=node, attempt=attempt):
                self._deliver_cancel(self._family.single(traversal), node, attempt)
            case RunRequested(series=series, effect=run):
                self._deliver_run(self._family.series(series), run)
            case RunCanceled(child=child):
                self._cancel_child(child)
            case FollowUpRequested(traversal=traversal, effect=follow_up):
                self._deliver_follow_up(self._family[traversal], follow_up)
            case Answered(signal=signal):
                self._hear(self._family[signal.traversal], signal)
            case RunAnswered(signal=end):
                if end.traversal != self._main or not self._has_shown_enough():
                    self._hear(self._family[end.traversal], end)
            case EventAnswered(answer=answer):
                waiter = answer.waiter
                answered = NodeSuccess(waiter.traversal, waiter.node, waiter.attempt, answer.data)
                self._hear(self._family[waiter.traversal], answered)
            case _:
                assert_never(message)

    def _deliver_dispatch(self, live: LiveTraversal, effect: DispatchNode) -> None:
        node = _task(live, effect.node)
        name = live.names.get(node.id)
        if self._is_for_worker(live, node):
            assert name is not None, "what a worker does has an address, and so a name"
            reply = self._workers.work(live.place, name, live.id, node.id, effect.attempt)
            if reply is None:
                return
            if reply.after:
                self._agenda.promise(reply.signal, reply.after)
            else:
                self._hear(live, reply.signal)
        elif isinstance(node.work, AwaitWork):
            waiter = Waiter(live.id, node.id, effect.attempt)
            mailbox = mailbox_of(effect.parameters, self._main)
            self._send_event_answers(self._mailboxes.await_comes(waiter, mailbox))
        else:
            self._deliver_to_child(live, node, effect)

    def _deliver_cancel(self, live: LiveTraversal, node_id: NodeId, attempt: int) -> None:
        node = _task(live, node_id)
        if self._is_for_worker(live, node):
            self._workers.cancel(live.id, node_id, attempt)
            self._agenda.break_promise(live.id, node_id, attempt)
        elif isinstance(node.work, AwaitWork):
            self._send_event_answers(self._mailboxes.await_canceled(Waiter(live.id, node_id, attempt)))
        else:
            self._cancel_child(dispatched_child_id(live.id, node_id, attempt))

    def _is_for_worker(self, live: LiveTraversal, node: TaskNode) -> bool:
        """Whether a worker answers: for a service always, for others if the scenario scripts them."""
        match node.work:
            case ServiceWork():
                return True
            case AwaitWork() | CallWork() | EachWork() | LoopWork():
                return self._script.has(live.place, live.names.get(node.id))
            case _:
                assert_never(node.work)

    # Children

    def _deliver_to_child(self, live: LiveTraversal, node: TaskNode, effect: DispatchNode) -> None:
        start = child_of(node, live.id, effect)
        assert start is not None, "a call, each or loop has a child"
        if self._needs_no_begin(start.traversal):
            return
        if isinstance(live.plan, EachPlan):
            assert effect.branch is not None, "members are called in branches, named by index"
            place, annotations = live.place.member(int(effect.branch)), live.annotations
        else:
            name = live.names[node.id]
            place, annotations = live.place.inside(name), body_annotations(live.annotations, node.id)
        live.children[node.id] = start.traversal
        parent = NodeParent(live.id, node.id, effect.attempt)
        child = self._family.open(start.traversal, start.plan, place, annotations, parent)
        self._hear(child, Begin(child.id, start.payload, FIRST_ENTRY, child.known))

    def _deliver_run(self, series: LiveSeries, effect: StartRun) -> None:
        if self._needs_no_begin(effect.child):
            return
        series.last_run = effect.child
        plan, parent = RunPlan(series.dag.hash, effect.run), SeriesParent(series.id, effect.run)
        run = self._family.open(effect.child, plan, series.place, series.annotations, parent)
        self._hear(run, Begin(run.id, effect.payload, effect.entry, effect.known, effect.run))

    def _deliver_follow_up(self, ended: Live, effect: StartFollowUp) -> None:
        child = follow_up_id(ended.id)
        if self._needs_no_begin(child):
            return
        ended.follow_up = child
        place, annotations = ended.place.inside(ON_END), on_end_annotations(ended.annotations)
        live = self._family.open(child, SinglePlan(effect.dag), place, annotations, None)
        self._hear(live, Begin(child, effect.payload, FIRST_ENTRY, live.known))

    def _needs_no_begin(self, child: TraversalId) -> bool:
        """Whether the child is canceled before its begin, is under way, or has ended: then it answers again."""
        live = self._family.get(child)
        if live is not None and live.state.has_ended:
            self._send_answer(live)
        return live is not None or child in self._canceled_early

    def _cancel_child(self, child: TraversalId) -> None:
        live = self._family.get(child)
        if live is None:
            self._canceled_early.add(child)  # the cancel overtook the dispatch
        else:
            self._hear(live, CancelTraversal(child))

    def _has_shown_enough(self) -> bool:
        """Whether a series that never ends by itself shows nothing new by another run.

        So it is when the file has nothing left to happen, and its outcomes are used up, or the last run used no new
        one. The series is then left as it is.
        """
        if self._of_file or not isinstance(self._compiled.dag.repeat_policy, Indefinitely):
            return False
        had_taken, self._taken_by_last_run = self._taken_by_last_run, self._script.taken
        return self._script.taken == had_taken or self._script.is_used_up


def _task(live: LiveTraversal, node_id: NodeId) -> TaskNode:
    node = live.dag.nodes[node_id]
    assert isinstance(node, TaskNode), "only tasks are dispatched and canceled"
    return node


def _main_id(scenario: Scenario) -> TraversalId:
    """An id for the scenario's traversal: from its start and its name, so that a run can be had again."""
    milliseconds = max(0, int((scenario.start - _EPOCH).total_seconds() * 1000))
    return TraversalId(ulid_from(milliseconds, digest_bytes(scenario.name.encode())[:ENTROPY_BYTES]))
