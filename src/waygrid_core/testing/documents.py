"""Valid Specs as documents: all kinds of nodes, forks in forks, diamonds, bodies in bodies.

An `Author` writes one Spec from its entries on, and keeps what a valid document must respect: which ids are taken and
who can see them, which nodes may be met again without a cycle, and whether the path being written has to reach a join.
"""

import copy
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from attrs import define, evolve, frozen
from hypothesis import strategies as st

from waygrid_core.testing import policies
from waygrid_core.testing.data import Document, conditions, leaves, operands, templates

SERVICES: Final = (
    "waygrid://processor/a",
    "waygrid://processor/openai",
    "waygrid://destination/webhook",
    "waygrid://origin/http",
)
BRANCH_NAMES: Final = ("b", "a", "10", "9", "z-1", "c")
_MAX_FORK_DEPTH: Final = 3
_SOMETIMES: Final = st.sampled_from((False, False, True))
_RARELY: Final = st.sampled_from((False, False, False, False, False, False, False, True))

Scope: TypeAlias = tuple[tuple[str, str], ...]
"""Where a node stands: the (joinNodeId, branch) of every fork around it, outermost first."""


@frozen
class Place:
    """Where the next node is written.

    `to_join` writes the join that this branch ends in, None where a path may just end. `must_reach`: every success
    path from here has to come to it. `sees_failure`: what arrives is a failure.
    """

    scope: Scope = ()
    to_join: Callable[[], Document] | None = None
    must_reach: bool = False
    sees_failure: bool = False


@frozen
class _Met:
    """A node that is written to its end: another path of the same scope may meet at it."""

    id: str
    scope: Scope
    reaches_join: bool


@define
class Author:
    """Writes one Spec. Mutable, since a document is written from left to right."""

    draw: st.DrawFn
    nodes_left: int
    body_depth: int
    _ids: dict[str, Scope]
    _met: list[_Met]
    _count: int = 0

    def spec(self, *, is_body: bool) -> Document:
        """A whole Spec; a body has no repeat policy, and so has an onEnd."""
        entries = 1 if is_body else self.draw(st.sampled_from((1, 1, 1, 2)))
        document: Document = {"entryPoints": [self._node(Place()) for _ in range(entries)]}
        if self._rarely():
            document["name"] = "a name"
            document["description"] = "é"
        if self._rarely():
            document["timeout"] = self.draw(policies.durations)
        if not is_body and self._rarely():
            document["repeatPolicy"] = self.draw(policies.repeat_policies())
        if self.body_depth > 0 and self._sometimes():
            document["onEnd"] = self._body(3)
        if self._rarely() and self._ids:
            name = self._pick(sorted(self._ids))
            document["guarantees"] = [{"atMost": {"dispatch": name, "times": 3}}]
        return document

    # --- chance ---------------------------------------------------------------------------------------------------

    def _sometimes(self) -> bool:
        return self.draw(_SOMETIMES)

    def _rarely(self) -> bool:
        return self.draw(_RARELY)

    def _pick(self, choices: Sequence[Any]) -> Any:
        return self.draw(st.sampled_from(choices))

    # --- ids and pointers -----------------------------------------------------------------------------------------

    def _number(self) -> int:
        self._count += 1
        return self._count

    def _pointers(self, place: Place) -> list[str]:
        found = ["/payload", "/payload/n", "/payload/wait", "/payload/items", "/payload/text", "/input", "/input/n",
                 "/input/items", "/traversal/id", "/traversal/run"]  # fmt: skip
        if place.sees_failure:
            found += ["/input/error/code", "/input/error/attempt", "/input/error/node", "/input/input/n"]
        for name, scope in self._ids.items():
            if is_visible(scope, place.scope):
                found += [f"/nodes/{name}/output", f"/nodes/{name}/output/n"]
        return found

    def _named(self, node: Document, place: Place, kind: str) -> Document:
        """Gives the node an id, mostly, and words for people, rarely."""
        if self.draw(st.sampled_from((True, True, False))):
            node["id"] = f"{kind}-{self._number()}"
        if self._rarely():
            node["label"] = "Ein Knoten é"
            node["description"] = "for people"
        return node

    def _written(self, node: Document, place: Place) -> Document:
        """Notes that the node is complete: from now on other paths may meet at it."""
        if "id" in node:
            self._met.append(_Met(node["id"], place.scope, place.must_reach))
        return node

    # --- nodes ----------------------------------------------------------------------------------------------------

    def _node(self, place: Place) -> Document:
        """A node and all that follows it; of a place that must reach its join, never a dead end."""
        self.nodes_left -= 1
        kinds: list[Callable[[Place], Document]] = [
            *(self._task for _ in range(5)),
            self._pass,
            self._pass,
            self._await,
        ]
        if self.nodes_left > 2 and len(place.scope) < _MAX_FORK_DEPTH:
            kinds += [self._fork] * (30 if place == Place() else 6)
        if not place.must_reach and place != Place():
            kinds.append(self._fail)
        if self.body_depth > 0:
            kinds += [self._call, self._each, self._loop]
        targets = self._targets(place)
        if targets and self._rarely():
            return {"ref": self._pick(targets)}
        write = self._pick(kinds) if self.nodes_left > 0 else self._pick([self._task, self._pass])
        return write(place)  # type: ignore[no-any-return]

    def _targets(self, place: Place) -> list[str]:
        return [met.id for met in self._met if met.scope == place.scope and (met.reaches_join or not place.must_reach)]

    def _task(self, place: Place) -> Document:
        node = self._named({"type": "standard", "address": self._pick(SERVICES)}, place, "task")
        pointers = self._pointers(place)
        if self._sometimes():
            node["parameters"] = self.draw(
                st.dictionaries(
                    st.sampled_from(("model", "p", "é")),
                    st.one_of(
                        templates(pointers),
                        st.just({"$secret": {"path": "keys/a", "field": "token", "version": 2}}),
                        st.just({"$secret": {"path": "keys/b"}}),
                    ),
                    max_size=2,
                )
            )
        self._attempts(node, place)
        self._routes(node, place, handlers=("onFailure", "onTimeout"))
        return self._written(node, place)

    def _attempts(self, node: Document, place: Place) -> None:
        """What tasks and bodies have in common."""
        pointers = self._pointers(place)
        if self._sometimes():
            node["input"] = self.draw(templates(pointers))
        if self.draw(st.booleans()):
            node["retryPolicy"] = self.draw(policies.retry_policies())
        if self._sometimes():
            node["deliveryStrategy"] = self.draw(policies.delivery_strategies(pointers))
        if self._sometimes():
            node["timeout"] = self.draw(policies.durations)

    def _pass(self, place: Place) -> Document:
        node = self._named({"type": "pass"}, place, "pass")
        pointers = self._pointers(place)
        if self._sometimes():
            node["output"] = self.draw(templates(pointers))
        if self._rarely():
            node["deliveryStrategy"] = self.draw(policies.delivery_strategies(pointers))
        self._routes(node, place, handlers=(), has_always=False)
        return self._written(node, place)

    def _fail(self, place: Place) -> Document:
        pointers = self._pointers(place)
        node = self._named({"type": "fail"}, place, "fail")
        node["code"] = self.draw(operands(pointers, policies.error_codes))
        if self._sometimes():
            node["message"] = self.draw(operands(pointers, st.sampled_from(("", "on purpose"))))
        return self._written(node, place)

    def _await(self, place: Place) -> Document:
        node = self._named({"type": "await", "event": self._pick(("approved", "paid"))}, place, "await")
        if self._sometimes():
            node["key"] = self.draw(operands(self._pointers(place), st.sampled_from(("k", "o-1"))))
        if self._sometimes():
            node["timeout"] = self.draw(policies.durations)
        self._routes(node, place, handlers=("onTimeout",))
        return self._written(node, place)

    def _call(self, place: Place) -> Document:
        node = self._named({"type": "call", "body": self._body(3)}, place, "call")
        return self._body_node(node, place)

    def _each(self, place: Place) -> Document:
        pointers = self._pointers(place)
        lists = [pointer for pointer in pointers if pointer.endswith("/items")]
        node = self._named({"type": "each", "body": self._body(2)}, place, "each")
        node["over"] = self.draw(
            st.one_of(
                st.sampled_from(lists).map(lambda p: {"$from": [p, "/payload/items"], "$default": [1, 2]}),
                st.just({"$literal": ["x", {"n": 1}]}),
                st.just({"$literal": ["x", {"n": 1}]}),
                st.just({"$from": "/payload/items", "$default": []}),
                leaves(pointers),
            )
        )
        if self._sometimes():
            node["strategy"] = self._pick(
                ({"type": "Or"}, {"type": "And"}, {"type": "Quorum", "n": 2},
                 {"type": "Quorum", "n": {"$from": "/payload/n", "$default": 1}})
            )  # fmt: skip
        if self._rarely():
            node["concurrency"] = self.draw(st.integers(1, 3))
        if self._rarely():
            node["atMost"] = self.draw(st.integers(1, 3))
        return self._body_node(node, place)

    def _loop(self, place: Place) -> Document:
        node = self._named({"type": "loop", "body": self._body(2)}, place, "loop")
        node["until"] = self.draw(conditions(self._pointers(place)))
        node["atMost"] = self.draw(st.integers(1, 4))
        if self._sometimes():
            node["every"] = self.draw(policies.durations)
        return self._body_node(node, place)

    def _body_node(self, node: Document, place: Place) -> Document:
        self._attempts(node, place)
        self._routes(node, place, handlers=("onFailure", "onTimeout"))
        return self._written(node, place)

    def _body(self, nodes: int) -> Document:
        author = Author(self.draw, nodes, self.body_depth - 1, {}, [])
        return author._node(Place()) if self.draw(st.booleans()) else author.spec(is_body=True)

    def _fork(self, place: Place) -> Document:
        join_node_id = f"join-{self._number()}"
        names = self.draw(st.lists(st.sampled_from(BRANCH_NAMES), min_size=2, max_size=4, unique=True))
        form = self._pick(("inline", "inline", "at the ends", "both"))
        join = self._join(join_node_id, names, place)
        fork = self._named({"type": "fork", "joinNodeId": join_node_id}, place, "fork")
        if self._sometimes():
            fork["concurrency"] = self.draw(st.integers(1, len(names)))
        writes_whole = form == "at the ends"

        def to_join() -> Document:
            nonlocal writes_whole
            if writes_whole:
                writes_whole = False
                return copy.deepcopy(join)
            return {"type": "join", "joinNodeId": join_node_id}

        fork["branches"] = {}
        for name in names:
            inner = Place(
                scope=(*place.scope, (join_node_id, name)),
                to_join=None if form == "inline" else to_join,
                must_reach=form == "at the ends",
            )
            starts_at_join = form != "inline" and self._rarely()
            fork["branches"][name] = to_join() if starts_at_join else self._node(inner)
        if form != "at the ends":
            fork["join"] = join
        return self._written(fork, place)

    def _join(self, join_node_id: str, names: Sequence[str], place: Place) -> Document:
        join: Document = {"type": "join", "joinNodeId": join_node_id}
        if self._rarely():
            join["id"] = f"joined-{self._number()}"
        join["strategy"] = self.draw(policies.join_strategies(names, self._pointers(place)))
        if self._sometimes():
            join["timeout"] = self.draw(policies.durations)
        self._ids[join.get("id", join_node_id)] = place.scope
        self._routes(join, place, handlers=("onFailure", "onTimeout"), has_conditions=False)
        return join

    # --- edges ----------------------------------------------------------------------------------------------------

    def _routes(
        self,
        node: Document,
        place: Place,
        *,
        handlers: tuple[str, ...],
        has_always: bool = True,
        has_conditions: bool = True,
    ) -> None:
        """Writes where the token goes from `node`. Its own output is in sight of what follows, not of itself."""
        if "id" in node:
            self._ids[node["id"]] = place.scope
        onward = evolve(place, sees_failure=False)
        failed = evolve(place, sees_failure=True, must_reach=False)
        if has_conditions and self.nodes_left > 0 and self._sometimes():
            count = self._pick((1, 1, 2))
            before = [pointer for pointer in self._pointers(place) if f"/{node.get('id')}/" not in f"{pointer}/"]
            node["onConditions"] = [
                {"condition": self.draw(conditions(before)), "to": self._follow(onward)} for _ in range(count)
            ]
            if self._rarely():
                node["onConditions"].append({"condition": {"type": "Always"}, "to": self._follow(onward)})
        if has_always and self.nodes_left > 0 and self._rarely():
            node["always"] = self._follow(evolve(place, sees_failure=True))
        goes_on = self.nodes_left > 0 and self.draw(st.sampled_from((False, True, True)))
        if place.must_reach:
            if "always" not in node or self.draw(st.booleans()):
                node["onSuccess"] = self._follow(onward)
        elif goes_on:
            node["onSuccess"] = self._follow(onward)
        if "onFailure" in handlers and self.nodes_left > 0 and self.draw(st.booleans()):
            node["onFailure"] = self._follow(failed)
        if "onTimeout" in handlers and "timeout" in node and self.nodes_left > 0 and self.draw(st.booleans()):
            node["onTimeout"] = self._follow(failed)

    def _follow(self, place: Place) -> Document:
        """What an edge leads to: a node, or the join of this branch."""
        if place.to_join is not None and (self.nodes_left <= 0 or self._sometimes()):
            return place.to_join()
        return self._node(place)


def is_visible(scope: Scope, seen_from: Scope) -> bool:
    """Whether a node in `scope` is not inside another branch of a fork around `seen_from`."""
    around = dict(seen_from)
    return all(around.get(fork, branch) == branch for fork, branch in scope)


@st.composite
def documents(draw: st.DrawFn, nodes: int = 16, body_depth: int = 2) -> Document:
    """A valid Spec as a document, of about `nodes` nodes, with bodies nested at most `body_depth` deep."""
    size = draw(st.sampled_from((min(3, nodes), nodes // 2 + 1, nodes, nodes)))
    return Author(draw, size, body_depth, {}, []).spec(is_body=False)
