"""Random scenarios: every kind of node, nested, with scripts, signals and events. The same seed, the same scenario."""

import random
from typing import Any, Final

from tests.integration.examples.naive_world import Document, milliseconds

Path = tuple[str, ...]
_LIKELY: Final = {"onSuccess": 0.55, "onFailure": 0.25, "onTimeout": 0.35, "always": 0.2}
_ALL_ENDS: Final = ("onSuccess", "onFailure", "onTimeout", "always")
_CODES: Final = ("e1", "e2", "timeout", "bad-value")


def random_scenario(seed: int) -> Document:
    """A scenario without expectations; its Spec is valid, or nests too deep."""
    return _Writer(random.Random(seed)).scenario()


class _Writer:
    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.budget = chance.randint(3, 16)
        self.count = 0
        self.depth = 0
        self.tasks: list[Path] = []
        self.parents: list[Path] = []
        self.awaits: list[Document] = []
        self.forks: list[tuple[str, list[str]]] = []

    def happens(self, probability: float) -> bool:
        return self.chance.random() < probability

    def some_time(self, most: int) -> str:
        return f"{self.chance.randint(1, most)}s"

    def some_value(self) -> Any:
        return self.chance.choice([{"n": self.chance.randint(1, 3)}, {}, 5])

    def scenario(self) -> Document:
        spec: Document = {"entryPoints": [self.node((), []) for _ in range(self.chance.choice([1, 1, 1, 2]))]}
        if self.happens(0.15):
            spec["timeout"] = self.some_time(12)
        if self.happens(0.2):
            self.budget = max(self.budget, 2)
            spec["onEnd"] = {"entryPoints": [self.node(("onEnd",), [])]}
        if self.happens(0.2):
            last = f"2026-01-01T00:00:{self.chance.randint(1, 20):02d}Z"
            spec["repeatPolicy"] = self.chance.choice(
                [
                    {"type": "Times", "every": self.some_time(9), "times": self.chance.randint(1, 3)},
                    {"type": "Until", "every": self.some_time(9), "until": last},
                ]
            )
        tasks = [path for path in self.tasks if "onEnd" not in path]
        known = self.chance.sample(tasks, 1) if tasks and self.happens(0.15) else []
        scripted = [*self.tasks, *(path for path in self.parents if self.happens(0.12))]
        return {
            "name": "random",
            "spec": spec,
            "payload": {"n": self.chance.randint(1, 3)},
            "entry": self.chance.randrange(len(spec["entryPoints"])),
            "known": {"/".join(path): {"n": self.chance.randint(1, 3)} for path in known},
            "outcomes": {"/".join(path): self.script() for path in scripted if self.happens(0.85)},
            "signals": self.signals(),
            "expect": {},
        }

    def node(self, path: Path, finished: list[str]) -> Document:
        """A node, with what follows it. `finished` are ids in its scope that a ref may name without a cycle."""
        self.budget -= 1
        if finished and self.happens(0.12):
            return {"ref": self.chance.choice(finished)}
        self.count += 1
        node: Document = {"id": f"n{self.count}"}
        kind = self.chance.choices(
            ["standard", "pass", "fail", "fork", "await", "child"], [42, 10, 4, 16 if self.depth < 3 else 0, 7, 20]
        )[0]
        match kind:
            case "standard":
                node |= {"type": "standard", "address": f"waygrid://processor/{node['id']}", **self.common()}
                self.tasks.append((*path, node["id"]))
                self.ends(node, path, finished, _ALL_ENDS)
            case "pass":
                node["type"] = "pass"
                if self.happens(0.5):
                    node["output"] = self.some_value()
                if self.happens(0.35):
                    node["deliveryStrategy"] = {"type": "ScheduleAfter", "delay": self.some_time(6)}
                self.ends(node, path, finished, ("onSuccess",))
            case "fail":
                node |= {"type": "fail", "code": self.chance.choice(["e1", "e2"])}
            case "fork":
                return self.fork(node, path, finished)
            case "await":
                node |= {"type": "await", "event": self.chance.choice(["ev", "ew"])}
                if self.happens(0.4):
                    node["key"] = self.chance.choice(["k1", "k2"])
                if self.happens(0.5):
                    node["timeout"] = self.some_time(9)
                self.awaits.append(node)
                self.ends(node, path, finished, ("onSuccess", "onTimeout", "always"))
            case _:
                self.child(node, path)
                self.ends(node, path, finished, _ALL_ENDS)
        finished.append(node["id"])
        return node

    def common(self) -> Document:
        """What standard nodes, calls, eaches and loops may have."""
        fields: Document = {}
        if self.happens(0.35):
            fields["retryPolicy"] = self.policy()
        if self.happens(0.15):
            fields["deliveryStrategy"] = {"type": "ScheduleAfter", "delay": self.some_time(6)}
        if self.happens(0.3):
            fields["timeout"] = self.some_time(8)
        return fields

    def policy(self) -> Document:
        kind = self.chance.choice(["Linear", "Exponential", "BoundedExponential", "Fibonacci", "Polynomial"])
        policy: Document = {"type": kind, "base": self.some_time(3), "maxRetries": self.chance.randint(1, 3)}
        if kind == "BoundedExponential":
            policy["cap"] = self.some_time(5)
        if kind == "Polynomial":
            policy["power"] = 2
        if self.happens(0.3):
            codes = self.chance.sample(["e1", "e2", "timeout", "e*", "join-failed"], 2)
            policy[self.chance.choice(["doNotRetry", "retryOn"])] = codes
        return policy

    def condition(self) -> Document:
        condition: Document = {"type": "JsonExists", "pointer": self.chance.choice(["/n", "/z"])}
        if self.happens(0.5):
            condition = {"type": "JsonEquals", "pointer": "/n", "value": self.chance.randint(1, 3)}
        return {"type": "Not", "cond": condition} if self.happens(0.2) else condition

    def ends(self, node: Document, path: Path, finished: list[str], edges: tuple[str, ...]) -> None:
        for edge in edges:
            if (edge != "onTimeout" or "timeout" in node) and self.budget > 0 and self.happens(_LIKELY[edge]):
                node[edge] = self.node(path, finished)
        if node["type"] != "join" and self.budget > 0 and self.happens(0.25):
            routes = range(self.chance.randint(1, 2))
            node["onConditions"] = [{"condition": self.condition(), "to": self.node(path, finished)} for _ in routes]

    def fork(self, node: Document, path: Path, finished: list[str]) -> Document:
        join_node_id = f"j{node['id']}"
        self.depth += 1
        names = self.chance.sample(["a", "b", "c", "d"], self.chance.randint(2, 3))
        branches = {name: self.node(path, []) for name in names}
        self.depth -= 1
        strategies: list[Document] = [
            {"type": "And"},
            {"type": "And", "of": self.chance.sample(names, self.chance.randint(1, len(names)))},
            {"type": "Or"},
            {"type": "Quorum", "n": self.chance.randint(1, len(names))},
        ]
        join: Document = {"type": "join", "id": f"{join_node_id}-join", "joinNodeId": join_node_id}
        join["strategy"] = self.chance.choice(strategies)
        if self.happens(0.3):
            join["timeout"] = self.some_time(8)
        if not path:
            self.forks.append((join_node_id, names))
        self.ends(join, path, finished, _ALL_ENDS)
        node |= {"type": "fork", "joinNodeId": join_node_id, "branches": branches, "join": join}
        if self.happens(0.35):
            node["concurrency"] = self.chance.randint(1, 2)
        return node

    def child(self, node: Document, path: Path) -> None:
        node |= {"type": self.chance.choice(["call", "each", "loop"]), **self.common()}
        if node["type"] == "each":
            node["over"] = {"$literal": [{"n": n} for n in range(self.chance.choice([0, 1, 2, 3, 3]))]}
            if self.happens(0.6):
                quorum = {"type": "Quorum", "n": self.chance.randint(1, 3)}
                node["strategy"] = self.chance.choice([{"type": "And"}, {"type": "Or"}, quorum])
            if self.happens(0.5):
                node["concurrency"] = self.chance.randint(1, 2)
            if self.happens(0.1):
                node["atMost"] = 2
        if node["type"] == "loop":
            node |= {"until": self.condition(), "atMost": self.chance.randint(1, 4)}
            if self.happens(0.5):
                node["every"] = self.some_time(6)
        here = (*path, node["id"])
        self.parents.append(here)
        outer, self.depth = self.depth, max(self.depth, 1)
        body: Document = {"entryPoints": [self.node(here, [])]}
        if self.happens(0.2):
            body["timeout"] = self.some_time(9)
        if self.budget > 0 and self.happens(0.25):
            body["onEnd"] = {"entryPoints": [self.node((*here, "onEnd"), [])]}
        self.depth = outer
        node["body"] = body

    def script(self) -> list[Document]:
        outcomes: list[Document] = []
        for _ in range(self.chance.randint(1, 4)):
            kind = self.chance.choices(["succeed", "fail", "never"], [6, 3, 1])[0]
            outcome: Document = {kind: True}
            if kind == "succeed":
                outcome = {"succeed": self.some_value()}
            if kind == "fail":
                outcome = {"fail": "it did not work", "code": self.chance.choice(_CODES)}
            if kind != "never" and self.happens(0.6):
                outcome["after"] = self.some_time(6)
            outcomes.append(outcome)
        return outcomes

    def signals(self) -> list[Document]:
        signals: list[Document] = []
        if self.happens(0.12):
            signals.append({"at": self.moment(), "cancel": "enough"})
        if self.happens(0.2):
            pause, unpause = sorted([self.moment(), self.moment()], key=milliseconds)
            signals.append({"at": pause, "pause": True})
            if self.happens(0.9):
                signals.append({"at": unpause, "unpause": True})
        if self.forks and self.happens(0.35):
            fork, names = self.chance.choice(self.forks)
            branches = self.chance.sample(names, self.chance.randint(1, len(names)))
            signals.append({"at": self.moment(), "cancelBranches": {"fork": fork, "branches": branches}})
        for _ in range(self.chance.randint(0, 4) if self.awaits else 0):
            waiter = self.chance.choice(self.awaits)
            event = {"at": self.moment(), "event": waiter["event"], "data": {"n": self.chance.randint(1, 3)}}
            signals.append({**event, "key": waiter["key"]} if "key" in waiter else event)
        return sorted(signals, key=lambda signal: milliseconds(signal["at"]))

    def moment(self) -> str:
        """Often between the instants at which everything else happens, sometimes not."""
        return f"{self.chance.randint(0, 14) * 1_000 + self.chance.choice([0, 250, 500, 750])}ms"
