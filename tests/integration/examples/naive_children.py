"""The paragraphs below the table of section 3: calls, eaches, loops and series. See `naive_world`."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from attrs import frozen

from tests.integration.examples.naive_traversal import Traversal, holds
from tests.integration.examples.naive_world import ROOT_KEY, Actor, Document, Timer, World, milliseconds

Answer = Callable[[Actor], None] | None
START = datetime.fromisoformat("2026-01-01T00:00:00+00:00")


@frozen
class Outcome:
    """How a scenario's main traversal ended, in the words of its `expect`."""

    status: str
    error: str | None
    output: Any
    dispatched: list[str]
    elapsed: int | None
    nodes: dict[str, str | None]
    runs: int


def interpret(scenario: Document) -> Outcome:
    """Run the scenario, as the text says."""
    world = World(scenario)
    main = start(world, scenario["spec"], (), (), scenario["payload"], None, entry=scenario["entry"])
    main.is_root = True

    def hear(signal: Document) -> None:
        if "cancel" in signal:
            main.cancel()
        elif "pause" in signal:
            main.pause()
        elif "unpause" in signal:
            main.unpause()
        elif "cancelBranches" in signal:
            main.cancel_branches(signal["cancelBranches"]["fork"], signal["cancelBranches"]["branches"])
        else:
            world.hear_event(signal["event"], signal.get("key", ROOT_KEY), signal["data"])

    world.run(main.begin, hear)
    return Outcome(
        status=main.status if main.has_ended else "running",
        error=main.error if main.status == "failed" else None,
        output=main.output if main.status == "completed" else None,
        dispatched=world.dispatched,
        elapsed=main.ended_at,
        nodes=main.statuses(),
        runs=main.number if isinstance(main, Series) else int(main.has_begun),
    )


def start(
    world: World,
    spec: Document,
    path: tuple[str, ...],
    members: tuple[object, ...],
    payload: Any,
    answer: Answer,
    *,
    entry: int = 0,
    node: Document | None = None,
) -> Actor:
    """The traversal of a Spec, of a body (`node` is then the call, each or loop), or of an onEnd."""
    if node is not None and node["type"] == "each":
        return Each(world, spec, path, members, payload, answer, node)
    if node is not None and node["type"] == "loop":
        return Loop(world, spec, path, members, payload, answer, node)
    if "repeatPolicy" in spec:
        return Repeated(world, spec, path, members, payload, answer, entry)
    return Traversal(world, spec, path, members, payload, answer, start, on_end=spec.get("onEnd"), entry=entry)


class Series(Actor):
    """What loops and repeated Specs share: runs, one after the other."""

    def __init__(
        self,
        world: World,
        spec: Document,
        path: tuple[str, ...],
        members: tuple[object, ...],
        payload: Any,
        answer: Answer,
        entry: int = 0,
    ) -> None:
        super().__init__(world, spec, path, members, payload, answer)
        self.entry = entry
        self.number = 0
        self.started = 0
        self.planned = 0
        self.run: Actor | None = None
        self.is_in_flight = False
        self.held: list[Callable[[], None]] = []

    def begin(self) -> None:
        if self.status == "new":
            self.status, self.has_begun = "running", True
            self.planned = self.world.now
            self._start_run(self.payload)

    def _start_run(self, payload: Any) -> None:
        self.number += 1
        self.started = self.world.now
        self.is_in_flight = True

        def begin() -> None:
            run = Traversal(
                self.world, self.spec, self.path, self.members, payload, self._ended, start, entry=self.entry
            )
            self.run = run
            run.begin()

        self.world.send(begin)

    def _ended(self, run: Actor) -> None:
        def happen() -> None:
            if self.is_in_flight and run is self.run:
                self.is_in_flight = False
                self.after(run)

        self._hear(happen)

    def _hear(self, happen: Callable[[], None]) -> None:
        if self.status == "running" and self.is_paused:
            self.held.append(happen)
        elif self.status == "running":
            happen()

    def after(self, run: Actor) -> None:
        """What comes after that run."""
        raise NotImplementedError

    def next_run(self, at: int, payload: Any) -> None:
        if at <= self.world.now:
            self._start_run(payload)
            return

        def happen() -> None:
            if self.status == "running":
                self._start_run(payload)

        self.world.start_timer(Timer(at, lambda: self._hear(happen)))

    def finish(self, status: str, output: Any, error: str | None) -> None:
        self.status, self.output, self.error = status, output, error
        self.tell_of_the_end(self.spec.get("onEnd"), start)

    def cancel(self) -> None:
        if self.has_ended:
            return
        if self.is_in_flight:
            self.world.send(lambda: self.run.cancel() if self.run is not None else None)
        self.is_in_flight = False
        self.finish("canceled", None, "canceled")

    def unpause(self) -> None:
        if self.is_paused:
            held, self.held, self.is_paused = self.held, [], False
            for each in held:
                each()

    def statuses(self) -> dict[str, str | None]:
        found = {} if self.run is None else self.run.statuses()
        return found if self.follow_up is None else {**found, **self.follow_up.statuses()}


class Repeated(Series):
    """A Spec with a repeat policy."""

    def after(self, run: Actor) -> None:
        policy = self.spec["repeatPolicy"]
        self.planned += milliseconds(policy["every"])
        if policy["type"] == "Times":
            is_over = self.number >= policy["times"]
        else:
            until = datetime.fromisoformat(policy["until"].replace("Z", "+00:00"))
            is_over = self.planned > (until - START).total_seconds() * 1_000
        if is_over:
            self.finish(run.status, run.output, run.error)
        else:
            self.next_run(self.planned, self.payload)


class Loop(Series):
    """A loop: its rounds are its runs."""

    def __init__(
        self,
        world: World,
        spec: Document,
        path: tuple[str, ...],
        members: tuple[object, ...],
        payload: Any,
        answer: Answer,
        node: Document,
    ) -> None:
        super().__init__(world, spec, path, members, payload, answer)
        self.node = node

    def after(self, run: Actor) -> None:
        if run.status != "completed":
            self.finish("failed", None, run.error)
        elif holds(self.node["until"], run.output):
            self.finish("completed", run.output, None)
        elif self.number >= self.node["atMost"]:
            self.finish("failed", None, "exhausted")
        elif "every" in self.node:
            self.next_run(self.started + milliseconds(self.node["every"]), run.output)
        else:
            self.next_run(self.world.now, run.output)


class Each(Actor):
    """An each: a fork of members that call the body."""

    def __init__(
        self,
        world: World,
        spec: Document,
        path: tuple[str, ...],
        members: tuple[object, ...],
        payload: Any,
        answer: Answer,
        node: Document,
    ) -> None:
        super().__init__(world, spec, path, members, payload, answer)
        self.node = node
        self.items: list[Any] = node["over"]["$literal"]
        self.member_statuses = ["waiting" for _ in self.items]
        self.outputs: list[Any] = [None for _ in self.items]
        self.bodies: dict[int, Actor] = {}

    def begin(self) -> None:
        if self.status == "new":
            self.status = "running"
            self._judge()

    def _judge(self) -> None:
        strategy = self.node.get("strategy", {"type": "And"})
        needed = {"And": len(self.items), "Or": 1}.get(strategy["type"])
        needed = strategy["n"] if needed is None else needed
        won = self.member_statuses.count("succeeded")
        possible = won + self.member_statuses.count("waiting") + self.member_statuses.count("running")
        if won >= needed:
            self._finish("completed", None)
        elif possible < needed:
            self._finish("failed", "join-failed")
        else:
            self._open_members()

    def _open_members(self) -> None:
        running = self.member_statuses.count("running")
        room = self.node.get("concurrency", len(self.items)) - running
        for index in [i for i, status in enumerate(self.member_statuses) if status == "waiting"][:room]:
            self.member_statuses[index] = "running"
            self.world.send(lambda index=index: self._begin_member(index))  # type: ignore[misc]

    def _begin_member(self, index: int) -> None:
        def answer(body: Actor) -> None:
            if self.status == "running" and self.member_statuses[index] == "running":
                self.member_statuses[index] = "succeeded" if body.status == "completed" else "failed"
                self.outputs[index] = body.output
                self._judge()

        members = (*self.members, (self.path, index))
        payload = {"item": self.items[index], "index": index}
        self.bodies[index] = start(self.world, self.spec, self.path, members, payload, answer)
        self.bodies[index].begin()

    def _finish(self, status: str, error: str | None) -> None:
        for index, member in enumerate(self.member_statuses):
            if member == "running":
                self.world.send(lambda index=index: self.bodies[index].cancel())  # type: ignore[misc]
            if member in ("running", "waiting"):
                self.member_statuses[index] = "canceled"
        self.status, self.error = status, error
        won = zip(self.outputs, self.member_statuses, strict=True)
        self.output = [output if member == "succeeded" else None for output, member in won]
        self.tell_of_the_end(None, start)

    def cancel(self) -> None:
        if not self.has_ended:
            self._finish("canceled", "canceled")

    def statuses(self) -> dict[str, str | None]:
        found = [body.statuses() for body in self.bodies.values()]
        found += [{} for _ in range(len(self.items) - len(found))]
        shared: dict[str, str | None] = {}
        for name in {name for statuses in found for name in statuses}:
            seen = {statuses.get(name, "not-reached") for statuses in found}
            shared[name] = seen.pop() if len(seen) == 1 else None
        return shared
