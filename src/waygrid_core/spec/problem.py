"""What is wrong with a Spec: where, what, and what would be right."""

from typing import Final, Literal, TypeAlias, get_args

from attrs import frozen

from waygrid_core.spec.place import Place, pointer_of

ProblemCode: TypeAlias = Literal[
    "not-json", "too-large", "too-deep", "missing-field", "unknown-field", "unknown-type", "wrong-type",
    "conflicting-fields", "bad-address", "bad-duration", "bad-instant", "bad-pointer", "bad-text", "bad-id",
    "out-of-range", "too-long", "empty-entry-points", "empty-condition", "unknown-ref", "unknown-dag", "duplicate-id",
    "duplicate-join-node-id", "fork-without-join", "join-without-fork", "conflicting-join", "too-few-branches",
    "unknown-branch", "quorum-out-of-range", "cycle", "unreachable-node", "branch-misses-join", "foreign-join",
    "shared-between-scopes", "dead-edge", "several-always", "dangling-edge", "repeat-in-body", "too-many-nodes",
    "too-many-branches", "too-many-conditions", "nested-fork-depth-exceeded",
]  # fmt: skip

PROBLEM_CODES: frozenset[ProblemCode] = frozenset(get_args(ProblemCode))


@frozen(order=True)
class SpecProblem:
    """One fault of a document: its pointer (RFC 6901), its code, and a sentence with the cure."""

    pointer: str
    code: ProblemCode
    message: str


SpecErrors: TypeAlias = tuple[SpecProblem, ...]
"""All problems of one document, in the order of their pointers."""

MAX_POINTER_TEXT: Final = 16 * 1024 * 1024
"""How many characters of pointers are told about one document: a bound on memory, far above any honest mistake."""


class ProblemSink:
    """Collects problems while a document is read.

    A document may hold more problems than anyone reads, each with a long pointer; beyond `MAX_POINTER_TEXT` the rest
    is left out, and the last problem told says so.
    """

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: list[tuple[Place, ProblemCode, str]] = []

    def add(self, place: Place, code: ProblemCode, message: str) -> None:
        """One more problem. `place` may be a pointer's text."""
        self._found.append((place, code, message))

    def __len__(self) -> int:
        return len(self._found)

    @property
    def problems(self) -> SpecErrors:
        """All problems so far, in the order of their pointers; what is wrong in one place twice is told once."""
        told: list[SpecProblem] = []
        room = MAX_POINTER_TEXT
        for place, code, message in self._found:
            pointer = pointer_of(place)
            room -= len(pointer)
            if room < 0:
                message += f" ({len(self._found) - len(told) - 1} further problems are not shown)"
            told.append(SpecProblem(pointer, code, message))
            if room < 0:
                break
        return tuple(sorted(set(told)))
