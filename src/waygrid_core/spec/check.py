"""From a document to a Spec, and to everything that is wrong with it: all problems at once, in one pass, whatever the
document holds and however deep. What needs the graph (references, joins, cycles, scopes) is for the compiler.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, TypeVar

from attrs import frozen

from waygrid_core.extension.extension import Extension, SignalKind
from waygrid_core.extension.registry import NO_EXTENSIONS, Extensions
from waygrid_core.model.identifiers import DagHash
from waygrid_core.model.json_value import JsonValue
from waygrid_core.policy.repeat import NoRepeat, RepeatPolicy
from waygrid_core.spec.extended import read_extension
from waygrid_core.spec.fields import Fields, Shape, kind_of, open_object, shape
from waygrid_core.spec.guarantee import Guarantee
from waygrid_core.spec.guarantees import read_guarantee
from waygrid_core.spec.limits import DEFAULT_LIMITS, Limits
from waygrid_core.spec.node import Body, DagBody, Hole, Node, Spec
from waygrid_core.spec.node_fields import Reading, Realm
from waygrid_core.spec.nodes import read_node
from waygrid_core.spec.place import ROOT, Place
from waygrid_core.spec.policies import read_repeat_policy
from waygrid_core.spec.problem import ProblemCode, ProblemSink, SpecErrors
from waygrid_core.spec.walk import Later, Walk

SPEC_SHAPE: Final[Shape] = shape(
    "entryPoints",
    optional=["name", "description", "repeatPolicy", "timeout", "onEnd", "guards", "signals", "guarantees"],
)
_DAG_BODY: Final = shape("dag")

E = TypeVar("E", bound=Extension)
_BODY_FORMS: Final = ("entryPoints", "type", "dag")


@frozen
class CheckedSpec:
    """A Spec as far as it could be read, and its problems.

    Where a node could not be read stands a `Hole`; where a value could not be read, a harmless one of its kind. So
    the graph can be judged as far as it is known; a Spec with problems is never run. `spec` is None if the document
    is not even an object.
    """

    spec: Spec | None
    problems: SpecErrors


def check_spec(
    document: JsonValue, limits: Limits = DEFAULT_LIMITS, extensions: Extensions = NO_EXTENSIONS
) -> CheckedSpec:
    """The Spec that `document` writes, with every problem that can be seen without the graph."""
    problems = ProblemSink()
    fields = open_object(document, ROOT, problems, SPEC_SHAPE, "a Spec")
    if fields is None:
        return CheckedSpec(None, problems.problems)
    walk = Walk()
    bodies = _Bodies(walk, problems, limits, extensions)
    later = walk.ask(partial(bodies.read_spec, fields, Realm(ROOT, depth=0)))
    walk.run()
    return CheckedSpec(later.value, problems.problems)


class _Bodies:
    """Reads Specs: the document itself, and the bodies in it."""

    def __init__(self, walk: Walk, problems: ProblemSink, limits: Limits, extensions: Extensions) -> None:
        self.walk = walk
        self.problems = problems
        self.limits = limits
        self.reading = Reading(walk, problems, limits, extensions, read_node, self.ask)

    def ask(self, document: JsonValue, place: Place, outer: Realm) -> Later[Body]:
        return self.walk.ask(partial(self._read, document, place, outer))

    def _read(self, document: JsonValue, place: Place, outer: Realm) -> Callable[[], Body]:
        hole = Spec(entry_points=(Hole(place=place),), place=place)
        if not isinstance(document, dict):
            self.problems.add(place, "wrong-type", f"a body must be an object, not {kind_of(document)}")
            return lambda: hole
        forms = [form for form in _BODY_FORMS if form in document or (form == "type" and "ref" in document)]
        if len(forms) != 1:
            code: ProblemCode = "conflicting-fields" if forms else "missing-field"
            cure = "write a Spec (entryPoints), a node (type) or the hash of a DAG (dag)"
            self.problems.add(place, code, f"a body is one of three things; {cure}")
            return lambda: hole
        if forms == ["dag"]:
            fields = Fields(document, place, self.problems)
            fields.conform(_DAG_BODY, "a body by hash")
            dag = fields.text("dag")
            return (lambda: hole) if dag is None else partial(DagBody, DagHash(dag), place)
        if outer.depth + 1 > self.limits.body_nesting:
            message = f"bodies nest at most {self.limits.body_nesting} deep; name this one by its hash, or flatten"
            self.problems.add(place, "too-deep", message)
            return lambda: hole
        realm = Realm(place, outer.depth + 1)
        if forms == ["type"]:
            node = self.reading.ask(document, place, realm)
            return lambda: Spec(entry_points=(node.value,), is_node=True, place=place)
        fields = Fields(document, place, self.problems)
        fields.conform(SPEC_SHAPE, "a Spec")
        return self.read_spec(fields, realm)

    def read_spec(self, fields: Fields, realm: Realm) -> Callable[[], Spec]:
        """The fields of a Spec; an inner one does not repeat."""
        place = fields.place
        name, description, timeout = fields.text("name"), fields.text("description"), fields.duration("timeout")
        repeat: RepeatPolicy = NoRepeat()
        if fields.has("repeatPolicy"):
            repeat = read_repeat_policy(fields.document["repeatPolicy"], (place, "repeatPolicy"), self.problems)
            if realm.depth > 0 and not isinstance(repeat, NoRepeat):
                message = "a body runs once, and so does an onEnd; use a loop, or repeat the whole Spec"
                fields.refuse("repeatPolicy", "repeat-in-body", message)
                repeat = NoRepeat()
        entry_points = self._entry_points(fields, realm)
        on_end = self.ask(fields.document["onEnd"], (place, "onEnd"), realm) if fields.has("onEnd") else None
        guards = self._users(fields, "guards", self.reading.extensions.guards, "a guard")
        signals = self._users(fields, "signals", self.reading.extensions.signals, "a signal")
        self._refuse_namesakes(fields, signals)
        guarantees = self._guarantees(fields)
        return lambda: Spec(
            entry_points=tuple(entry.value for entry in entry_points),
            name=name,
            description=description,
            repeat_policy=repeat,
            timeout=timeout,
            on_end=None if on_end is None else on_end.value,
            guards=guards,
            signals=signals,
            guarantees=guarantees,
            place=place,
        )

    def _entry_points(self, fields: Fields, realm: Realm) -> list[Later[Node]]:
        items = fields.items("entryPoints")
        place: Place = (fields.place, "entryPoints")
        if items is None:
            hole: Later[Node] = Later()
            hole.value = Hole(place=place)
            return [hole]
        if not items:
            fields.refuse("entryPoints", "empty-entry-points", "a Spec needs at least one entry point")
        return [self.reading.ask(item, (place, index), realm) for index, item in enumerate(items)]

    def _users(self, fields: Fields, name: str, kinds: Mapping[str, type[E]], noun: str) -> tuple[E, ...]:
        """A list in which nothing but extensions may stand."""
        items, place = fields.items(name) or (), (fields.place, name)
        read = (read_extension(item, (place, at), self.problems, kinds, noun) for at, item in enumerate(items))
        return tuple(each for each in read if each is not None)

    def _refuse_namesakes(self, fields: Fields, signals: tuple[SignalKind, ...]) -> None:
        """Whoever tells a traversal something says a type, and must mean one signal."""
        names = [signal.name for signal in signals]
        for name in dict.fromkeys(name for name in names if names.count(name) > 1):
            fields.refuse(
                "signals", "duplicate-id", f"there are {names.count(name)} signals of type {name!r}; keep one"
            )

    def _guarantees(self, fields: Fields) -> tuple[Guarantee, ...]:
        place: Place = (fields.place, "guarantees")
        items = fields.items("guarantees") or ()
        read = (read_guarantee(item, (place, index), self.problems) for index, item in enumerate(items))
        return tuple(guarantee for guarantee in read if guarantee is not None)
