"""The table of section 3, row by row, on a Spec document as it stands. See `naive_world`."""

from collections.abc import Callable
from typing import Any, Final

from attrs import define, field

from tests.integration.examples.naive_world import ROOT_KEY, Actor, Await, Document, Timer, World, milliseconds

FOR_GOOD: Final = ("no-route", "bad-value", "not-a-list", "too-many-items")
TRAVERSAL, JOIN, NODE = 0, 1, 2
"""In which order timers of one transition are set."""


def holds(condition: Document, output: Any) -> bool:
    match condition["type"]:
        case "Always":
            return True
        case "Not":
            return not holds(condition["cond"], output)
        case "JsonExists":
            return isinstance(output, dict) and condition["pointer"][1:] in output
        case "JsonEquals":
            return isinstance(output, dict) and output.get(condition["pointer"][1:]) == condition["value"]
        case other:
            raise ValueError(other)


def retry_delay(policy: Document, attempt: int) -> int:
    base = milliseconds(policy["base"])
    match policy["type"]:
        case "Linear":
            return base
        case "Exponential":
            return base * int(2 ** (attempt - 1))
        case "BoundedExponential":
            return min(milliseconds(policy["cap"]), base * int(2 ** (attempt - 1)))
        case "Fibonacci":
            return base * [1, 1, 2, 3, 5, 8][attempt - 1]
        case "Polynomial":
            return base * int(attempt ** policy["power"])
        case other:
            raise ValueError(other)


def is_retried(policy: Document | None, attempt: int, code: str) -> bool:
    if policy is None or code in FOR_GOOD or attempt > policy["maxRetries"]:
        return False

    def names(pattern: str) -> bool:
        return code.startswith(pattern[:-1]) if pattern.endswith("*") else code == pattern

    if "doNotRetry" in policy:
        return not any(map(names, policy["doNotRetry"]))
    return any(map(names, policy["retryOn"])) if "retryOn" in policy else True


@define(eq=False)
class Scope:
    """The root, or a branch; `at` is the node (by id) or the fork where its token stands."""

    fork: "OpenFork | None" = None
    branch: str = ""
    at: "str | OpenFork | None" = None


@define(eq=False)
class OpenFork:
    """A fork that was reached. Statuses of branches are in the words of section 6."""

    node: Document
    join: Document
    scope: Scope
    arrived: Any
    statuses: dict[str, str]
    outputs: dict[str, Any] = field(factory=dict)
    scopes: dict[str, Scope] = field(factory=dict)
    is_open: bool = True


class Traversal(Actor):
    """One traversal. A transition is any call of `_transition`; its effects are the net of what happened in it."""

    def __init__(
        self,
        world: World,
        spec: Document,
        path: tuple[str, ...],
        members: tuple[object, ...],
        payload: Any,
        answer: Callable[[Actor], None] | None,
        start: Callable[..., Actor],
        on_end: Document | None = None,
        entry: int = 0,
    ) -> None:
        super().__init__(world, spec, path, members, payload, answer)
        self.start = start
        self.on_end = on_end
        self.entry = entry
        self.nodes: dict[str, Document] = {}
        self.joins: dict[str, Document] = {}
        self.node_statuses: dict[str, str] = {}
        self.arrived: dict[str, Any] = {}
        self.scopes: dict[str, Scope] = {}
        self.in_flight: dict[str, int] = {}
        self.node_timers: dict[str, Timer] = {}
        self.forks: dict[str, OpenFork] = {}
        self.children: dict[str, Actor | Await] = {}
        self.root = Scope()
        self.own_timer: Timer | None = None
        self.held: list[tuple[Callable[[], None], tuple[str, int] | None]] = []
        self._used: set[tuple[str, int]] = set()
        self._opened: list[tuple[str, int]] = []
        self._timers: list[tuple[int, Timer]] = []
        for node in spec["entryPoints"]:
            self._index(node)

    def _index(self, node: Document) -> None:
        if "ref" in node:
            return
        self.nodes[node["id"]] = node
        if node["type"] == "join":
            self.joins[node["joinNodeId"]] = node
        below = [node[edge] for edge in ("onSuccess", "onFailure", "onTimeout", "always", "join") if edge in node]
        below += [each["to"] for each in node.get("onConditions", [])]
        below += node.get("branches", {}).values()
        for each in below:
            self._index(each)

    # What a transition leaves: cancels, dispatches, timers, and if it ended, its follow-up and answer.

    def _transition(self, happen: Callable[[], None], answered: set[tuple[str, int]]) -> None:
        had_ended = self.has_ended
        before = dict(self.in_flight)
        self._opened, self._timers = [], []
        happen()
        for node, attempt in before.items():
            is_event_unused = isinstance(self.children.get(node), Await) and (node, attempt) not in self._used
            if self.in_flight.get(node) != attempt and ((node, attempt) not in answered or is_event_unused):
                self.world.send(lambda node=node: self._cancel_attempt(node))  # type: ignore[misc]
        for node, attempt in self._opened:
            if self.in_flight.get(node) == attempt:
                self.world.dispatched.append(self.name(node))
                self.world.send(lambda node=node, attempt=attempt: self._deliver(node, attempt))  # type: ignore[misc]
        for _, timer in sorted(self._timers, key=lambda ranked: ranked[0]):
            if timer.is_set:
                self.world.start_timer(timer)
        if self.has_ended and not had_ended:
            if self.own_timer is not None:
                self.own_timer.is_set = False
            self.tell_of_the_end(self.on_end, self.start)

    def _hear(self, happen: Callable[[], None], answers: tuple[str, int] | None = None) -> None:
        if self.status != "running":
            return
        if self.is_paused:
            self.held.append((happen, answers))
        else:
            self._transition(happen, set() if answers is None else {answers})

    def _timer(self, rank: int, delay: int, happen: Callable[[], None]) -> Timer:
        timer = Timer(self.world.now + delay, lambda: self._hear(happen))
        self._timers.append((rank, timer))
        return timer

    # Signals.

    def begin(self) -> None:
        def happen() -> None:
            self.status, self.has_begun = "running", True
            if "timeout" in self.spec:
                self.own_timer = self._timer(TRAVERSAL, milliseconds(self.spec["timeout"]), self._time_out)
            self._arrive(self.root, self.spec["entryPoints"][self.entry], self.payload)

        if self.status == "new":
            self._transition(happen, set())

    def _time_out(self) -> None:
        if self.status == "running":
            self._cancel_scope(self.root)
            self.status, self.error = "timed-out", "timeout"

    def cancel(self) -> None:
        if self.has_ended:
            return

        def happen() -> None:
            self._cancel_scope(self.root)
            self.status, self.error = "canceled", "canceled"

        answered = {answers for _, answers in self.held if answers is not None}
        self.held, self.is_paused = [], False
        self._transition(happen, answered)

    def unpause(self) -> None:
        if not self.is_paused:
            return
        held, self.held, self.is_paused = self.held, [], False

        def happen() -> None:
            for each, _ in held:
                each()

        self._transition(happen, {answers for _, answers in held if answers is not None})

    def cancel_branches(self, fork: str, branches: list[str]) -> None:
        def happen() -> None:
            opened = self.forks.get(fork)
            if opened is None or not opened.is_open or self.has_ended:
                return
            for branch in branches:
                if opened.statuses[branch] == "running":
                    self._cancel_scope(opened.scopes[branch])
                if opened.statuses[branch] in ("running", "waiting"):
                    opened.statuses[branch] = "canceled"
            self._judge(opened)

        self._hear(happen)

    def _answered(self, node: str, attempt: int, is_success: bool, value: Any) -> None:
        def happen() -> None:
            if self.has_ended or self.in_flight.get(node) != attempt:
                return  # stale
            self._used.add((node, attempt))
            del self.in_flight[node]
            self._unset(node)
            if is_success:
                self._succeed(self.scopes[node], self.nodes[node], value, attempt)
            else:
                self._fail(self.scopes[node], self.nodes[node], attempt, value, is_timeout=False)

        self._hear(happen, (node, attempt))

    # What workers, children and the inbox make of a dispatch.

    def _deliver(self, node_id: str, attempt: int) -> None:
        node, world = self.nodes[node_id], self.world
        outcome = world.next_outcome(self.name(node_id), self.members)
        if outcome is None and node["type"] == "await":
            name = (node["event"], node.get("key", ROOT_KEY))
            waiter = Await(name, lambda data: self._answered(node_id, attempt, True, data))
            self.children[node_id] = waiter
            world.wait_for(waiter)
        elif outcome is None and node["type"] in ("call", "each", "loop"):

            def answer(child: Actor) -> None:
                is_success = child.status == "completed"
                self._answered(node_id, attempt, is_success, child.output if is_success else child.error)

            body, path = node["body"], (*self.path, node_id)
            child = self.start(world, body, path, self.members, self.arrived[node_id], answer, node=node)
            self.children[node_id] = child
            child.begin()
        elif outcome is not None and "never" in outcome:
            return
        else:
            outcome = outcome or {"succeed": {}}
            value = outcome["succeed"] if "succeed" in outcome else outcome["code"]
            delay = milliseconds(outcome.get("after", "0s"))
            is_success = "succeed" in outcome
            if delay:
                world.answer_later(delay, lambda: self._answered(node_id, attempt, is_success, value))
            else:
                self._answered(node_id, attempt, is_success, value)

    def _cancel_attempt(self, node: str) -> None:
        child = self.children.get(node)
        if isinstance(child, Await):
            self.world.withdraw(child)
        elif child is not None:
            child.cancel()

    # The table.

    def _arrive(self, scope: Scope, node: Document, value: Any) -> None:
        if "ref" in node:
            node = self.nodes[node["ref"]]
        if node["type"] == "join":
            self._end(scope, "succeeded", value)
            return
        node_id = node["id"]
        self.arrived[node_id], self.scopes[node_id], scope.at = value, scope, node_id
        known = self.world.scenario["known"]
        if node["type"] == "fail":
            self.node_statuses[node_id] = "failed"
            self._end(scope, "failed", node["code"])
        elif node["type"] == "fork":
            self._open(scope, node, value)
        elif node["type"] != "pass" and self.name(node_id) in known:
            self._succeed(scope, node, known[self.name(node_id)], 1)
        elif node["type"] == "each" and len(node["over"]["$literal"]) > node.get("atMost", 1_000):
            self._fail(scope, node, 1, "too-many-items", is_timeout=False)
        elif "deliveryStrategy" in node:
            self.node_statuses[node_id] = "waiting"
            delay = milliseconds(node["deliveryStrategy"]["delay"])
            self.node_timers[node_id] = self._timer(NODE, delay, lambda: self._resume(scope, node))
        else:
            self._go(scope, node)

    def _resume(self, scope: Scope, node: Document) -> None:
        if self.node_statuses[node["id"]] == "waiting" and not self.has_ended:
            self._go(scope, node)

    def _go(self, scope: Scope, node: Document) -> None:
        if node["type"] == "pass":
            self._succeed(scope, node, node["output"] if "output" in node else self.arrived[node["id"]], 1)
        else:
            self._dispatch(node, 1)

    def _dispatch(self, node: Document, attempt: int) -> None:
        node_id = node["id"]
        self.node_statuses[node_id] = "running"
        self.in_flight[node_id] = attempt
        self._opened.append((node_id, attempt))

        def time_out() -> None:
            if self.in_flight.get(node_id) == attempt and not self.has_ended:
                del self.in_flight[node_id]
                self._fail(self.scopes[node_id], node, attempt, "timeout", is_timeout=True)

        if "timeout" in node:
            self.node_timers[node_id] = self._timer(NODE, milliseconds(node["timeout"]), time_out)

    def _unset(self, node: str) -> None:
        timer = self.node_timers.pop(node, None)
        if timer is not None:
            timer.is_set = False

    def _succeed(self, scope: Scope, node: Document, output: Any, attempt: int) -> None:
        self._unset(node["id"])
        self.node_statuses[node["id"]] = "succeeded"
        conditions = node.get("onConditions", [])
        routes = [each["to"] for each in conditions if holds(each["condition"], output)]
        routes += [node[edge] for edge in ("onSuccess", "always") if edge in node]
        if routes:
            self._arrive(scope, routes[0], output)
        elif conditions:
            self._fail_for_good(scope, node, attempt, "no-route", is_timeout=False)
        else:
            self._end(scope, "succeeded", output)

    def _fail(self, scope: Scope, node: Document, attempt: int, code: str, *, is_timeout: bool) -> None:
        policy = node.get("retryPolicy")
        if not is_retried(policy, attempt, code):
            self._fail_for_good(scope, node, attempt, code, is_timeout=is_timeout)
            return
        self._unset(node["id"])
        self.node_statuses[node["id"]] = "waiting"

        def retry() -> None:
            if self.node_statuses[node["id"]] == "waiting" and not self.has_ended:
                self._dispatch(node, attempt + 1)

        self.node_timers[node["id"]] = self._timer(NODE, retry_delay(policy or {}, attempt), retry)

    def _fail_for_good(
        self, scope: Scope, node: Document, attempt: int, code: str, *, is_timeout: bool, fork: OpenFork | None = None
    ) -> None:
        self._unset(node["id"])
        how = "timed-out" if is_timeout else "failed"
        self.node_statuses[node["id"]] = how
        edges = ("onTimeout", "onFailure", "always") if is_timeout else ("onFailure", "always")
        handlers = [node[edge] for edge in edges if edge in node]
        if not handlers:
            self._end(scope, how, code)
            return
        error = {"code": code, "node": node["id"], "attempt": attempt}
        if fork is None:
            self._arrive(scope, handlers[0], {"error": error, "input": self.arrived[node["id"]]})
        else:
            error["branches"] = dict(fork.statuses)
            self._arrive(scope, handlers[0], {"error": error, "input": fork.outputs})

    def _open(self, scope: Scope, node: Document, value: Any) -> None:
        join = self.joins[node["joinNodeId"]]
        fork = OpenFork(node, join, scope, value, dict.fromkeys(sorted(node["branches"]), "waiting"))
        scope.at = fork
        self.forks[node["joinNodeId"]] = fork
        self.node_statuses[join["id"]] = "running"

        def time_out() -> None:
            if fork.is_open and not self.has_ended:
                self._close(fork)
                self._fail_for_good(scope, join, 1, "timeout", is_timeout=True, fork=fork)

        if "timeout" in join:
            self.node_timers[join["id"]] = self._timer(JOIN, milliseconds(join["timeout"]), time_out)
        self._open_branches(fork)

    def _open_branches(self, fork: OpenFork) -> None:
        while fork.is_open and not self.has_ended:
            waiting = [branch for branch, status in fork.statuses.items() if status == "waiting"]
            running = list(fork.statuses.values()).count("running")
            if not waiting or running >= fork.node.get("concurrency", running + 1):
                return
            fork.statuses[waiting[0]] = "running"
            fork.scopes[waiting[0]] = Scope(fork, waiting[0])
            self._arrive(fork.scopes[waiting[0]], fork.node["branches"][waiting[0]], fork.arrived)

    def _end(self, scope: Scope, how: str, value: Any) -> None:
        scope.at = None
        if scope.fork is not None:
            scope.fork.statuses[scope.branch] = how
            if how == "succeeded":
                scope.fork.outputs[scope.branch] = value
            self._judge(scope.fork)
        elif how == "succeeded":
            self.status, self.output = "completed", value
        else:
            self.status, self.error = "failed", value

    def _judge(self, fork: OpenFork) -> None:
        if not fork.is_open:
            return
        strategy = fork.join["strategy"]
        counted = [fork.statuses[branch] for branch in strategy.get("of", fork.statuses)]
        needed = {"And": len(counted), "Or": 1}.get(strategy["type"]) or strategy["n"]
        possible = sum(status in ("succeeded", "running", "waiting") for status in counted)
        if counted.count("succeeded") >= needed:
            self._close(fork)
            self._succeed(fork.scope, fork.join, dict(sorted(fork.outputs.items())), 1)
        elif possible < needed:
            self._close(fork)
            self._fail_for_good(fork.scope, fork.join, 1, "join-failed", is_timeout=False, fork=fork)
        else:
            self._open_branches(fork)

    def _close(self, fork: OpenFork) -> None:
        fork.is_open = False
        self._unset(fork.join["id"])
        for branch, status in fork.statuses.items():
            if status == "running":
                self._cancel_scope(fork.scopes[branch])
            if status in ("running", "waiting"):
                fork.statuses[branch] = "canceled"

    def _cancel_scope(self, scope: Scope) -> None:
        at, scope.at = scope.at, None
        if isinstance(at, OpenFork):
            self._close(at)
            self.node_statuses[at.join["id"]] = "canceled"
        elif at is not None:
            self._unset(at)
            self.in_flight.pop(at, None)
            self.node_statuses[at] = "canceled"

    def statuses(self) -> dict[str, str | None]:
        found: dict[str, str | None] = {self.name(node): status for node, status in self.node_statuses.items()}
        for child in [*self.children.values(), self.follow_up]:
            if isinstance(child, Actor):
                found.update(child.statuses())
        return found
