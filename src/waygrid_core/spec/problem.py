"""What is wrong with a Spec: where, what, and what would be right."""

from typing import Literal, TypeAlias, get_args

from attrs import frozen

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
