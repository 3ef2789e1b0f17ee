"""The compiler on one page: which passes there are, and the ways in.

    document > check > flatten > references > joins > cycles > scopes > pointers > bodies > guarantees > build

Everything up to `guarantees` reports faults, all at once; `build` sees only what has none.
"""

from collections.abc import Mapping
from typing import TypeAlias

from waygrid_core.compile.build import build
from waygrid_core.compile.flatten import flatten
from waygrid_core.compile.pair_joins import pair_joins
from waygrid_core.compile.references import resolve_references
from waygrid_core.compile.unread import Unread
from waygrid_core.dag.dag import CompiledDag
from waygrid_core.model.identifiers import DagHash
from waygrid_core.model.json_value import JsonValue
from waygrid_core.outcome import Failure, Outcome, Success
from waygrid_core.spec.check import CheckedSpec, check_spec
from waygrid_core.spec.limits import DEFAULT_LIMITS, Limits
from waygrid_core.spec.node import Spec
from waygrid_core.spec.place import ROOT
from waygrid_core.spec.problem import ProblemSink, SpecErrors

Dags: TypeAlias = Mapping[DagHash, CompiledDag]
"""The DAGs that bodies may name by hash."""


def compile_spec(
    spec: Spec, salt: str = "", dags: Dags | None = None, limits: Limits = DEFAULT_LIMITS
) -> Outcome[CompiledDag, SpecErrors]:
    """The DAG of a Spec, with its bodies and annotations, or everything that is wrong with its graph."""
    return compile_checked(CheckedSpec(spec, ()), None, salt, dags, limits)


def compile_document(
    document: JsonValue, salt: str = "", dags: Dags | None = None, limits: Limits = DEFAULT_LIMITS
) -> Outcome[CompiledDag, SpecErrors]:
    """The DAG of a Spec's document, or everything that is wrong with it, of shape and of graph."""
    return compile_checked(check_spec(document, limits), document, salt, dags, limits)


def compile_checked(
    checked: CheckedSpec, document: JsonValue, salt: str = "", dags: Dags | None = None, limits: Limits = DEFAULT_LIMITS
) -> Outcome[CompiledDag, SpecErrors]:
    """The same for a document that has been checked."""
    if checked.spec is None:
        return Failure(checked.problems)
    return Success(_compile(checked.spec, salt))


def _compile(spec: Spec, salt: str) -> CompiledDag:
    drafts = [flatten(spec, ROOT, 0)]
    for draft in drafts:
        unread = Unread(draft, None)
        problems = ProblemSink()
        resolve_references(draft, unread, problems)
        pair_joins(draft, unread, problems)
        for use in draft.bodies:
            if isinstance(use.body, Spec):
                use.draft = flatten(use.body, use.place, draft.depth + 1)
                drafts.append(use.draft)
    done: dict[int, CompiledDag] = {}
    for draft in reversed(drafts):
        done[id(draft)] = build(draft, salt, {use.vertex: done[id(use.draft)] for use in draft.bodies})
    return done[id(drafts[0])]
