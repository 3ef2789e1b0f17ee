"""A second machine, written straight from the text of the design: naive, slow, mutable, recursive.

It reads the *document*, not the DAG, so that it checks the compiler too; from the DAG it takes only what the text
leaves to it, the ids of nodes and their digests. It shares no decision with the machine under test: its own pointers,
templates, conditions, judging and routing. It is told the messages that the machine gave to its own failures, for
those are free; codes are not.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from attrs import define, field

from tests.property import oracle_data
from tests.property.oracle_data import NOTHING
from waygrid_core.dag import node as dag_nodes
from waygrid_core.dag.dag import Dag
from waygrid_core.model.duration import parse_duration
from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_core.model.instant import parse_instant
from waygrid_core.outcome import Failure
from waygrid_core.traversal import effects as fx
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.signals import (
    Begin,
    Cancel,
    CancelBranches,
    NodeFailure,
    NodeStart,
    NodeSuccess,
    Pause,
    Resume,
    Retry,
    Signal,
    Timeout,
    TraversalTimeout,
    Unpause,
)

Document = dict[str, Any]
TASKS = ("standard", "await", "call", "each", "loop")
FOR_GOOD = ("no-route", "bad-value", "not-a-list", "too-many-items")


class RefusedError(Exception):
    """The text says that the signal is an error."""


class UnclearError(Exception):
    """The text does not say whether the signal is an error or nothing; either is right, but nothing happens."""


@define(eq=False)
class NodeRecord:
    """What became of one node."""

    node: Document
    id: NodeId
    scope: "ScopeRecord"
    status: str = "not-reached"
    attempt: int = 0
    arrived: Any = None
    given: Any = None
    parameters: Any = None
    output: Any = None


@define(eq=False)
class ForkRecord:
    """An open or closed fork."""

    node: Document
    join: Document
    scope: "ScopeRecord"
    arrived: Any
    statuses: dict[str, str]
    needed: int
    counted: list[str]
    outputs: dict[str, Any] = field(factory=dict)
    scopes: dict[str, "ScopeRecord"] = field(factory=dict)
    is_open: bool = True

    @property
    def running(self) -> int:
        return list(self.statuses.values()).count("running")


@define(eq=False)
class ScopeRecord:
    """The root, or a branch; `at` is where its token stands."""

    fork: ForkRecord | None = None
    name: str | None = None
    at: NodeRecord | ForkRecord | None = None


class Oracle:
    """One traversal of one document."""

    def __init__(self, document: Document, dag: Dag, traversal: TraversalId) -> None:
        self.document = document
        self.dag = dag
        self.traversal = traversal
        self.status = "New"
        self.begin: Begin | None = None
        self.payload: Any = None
        self.now = datetime.min
        self.messages: dict[str, str] = {}
        self.held: list[Signal] = []
        self.held_obligations: set[tuple[str, ...]] = set()
        self.open: dict[tuple[str, ...], fx.Effect] = {}
        """The obligations, in order of opening."""
        self.terminal: list[fx.Effect] = []
        self.records: dict[int, NodeRecord] = {}
        self.forks: dict[str, ForkRecord] = {}
        self.root = ScopeRecord()
        self.output: Any = None
        self.error_code: str | None = None
        self._named: dict[str, Document] = {}
        self._joins: dict[str, Document] = {}
        for node in every_node(document):
            if "ref" not in node and "id" in node:
                self._named.setdefault(node["id"], node)
            if node.get("type") == "join" and "strategy" in node:
                self._joins.setdefault(node["joinNodeId"], node)
        self._node_ids: dict[int, NodeId] = {}
        for index, entry in enumerate(document["entryPoints"]):
            self._pair(entry, dag.entry_points[index])
        self._by_id = {node_id: node for node, node_id in self._pairs()}

    # --- the document ---------------------------------------------------------------------------------------------

    def _resolve(self, node: Document) -> Document:
        if "ref" in node:
            return self._named[node["ref"]]
        if node["type"] == "join":
            return self._joins[node["joinNodeId"]]
        return node

    def _pair(self, node: Document, node_id: NodeId | None) -> None:
        """Walks document and DAG side by side, so that every node of the one knows its id in the other."""
        assert node_id is not None, f"the DAG has no edge to {node}"
        node = self._resolve(node)
        if id(node) in self._node_ids:
            assert self._node_ids[id(node)] == node_id, f"two nodes of the DAG for {node}"
            return
        self._node_ids[id(node)] = node_id
        self._objects = [*getattr(self, "_objects", []), node]
        compiled = self.dag.nodes[node_id]
        if isinstance(compiled, dag_nodes.ForkNode):
            assert [name for name, _ in compiled.branches] == sorted(node["branches"])
            for name, first in compiled.branches:
                self._pair(node["branches"][name], first)
            self._pair(self._joins[node["joinNodeId"]], compiled.join)
        elif not isinstance(compiled, dag_nodes.FailNode):
            for index, edge in enumerate(node.get("onConditions", [])):
                self._pair(edge["to"], compiled.routes.conditions[index][1])
            ways = {"onSuccess": "success", "onFailure": "failure", "onTimeout": "timeout", "always": "always"}
            for key, name in ways.items():
                if key in node:
                    self._pair(node[key], getattr(compiled.routes, name))

    def _pairs(self) -> Iterator[tuple[Document, NodeId]]:
        for node in self._objects:
            yield node, self._node_ids[id(node)]

    def _record(self, node: Document, scope: ScopeRecord) -> NodeRecord:
        assert id(node) not in self.records, f"{node} runs twice in one traversal"
        record = self.records[id(node)] = NodeRecord(node, self._node_ids[id(node)], scope)
        return record

    def statuses(self) -> dict[NodeId, str]:
        """The status of every node but forks, in the words of scenarios."""
        return {
            node_id: self.records[id(node)].status if id(node) in self.records else "not-reached"
            for node, node_id in self._pairs()
            if node["type"] != "fork"
        }

    # --- data -----------------------------------------------------------------------------------------------------

    def _sight(self, arrived: Any) -> dict[str, Any]:
        nodes: dict[str, Any] = {}
        for record in self.records.values():
            name = record.node.get("id") or record.node.get("joinNodeId")
            if name is not None and record.status == "succeeded":
                nodes[name] = {"output": record.output}
        assert self.begin is not None
        return {
            "payload": self.payload,
            "input": arrived,
            "traversal": {"id": self.traversal, "run": self.begin.run},
            "nodes": nodes,
        }

    def _read(self, value: Any, arrived: Any) -> Any:
        """A plain value, or what a leaf finds: NOTHING if it finds nothing."""
        return oracle_data.read(value, self._sight(arrived))

    # --- signals --------------------------------------------------------------------------------------------------

    def hear(self, signal: Signal, now: datetime, messages: Mapping[str, str]) -> list[fx.Effect]:
        """The effects that the text asks for: cancels and unschedules, dispatches, schedules, the end.

        Raises `RefusedError` or `UnclearError`.
        """
        self.now = now
        self.messages = dict(messages)
        if signal.traversal != self.traversal:
            raise RefusedError
        if self.status not in ("New", "Running", "Paused"):
            return []
        before = {key: effect for key, effect in self.open.items() if key not in self.held_obligations}
        answered = self._obligation_of(signal)
        self.terminal = []
        self._hear(signal)
        after = {key: effect for key, effect in self.open.items() if key not in self.held_obligations}
        gone = [withdrawn(effect) for key, effect in before.items() if key not in after and key != answered]
        new = [effect for key, effect in after.items() if key not in before]
        return [*gone, *new, *self.terminal]

    def _hear(self, signal: Signal) -> None:
        if self.status == "New":
            self._hear_before_begin(signal)
            return
        match signal:
            case Begin():
                if signal != self.begin:
                    raise RefusedError
            case Cancel(reason=reason):
                self._end("Canceled", ErrorDetail("canceled", reason or ""), fx.Cancel(reason))
            case Pause():
                self.status = "Paused"
            case Unpause():
                self._unpause()
            case NodeStart():
                self._is_current(signal.node, signal.attempt)
            case _:
                if not self._means_something(signal):
                    return
                if self.status == "Paused":
                    key = self._obligation_of(signal)
                    if key is None or key not in self.held_obligations:
                        self.held.append(signal)
                        self.held_obligations |= {key} if key else set()
                else:
                    self._act(signal)

    def _hear_before_begin(self, signal: Signal) -> None:
        match signal:
            case Begin():
                self._begin(signal)
            case Cancel(reason=reason):
                self.status = "Canceled"
                self.terminal = [fx.Cancel(reason)]
            case Pause() | Unpause():
                pass
            case _:
                raise UnclearError

    def _unpause(self) -> None:
        if self.status != "Paused":
            return
        self.status = "Running"
        held, self.held, self.held_obligations = self.held, [], set()
        for signal in held:
            if self.status == "Running":
                with suppress(RefusedError):  # the fork that it is about was never opened
                    if self._means_something(signal):
                        self._act(signal)

    def _means_something(self, signal: Signal) -> bool:
        """Whether the signal is news; raises `RefusedError` if it is an error."""
        match signal:
            case NodeSuccess() | NodeFailure():
                return self._is_current(signal.node, signal.attempt)
            case CancelBranches(join_node_id=join_node_id, branches=branches):
                if join_node_id not in self._joins:
                    raise RefusedError
                names = next(
                    node["branches"]
                    for node in self._objects
                    if node["type"] == "fork" and node["joinNodeId"] == join_node_id
                )
                if any(branch not in names for branch in branches):
                    raise RefusedError
                if join_node_id not in self.forks:
                    if self.held:
                        return True  # an answer that is held already may open the fork
                    raise RefusedError
                fork = self.forks[join_node_id]
                return fork.is_open and any(fork.statuses[name] in ("waiting", "running") for name in branches)
            case _:
                return self._obligation_of(signal) in self.open

    def _is_current(self, node_id: NodeId, attempt: int) -> bool:
        if node_id not in self._by_id:
            raise RefusedError
        node = self._by_id[node_id]
        if node["type"] not in TASKS:
            raise RefusedError
        record = self.records.get(id(node))
        made = record.attempt if record else 0
        if attempt > made:
            if self.status == "Paused" or record is None or record.status not in ("running", "waiting", "retrying"):
                raise UnclearError
            raise RefusedError
        return ("dispatch", node_id, str(attempt)) in self.open

    def _obligation_of(self, signal: Signal) -> tuple[str, ...] | None:
        match signal:
            case NodeSuccess(node=node, attempt=attempt) | NodeFailure(node=node, attempt=attempt):
                return ("dispatch", node, str(attempt))
            case Resume() | Retry() | Timeout() | TraversalTimeout():
                return ("timer", signal.timer)
            case _:
                return None

    def _act(self, signal: Signal) -> None:
        key = self._obligation_of(signal)
        if key is not None:
            del self.open[key]
        match signal:
            case NodeSuccess(node=node, output=output):
                record = self.records[id(self._by_id[node])]
                self._forget_timers(record)
                self._succeed(record, {} if output is not None and not oracle_data.is_json(output) else output)
            case NodeFailure(node=node, error=error):
                record = self.records[id(self._by_id[node])]
                self._forget_timers(record)
                self._attempt_failed(record, error, timed_out=False)
            case Timeout(node=node):
                found = self._by_id[node]
                if found["type"] == "join":
                    fork = self.forks[found["joinNodeId"]]
                    error = self._own_error("timeout", node)
                    self._join_failed(fork, error, timed_out=True)
                else:
                    record = self.records[id(found)]
                    del self.open["dispatch", node, str(record.attempt)]
                    self._attempt_failed(record, self._own_error("timeout", node), timed_out=True)
            case Resume(node=node):
                record = self.records[id(self._by_id[node])]
                if record.node["type"] == "pass":
                    self._pass_succeeds(record)
                else:
                    self._dispatch(record)
            case Retry(node=node):
                self._dispatch(self.records[id(self._by_id[node])])
            case TraversalTimeout():
                error = self._own_error("timeout", "")
                self._end("TimedOut", error, fx.Fail(error))
            case CancelBranches(join_node_id=join_node_id, branches=branches):
                fork = self.forks[join_node_id]
                for name in branches:
                    self._cancel_branch(fork, name)
                self._after_a_branch(fork)
            case _:
                raise AssertionError(signal)

    def _own_error(self, code: str, node: str) -> ErrorDetail:
        return ErrorDetail(code, self.messages.get(node, ""))

    # --- begin and end --------------------------------------------------------------------------------------------

    def _begin(self, signal: Begin) -> None:
        if not 0 <= signal.entry < len(self.document["entryPoints"]):
            raise RefusedError
        self.begin = signal
        self.payload = signal.payload
        self.status = "Running"
        if "timeout" in self.document:
            timer = f"{self.traversal}/-/1/traversal-timeout"
            self._schedule(timer, self.now + duration(self.document["timeout"]))
        self._go(self.document["entryPoints"][signal.entry], self.root, signal.payload)

    def _end(self, status: str, error: ErrorDetail | None, effect: fx.Effect) -> None:
        self._cancel_scope(self.root)
        self.open.clear()
        self.held, self.held_obligations = [], set()
        self.status = status
        word = {"Completed": "completed", "Failed": "failed", "Canceled": "canceled", "TimedOut": "timed-out"}[status]
        payload: Document = {"status": word, "payload": self.payload}
        if error is None:
            payload["output"] = self.output
        else:
            payload["error"] = {"code": error.code, "message": error.message}
            self.error_code = error.code
        if "onEnd" in self.document:
            assert self.dag.on_end is not None
            self.terminal.append(fx.StartFollowUp(self.dag.on_end, payload))
        self.terminal.append(effect)

    def _scope_succeeds(self, scope: ScopeRecord, output: Any) -> None:
        scope.at = None
        if scope.fork is None:
            self.output = output
            self._end("Completed", None, fx.Complete(output))
        else:
            assert scope.name is not None
            scope.fork.statuses[scope.name] = "succeeded"
            scope.fork.outputs[scope.name] = output
            self._after_a_branch(scope.fork)

    def _scope_fails(self, scope: ScopeRecord, error: ErrorDetail, *, timed_out: bool) -> None:
        scope.at = None
        if scope.fork is None:
            self._end("Failed", error, fx.Fail(error))
        else:
            assert scope.name is not None
            scope.fork.statuses[scope.name] = "timed-out" if timed_out else "failed"
            self._after_a_branch(scope.fork)

    # --- the token moves ------------------------------------------------------------------------------------------

    def _go(self, node: Document, scope: ScopeRecord, arrived: Any) -> None:
        node = self._resolve(node)
        match node["type"]:
            case "join":
                assert scope.fork is not None
                assert scope.fork.node["joinNodeId"] == node["joinNodeId"]
                self._scope_succeeds(scope, arrived)
            case "fork":
                self._enter_fork(node, scope, arrived)
            case "fail":
                self._enter_fail(node, scope, arrived)
            case "pass":
                self._enter_pass(node, scope, arrived)
            case _:
                self._enter_task(node, scope, arrived)

    def _stand(self, node: Document, scope: ScopeRecord, arrived: Any) -> NodeRecord:
        record = self._record(node, scope)
        record.arrived = arrived
        scope.at = record
        return record

    def _enter_fail(self, node: Document, scope: ScopeRecord, arrived: Any) -> None:
        record = self._stand(node, scope, arrived)
        code = self._read(node["code"], arrived)
        message = self._read(node["message"], arrived) if "message" in node else ""
        record.status = "failed"
        if isinstance(code, str) and isinstance(message, str):
            error = ErrorDetail(code, message)
        else:
            error = self._own_error("bad-value", record.id)
        self._scope_fails(scope, error, timed_out=False)

    def _enter_pass(self, node: Document, scope: ScopeRecord, arrived: Any) -> None:
        record = self._stand(node, scope, arrived)
        due = self._due(record)
        if due == "bad":
            self._fails_for_good(record, self._own_error("bad-value", record.id), timed_out=False)
        elif due is None:
            self._pass_succeeds(record)
        else:
            record.status = "waiting"
            self._schedule(f"{self.traversal}/{record.id}/1/resume", due)

    def _pass_succeeds(self, record: NodeRecord) -> None:
        output = record.arrived
        if "output" in record.node:
            output = oracle_data.fill(record.node["output"], self._sight(record.arrived))
        self._succeed(record, output)

    def _due(self, record: NodeRecord) -> Any:
        """When the delivery strategy lets the node go: None for at once, "bad" if its leaf gives nothing sensible."""
        strategy = record.node.get("deliveryStrategy", {"type": "Immediate"})
        match strategy["type"]:
            case "Immediate":
                return None
            case "ScheduleAfter":
                delay = self._read(strategy["delay"], record.arrived)
                parsed = parse_duration(delay) if isinstance(delay, str) else None
                return "bad" if parsed is None or isinstance(parsed, Failure) else self.now + parsed.unwrap()
            case _:
                time = self._read(strategy["time"], record.arrived)
                instant = parse_instant(time) if isinstance(time, str) else None
                if instant is None or isinstance(instant, Failure):
                    return "bad"
                return instant.unwrap() if instant.unwrap() > self.now else None

    def _enter_task(self, node: Document, scope: ScopeRecord, arrived: Any) -> None:
        record = self._stand(node, scope, arrived)
        record.given = arrived
        if node["type"] == "each":
            record.given = None
        if "input" in node:
            record.given = oracle_data.fill(node["input"], self._sight(arrived))
        # What is known whatever its input is known before its input, or a list, is read.
        known, output = self._known(record)
        if known:
            self._succeed(record, output)
            return
        problem = self._prepare(record)
        if problem is not None:
            self._fails_for_good(record, self._own_error(problem, record.id), timed_out=False)
            return
        due = self._due(record)
        if due == "bad":
            self._fails_for_good(record, self._own_error("bad-value", record.id), timed_out=False)
        elif due is None:
            self._dispatch(record)
        else:
            record.status = "waiting"
            self._schedule(f"{self.traversal}/{record.id}/1/resume", due)

    def _prepare(self, record: NodeRecord) -> str | None:
        """Reads the parameters; the code of the failure if they cannot be read."""
        node, arrived = record.node, record.arrived
        record.parameters = {}
        match node["type"]:
            case "standard":
                for name, template in node.get("parameters", {}).items():
                    filled = oracle_data.fill_parameter(template, self._sight(arrived))
                    if filled is not NOTHING:
                        record.parameters[name] = filled
            case "await":
                record.parameters["event"] = node["event"]
                if "key" in node:
                    record.parameters["key"] = self._read(node["key"], arrived)
                    if not isinstance(record.parameters["key"], str):
                        return "bad-value"
            case "each":
                over = self._read(node["over"], arrived)
                if not isinstance(over, list):
                    return "not-a-list"
                if len(over) > node.get("atMost", 1000):
                    return "too-many-items"
                record.parameters["over"] = over
                quorum = node.get("strategy", {}).get("n", 1)
                if isinstance(quorum, dict):
                    n = self._read(quorum, arrived)
                    if not oracle_data.is_whole(n) or n < 1:
                        return "bad-value"
                    record.parameters["n"] = int(n)
            case "loop":
                record.parameters["until"] = oracle_data.resolve(node["until"], self._sight(arrived))
            case _:
                pass
        return None

    def _known(self, record: NodeRecord) -> tuple[bool, Any]:
        assert self.begin is not None
        for (digest, given), output in self.begin.known.items():
            if digest == self.dag.digests[record.id] and given is None:
                return True, output
        return False, None

    def _dispatch(self, record: NodeRecord) -> None:
        record.status = "running"
        record.attempt += 1
        effect = fx.DispatchNode(record.id, record.attempt, record.given, record.parameters, record.scope.name)
        self.open["dispatch", record.id, str(record.attempt)] = effect
        if "timeout" in record.node:
            timer = f"{self.traversal}/{record.id}/{record.attempt}/timeout"
            self._schedule(timer, self.now + duration(record.node["timeout"]))

    def _schedule(self, timer: str, at: datetime) -> None:
        self.open["timer", timer] = fx.Schedule(timer, at)  # type: ignore[arg-type]

    def _forget_timers(self, record: NodeRecord) -> None:
        for key in [key for key in self.open if key[0] == "timer" and key[1].split("/")[1] == record.id]:
            del self.open[key]

    # --- a node ends ----------------------------------------------------------------------------------------------

    def _succeed(self, record: NodeRecord, output: Any) -> None:
        """First condition that holds; else onSuccess; else always; else, without conditions, the scope ends."""
        node, scope = record.node, record.scope
        sight = self._sight(record.arrived)
        conditions = node.get("onConditions", [])
        target = next((edge["to"] for edge in conditions if oracle_data.holds(edge["condition"], output, sight)), None)
        target = target or node.get("onSuccess") or node.get("always")
        if target is None and conditions:
            self._fails_for_good(record, self._own_error("no-route", record.id), timed_out=False)
            return
        record.status = "succeeded"
        record.output = output
        if target is None:
            self._scope_succeeds(scope, output)
        else:
            self._go(target, scope, output)

    def _attempt_failed(self, record: NodeRecord, error: ErrorDetail, *, timed_out: bool) -> None:
        policy = record.node.get("retryPolicy", {"type": "None"})
        if error.code not in FOR_GOOD and oracle_data.is_retried(policy, record.attempt, error.code):
            record.status = "retrying"
            delay = oracle_data.delay(policy, record.attempt, self.traversal, record.id)
            self._schedule(f"{self.traversal}/{record.id}/{record.attempt}/retry", self.now + delay)
        else:
            self._fails_for_good(record, error, timed_out=timed_out)

    def _fails_for_good(
        self, record: NodeRecord, error: ErrorDetail, *, timed_out: bool, about: Document | None = None
    ) -> None:
        """onTimeout, if a timer fired; else onFailure; else always; else the scope ends in failure."""
        node = record.node
        record.status = "timed-out" if timed_out else "failed"
        target = node.get("onTimeout") if timed_out else None
        if error.code != "no-route" or about is None:
            target = target or node.get("onFailure") or node.get("always")
        if target is None:
            self._scope_fails(record.scope, error, timed_out=timed_out)
            return
        name = node.get("id") or record.id
        # A failure before the first dispatch is the first attempt's: attempts count from 1.
        detail = {"code": error.code, "message": error.message, "node": name, "attempt": max(1, record.attempt)}
        self._go(target, record.scope, {"error": {**detail, **(about or {})}, "input": record.arrived})

    # --- forks and joins ------------------------------------------------------------------------------------------

    def _enter_fork(self, node: Document, scope: ScopeRecord, arrived: Any) -> None:
        join = self._joins[node["joinNodeId"]]
        names = sorted(node["branches"])
        record = self._record(join, scope)
        record.attempt = 1
        strategy = join["strategy"]
        needed = {"And": len(names), "Or": 1}.get(strategy["type"], 0)
        counted = names
        if strategy["type"] == "And" and "of" in strategy:
            counted = sorted(set(strategy["of"]))
            needed = len(counted)
        fork = ForkRecord(node, join, scope, arrived, dict.fromkeys(names, "waiting"), needed, counted)
        self.forks[node["joinNodeId"]] = fork
        if strategy["type"] == "Quorum":
            n = self._read(strategy["n"], arrived)
            if not oracle_data.is_whole(n) or not 1 <= n <= len(names):
                self._join_failed(fork, self._own_error("bad-value", record.id), timed_out=False)
                return
            fork.needed = int(n)
        record.status = "running"
        scope.at = fork
        if "timeout" in join:
            self._schedule(f"{self.traversal}/{record.id}/1/timeout", self.now + duration(join["timeout"]))
        self._open_branches(fork)

    def _open_branches(self, fork: ForkRecord) -> None:
        """One by one in name order, each as far as it goes and judged before the next."""
        limit = fork.node.get("concurrency", len(fork.statuses))
        for name in sorted(fork.statuses):
            if fork.is_open and fork.statuses[name] == "waiting" and fork.running < limit:
                fork.statuses[name] = "running"
                fork.scopes[name] = ScopeRecord(fork, name)
                self._go(fork.node["branches"][name], fork.scopes[name], fork.arrived)

    def _after_a_branch(self, fork: ForkRecord) -> None:
        if not fork.is_open:
            return
        won = [name for name in fork.counted if fork.statuses[name] == "succeeded"]
        possible = [name for name in fork.counted if fork.statuses[name] in ("succeeded", "waiting", "running")]
        if len(won) >= fork.needed:
            self._close(fork)
            record = self.records[id(fork.join)]
            record.arrived = dict(fork.outputs)
            self._succeed(record, dict(fork.outputs))
        elif len(possible) < fork.needed:
            error = self._own_error("join-failed", self._node_ids[id(fork.join)])
            self._join_failed(fork, error, timed_out=False)
        else:
            self._open_branches(fork)

    def _join_failed(self, fork: ForkRecord, error: ErrorDetail, *, timed_out: bool) -> None:
        self._close(fork)
        record = self.records[id(fork.join)]
        record.arrived = dict(fork.outputs)
        self._fails_for_good(record, error, timed_out=timed_out, about={"branches": dict(fork.statuses)})

    def _close(self, fork: ForkRecord) -> None:
        fork.is_open = False
        for name in fork.statuses:
            self._cancel_branch(fork, name)
        self._forget_timers(self.records[id(fork.join)])

    def _cancel_branch(self, fork: ForkRecord, name: str) -> None:
        if fork.statuses[name] not in ("waiting", "running"):
            return
        fork.statuses[name] = "canceled"
        if name in fork.scopes:
            self._cancel_scope(fork.scopes[name])

    def _cancel_scope(self, scope: ScopeRecord) -> None:
        match scope.at:
            case ForkRecord():
                self._close(scope.at)
                self.records[id(scope.at.join)].status = "canceled"
            case NodeRecord():
                if scope.at.status in ("waiting", "running", "retrying"):
                    self._forget_timers(scope.at)
                    self.open.pop(("dispatch", scope.at.id, str(scope.at.attempt)), None)
                    scope.at.status = "canceled"
            case None:
                pass
        scope.at = None


def every_node(document: Document) -> Iterator[Document]:
    """Every node that is written in a Spec, but not those in its bodies."""
    stack: list[Document] = [*document["entryPoints"]]
    while stack:
        node = stack.pop(0)
        yield node
        stack += [edge["to"] for edge in node.get("onConditions", [])]
        stack += [node[key] for key in ("onSuccess", "onFailure", "onTimeout", "always", "join") if key in node]
        stack += [*node.get("branches", {}).values()] if node.get("type") == "fork" else []


def withdrawn(obligation: fx.Effect) -> fx.Effect:
    """The effect that takes an obligation back."""
    if isinstance(obligation, fx.DispatchNode):
        return fx.CancelNode(obligation.node, obligation.attempt)
    assert isinstance(obligation, fx.Schedule)
    return fx.Unschedule(obligation.timer)


def duration(text: str) -> timedelta:
    """The duration that a valid document writes."""
    return parse_duration(text).unwrap()
