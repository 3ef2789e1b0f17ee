"""Goes through the states of a twin, breadth first, so that what is found is found by a shortest run.

Nothing is taken for granted: every state is one that the machine made, and every transition is looked at for what the
machine must never do (stand without an obligation, end twice, refuse an answer, raise) beside what the Spec promises.
"""

import random
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from attrs import define, field, frozen

from waygrid_core.dag.dag import Dag
from waygrid_core.dag.edge import ALWAYS, BRANCH, CONDITION, FAILURE, JOIN, SUCCESS, TIMEOUT, Guard, edges_from
from waygrid_core.dag.node import DagNode, FailNode, ForkNode, JoinNode, PassNode, TaskNode
from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.policy.delivery import Immediate
from waygrid_core.policy.join import And
from waygrid_core.traversal.effects import Cancel, Complete, Fail
from waygrid_core.traversal.events import (
    BranchOpened,
    Event,
    ForkOpened,
    NodeDispatched,
    NodeFailed,
    NodeScheduled,
    NodeSucceeded,
    NodeTimedOut,
    TraversalFailed,
)
from waygrid_core.traversal.machine import Transition
from waygrid_core.traversal.obligations import obligations
from waygrid_core.traversal.signals import Begin, Signal
from waygrid_core.traversal.state import TraversalState, TraversalStatus, new_traversal
from waygrid_core.verify.choosing import every_transition, transition_with
from waygrid_core.verify.levels import joins_around
from waygrid_core.verify.likeness import Ends, Focus, Key, Likeness
from waygrid_core.verify.order import Move, Order
from waygrid_core.verify.promises import Memory, Promise
from waygrid_core.verify.twin import Question, Twin

_Told: TypeAlias = tuple[Signal, tuple[tuple[Question, JsonValue], ...]]

SUBJECT: Final = TraversalId("01JGH0000000000000000000VR")
"""The traversal that is gone through."""

_SUCCEEDS: Final = "succeeds"
"""Beside the edges: that a node succeeded, wherever its token went."""

_TOLD_EVERY: Final = 1_000
"""States between two reports of progress."""


@frozen
class Step:
    """One step of a run: the signal, the choices of data that it met, and what the machine made of it."""

    signal: Signal
    choices: tuple[tuple[Question, JsonValue], ...]
    events: tuple[Event, ...]
    state: TraversalState


@frozen
class Flaw:
    """Something that must not be, with the run that shows it. `about` is a node, or a promise by its index."""

    code: str
    about: NodeId | int | None
    run: tuple[Step, ...]
    detail: str = ""


@define(eq=False)
class _Reached:
    """A state, and how it was reached first. The state is let go once all that follows has been explored."""

    state: TraversalState | None
    focus: Focus
    memories: tuple[Memory, ...]
    parent: int
    move: Signal
    choices: tuple[tuple[Question, JsonValue], ...]


@define(eq=False)
class Exploration:
    """What was found: the nodes that tokens reached, those that succeeded, the edges that tokens took, how runs may end
    (with what each promise remembered then), and what must not be.
    """

    states: int = 0
    transitions: int = 0
    is_exhaustive: bool = True
    reached: set[NodeId] = field(factory=set)
    succeeded: set[NodeId] = field(factory=set)
    edges: set[tuple[NodeId, Guard]] = field(factory=set)
    ends: set[tuple[TraversalStatus, tuple[Memory, ...]]] = field(factory=set)
    flaws: list[Flaw] = field(factory=list)


class Explorer:
    """Explores one twin. `budget` bounds the states; beyond it, random runs are made from `seed`."""

    def __init__(
        self,
        twin: Twin,
        *,
        promises: Sequence[Promise] = (),
        ends: Mapping[NodeId, Ends] | None = None,
        entries: Sequence[int] = (0,),
        budget: int,
        seed: int = 0,
        spares: bool = True,
        tell: Callable[[int], None] | None = None,
    ) -> None:
        self._twin = twin
        self._promises = tuple(promises)
        marks: dict[NodeId, str] = {}
        for promise in promises:
            for node in promise.marked:
                marks[node] = marks.get(node, "") + f"{promise.index}{promise.role(node)}."
        self._likeness = Likeness(twin, marks, ends or {})
        fires = any(promise.asks_for_the_end for promise in promises)
        self._order = Order(
            twin, self._likeness, marks.keys(), ends or {}, spares=spares, fires_anywhere=fires or not spares
        )
        self._freely = Order(twin, self._likeness, marks.keys(), ends or {}, spares=False, fires_anywhere=True)
        self._entries = entries
        self._budget = budget
        self._seed = seed
        self._tell = tell or (lambda _: None)
        self._known: set[tuple[Key, tuple[Memory, ...]]] = set()
        self._all: list[_Reached] = []
        self._taken: set[tuple[int, Guard]] = set()
        self._stood: set[NodeId] = set()
        self._told: set[tuple[str, object]] = set()
        self._unhandled: dict[NodeId, Flaw] = {}
        self._found = Exploration()

    def explore(self) -> Exploration:
        """All of it, as far as the budget goes."""
        found = self._found
        pending: deque[int] = deque()
        for entry in self._entries:
            start = self._start(entry)
            found.reached.add(self._twin.dag.entry_points[entry])
            self._follow(start, [Move(start.move, {})], pending)
        first = len(pending)
        while pending:
            if found.states >= self._budget:
                found.is_exhaustive = False
                self._walk()
                break
            index = pending.popleft()
            here = self._all[index]
            assert here.state is not None, "a state is let go after this"
            self._follow(here, self._order.moves(here.state, here.focus, is_first=index < first), pending, index)
            here.state = None
        self._spread()
        found.flaws.extend(self._unhandled.values())
        return found

    def _start(self, entry: int) -> _Reached:
        memories = (0,) * len(self._promises)
        return _Reached(new_traversal(SUBJECT), {}, memories, -1, Begin(SUBJECT, None, entry), ())

    def _follow(self, here: _Reached, moves: Iterator[Move] | list[Move], pending: deque[int], index: int = -1) -> None:
        for move in moves:
            for following in self._after(here, move, index):
                state = following.state
                assert state is not None, "it was just reached"
                if state.has_ended:
                    continue
                key = (self._likeness.key(state, following.focus), following.memories)
                if key not in self._known:
                    self._known.add(key)
                    pending.append(len(self._all))
                    self._all.append(following)
                    self._found.states += 1
                    if self._found.states % _TOLD_EVERY == 0:
                        self._tell(self._found.states)

    def _after(self, here: _Reached, move: Move, index: int) -> Iterator[_Reached]:
        """What a move may make of a state; what must not be is noted."""
        state = here.state
        assert state is not None, "it is being explored"
        try:
            every = list(every_transition(self._twin, state, move.signal))
        except Exception as error:  # the seam: an extension's code may raise anything, and that is what is looked for
            self._note("machine-raised", None, index, move, (), f"{type(error).__name__}: {error}")
            return
        for chosen in every:
            self._found.transitions += 1
            made = chosen.outcome
            if not isinstance(made, Transition):
                self._note("machine-refused", None, index, move, chosen.choices, repr(made))
                continue
            memories = self._watch(here.memories, index, move, chosen.choices, made)
            following = _Reached(made.state, move.focus, memories, index, move.signal, chosen.choices)
            self._look_at(index, move, following, made)
            yield following

    def _watch(
        self,
        before: tuple[Memory, ...],
        index: int,
        move: Move,
        choices: tuple[tuple[Question, JsonValue], ...],
        made: Transition,
    ) -> tuple[Memory, ...]:
        memories = list(before)
        for place, promise in enumerate(self._promises):
            for event in made.events:
                memories[place], is_broken = promise.watch(memories[place], event)
                if is_broken:
                    self._note("guarantee-broken", promise.index, index, move, choices)
        return tuple(memories)

    def _look_at(self, index: int, move: Move, following: _Reached, made: Transition) -> None:
        state, found = made.state, self._found
        terminal = sum(isinstance(effect, Complete | Fail | Cancel) for effect in made.effects)
        if terminal != state.has_ended:
            self._note("ended-wrongly", None, index, move, following.choices)
        if state.has_ended:
            found.ends.add((state.status, following.memories))
        self._stood.update(state.standing.values())
        if not state.has_ended and not obligations(state):
            self._note("stuck", None, index, move, following.choices)
        unhandled: list[NodeId] = []
        for event in made.events:
            self._trace(event)
            if isinstance(event, NodeFailed | NodeTimedOut) and _failure_edge(self._twin.dag, event) is None:
                unhandled.append(event.node)
        is_meant = any(isinstance(self._twin.dag.nodes[node], FailNode) for node in unhandled)
        if made.events and isinstance(made.events[-1], TraversalFailed) and unhandled and not is_meant:
            self._note_unhandled(_culprit(self._twin.dag, unhandled), index, move, following)

    def _trace(self, event: Event) -> None:
        """The nodes that an event tells of, and the edge that a token takes because of it."""
        found, dag = self._found, self._twin.dag
        match event:
            case NodeDispatched(node=node) | NodeScheduled(node=node):
                found.reached.add(node)
            case NodeSucceeded(node=node, output=output):
                found.reached.add(node)
                found.succeeded.add(node)
                self._taken.add((self._likeness.class_of(node), _SUCCEEDS))
                self._take(node, _success_edge(dag, node, output))
            case NodeFailed(node=node) | NodeTimedOut(node=node):
                found.reached.add(node)
                self._take(node, _failure_edge(dag, event))
            case ForkOpened(fork=fork, join=join):
                found.reached |= {fork, join}
            case BranchOpened(fork=fork, branch=branch):
                self._take(fork, f"{BRANCH}{branch}")
            case _:
                return

    def _take(self, node: NodeId, guard: Guard | None) -> None:
        if guard is not None:
            self._found.edges.add((node, guard))
            self._taken.add(self._way(node, guard))

    def _way(self, node: NodeId, guard: Guard) -> tuple[int, Guard]:
        """An edge, in terms that nodes share that are alike: branches are those at the same place."""
        fork = self._twin.dag.nodes[node]
        if isinstance(fork, ForkNode):
            names = [f"{BRANCH}{name}" for name, _ in fork.branches]
            guard = f"{BRANCH}{names.index(guard)}"
        return self._likeness.class_of(node), guard

    def _spread(self) -> None:
        """What happened to a node may happen to those that are alike, if a token reaches them and stands there.

        One that was dispatched and canceled in one transition, whatever happened, has no future to share.
        """
        found, dag = self._found, self._twin.dag
        pending = [node for node in found.reached if node in self._stood or not _stands(dag.nodes[node])]
        shared = set(pending)
        while pending:
            node = dag.nodes[pending.pop()]
            if (self._likeness.class_of(node.id), _SUCCEEDS) in self._taken:
                found.succeeded.add(node.id)
            for guard, target in edges_from(node):
                if guard != JOIN and self._way(node.id, guard) in self._taken:
                    found.edges.add((node.id, guard))
                if (guard == JOIN or (node.id, guard) in found.edges) and target not in found.reached:
                    found.reached.add(target)
                    pending.append(target)
                    shared.add(target)
        places = {self._likeness.place_of(node) for node in self._unhandled}
        for each in dag.nodes:
            if each in shared and each not in self._unhandled and self._likeness.place_of(each) in places:
                self._unhandled[each] = Flaw("unhandled-failure", each, ())

    def _note(
        self,
        code: str,
        about: int | None,
        index: int,
        move: Move,
        choices: tuple[tuple[Question, JsonValue], ...],
        detail: str = "",
    ) -> None:
        """Note a flaw, the first time: a shortest run shows it."""
        if (code, about) not in self._told:
            self._told.add((code, about))
            last = (move.signal, choices)
            self._found.flaws.append(Flaw(code, about, self._run([*self._path(index), last]), detail))

    def _note_unhandled(self, culprit: NodeId, index: int, move: Move, following: _Reached) -> None:
        """Note whose failure nothing handles. One run is enough: that of the first."""
        if culprit not in self._unhandled:
            path = [] if self._unhandled else [*self._path(index), (move.signal, following.choices)]
            self._unhandled[culprit] = Flaw("unhandled-failure", culprit, self._run(path))

    def _path(self, index: int) -> list[_Told]:
        """The signals and choices that lead to a state."""
        path: list[_Told] = []
        while index >= 0:
            reached = self._all[index]
            path.append((reached.move, reached.choices))
            index = reached.parent
        return path[::-1]

    def _run(self, path: Sequence[_Told]) -> tuple[Step, ...]:
        """The path again, as the machine goes it; a last step that it refuses or fails at is left out."""
        state = new_traversal(SUBJECT)
        steps: list[Step] = []
        for signal, choices in path:
            made = transition_with(self._twin, state, signal, choices)
            if made is None:
                break
            state = made.state
            steps.append(Step(signal, choices, made.events, state))
        return tuple(steps)

    def _walk(self) -> None:
        """Random runs, each to its end, for as many transitions as there were states to explore."""
        chance = random.Random(self._seed)
        until = self._found.transitions + self._budget
        while self._found.transitions < until:
            here = self._start(chance.choice(list(self._entries)))
            move, index = Move(here.move, {}), -1
            while True:
                following = list(self._after(here, move, index))
                if not following:
                    break
                here = chance.choice(following)
                assert here.state is not None, "it was just reached"
                if here.state.has_ended:
                    break
                index = len(self._all)
                self._all.append(here)
                moves = list(self._freely.moves(here.state, {}, is_first=index < 0))
                if not moves:
                    break
                move = chance.choice(moves)


def _stands(node: DagNode) -> bool:
    """Whether a token that reaches the node stays there until somebody answers, or a timer fires."""
    return isinstance(node, TaskNode) or (
        isinstance(node, PassNode) and not isinstance(node.delivery_strategy, Immediate)
    )


def _culprit(dag: Dag, unhandled: Sequence[NodeId]) -> NodeId:
    """Whose failure it is that nothing handles: the first one's; or that of a join which other branches, too, bore."""
    culprit = unhandled[0]
    for join in joins_around(dag, dag.nodes[culprit].scope):
        if join.id in unhandled and not isinstance(join.strategy, And):
            culprit = join.id
    return culprit


def _success_edge(dag: Dag, node_id: NodeId, output: JsonValue) -> Guard | None:
    """The edge that a success takes; None if its scope ends."""
    node = dag.nodes[node_id]
    if not isinstance(node, TaskNode | PassNode | JoinNode):
        return None
    if node.routes.conditions and isinstance(output, int) and 0 <= output < len(node.routes.conditions):
        return f"{CONDITION}{output}"
    if node.routes.success is not None:
        return SUCCESS
    return None if node.routes.always is None else ALWAYS


def _failure_edge(dag: Dag, event: NodeFailed | NodeTimedOut) -> Guard | None:
    """The edge that a failure takes; None if its scope ends."""
    node = dag.nodes[event.node]
    if not isinstance(node, TaskNode | PassNode | JoinNode):
        return None
    if isinstance(event, NodeTimedOut) and node.routes.timeout is not None:
        return TIMEOUT
    if node.routes.failure is not None:
        return FAILURE
    return None if node.routes.always is None else ALWAYS
