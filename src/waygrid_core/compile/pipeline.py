"""The compiler on one page: which passes there are, and the ways in.

    document > check > flatten > references > joins > cycles > scopes > pointers > bodies > guarantees > build

Everything up to `guarantees` reports faults, all at once; `build` sees only what has none.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from waygrid_core.compile.bodies import Heights, check_named_bodies
from waygrid_core.compile.build import build
from waygrid_core.compile.cycles import cut_cycles
from waygrid_core.compile.draft import Draft
from waygrid_core.compile.flatten import flatten
from waygrid_core.compile.guarantees import NodeNames, check_guarantees
from waygrid_core.compile.pair_joins import pair_joins
from waygrid_core.compile.pointers import check_pointers
from waygrid_core.compile.references import resolve_references
from waygrid_core.compile.scopes import report_deep_forks, report_missed_joins, report_shared_nodes
from waygrid_core.compile.sizes import check_sizes
from waygrid_core.compile.unread import Unread
from waygrid_core.dag.dag import CompiledDag
from waygrid_core.extension.registry import NO_EXTENSIONS, Extensions
from waygrid_core.model.identifiers import DagHash
from waygrid_core.model.json_value import JsonValue, Missing
from waygrid_core.outcome import Failure, Outcome, Success
from waygrid_core.spec.check import CheckedSpec, check_spec
from waygrid_core.spec.document import Format, read_document
from waygrid_core.spec.limits import DEFAULT_LIMITS, Limits
from waygrid_core.spec.node import DagBody, Spec
from waygrid_core.spec.parse import check_text
from waygrid_core.spec.place import ROOT
from waygrid_core.spec.problem import ProblemSink, SpecErrors, SpecProblem

Dags: TypeAlias = Mapping[DagHash, CompiledDag]
"""The DAGs that bodies may name by hash."""

NO_DAGS: Final[Dags] = MappingProxyType({})


def compile_spec(
    spec: Spec, salt: str = "", dags: Dags = NO_DAGS, limits: Limits = DEFAULT_LIMITS
) -> Outcome[CompiledDag, SpecErrors]:
    """The DAG of a Spec, with its bodies and annotations, or everything that is wrong with it."""
    compilation = Compilation(salt, dags, limits)
    compilation.flatten(spec, None)
    compilation.check_sizes()
    return compilation.finish(())


def compile_checked(
    checked: CheckedSpec,
    document: JsonValue,
    salt: str = "",
    dags: Dags = NO_DAGS,
    limits: Limits = DEFAULT_LIMITS,
) -> Outcome[CompiledDag, SpecErrors]:
    """The DAG of a document that has been checked, or the check's problems and those of the graph.

    `document` may be None if it is no longer at hand; then a hole in the Spec may hide any name.
    """
    if checked.spec is None or any(problem.code == "too-many-nodes" for problem in checked.problems):
        return Failure(checked.problems)  # beyond the limit nothing was read, so nothing is known of the graph
    compilation = Compilation(salt, dags, limits)
    compilation.flatten(checked.spec, document)
    return compilation.finish(checked.problems)


def compile_document(
    document: JsonValue,
    salt: str = "",
    dags: Dags = NO_DAGS,
    limits: Limits = DEFAULT_LIMITS,
    extensions: Extensions = NO_EXTENSIONS,
) -> Outcome[CompiledDag, SpecErrors]:
    """The DAG of a Spec's document, or everything that is wrong with it, of shape and of graph."""
    return compile_checked(check_spec(document, limits, extensions), document, salt, dags, limits)


def compile_text(
    text: str | bytes,
    format: Format = "auto",  # noqa: A002
    salt: str = "",
    dags: Dags = NO_DAGS,
    limits: Limits = DEFAULT_LIMITS,
    extensions: Extensions = NO_EXTENSIONS,
) -> Outcome[CompiledDag, SpecErrors]:
    """The same for the text of a document. "auto" is JSON if it opens an object or an array, else YAML."""
    checked = check_text(text, format, limits, extensions)
    if not checked.problems:
        return compile_checked(checked, None, salt, dags, limits)
    # Only a document with faults has holes; only then is it worth reading once more for the names in them.
    value = read_document(text, format, limits).value
    return compile_checked(checked, None if isinstance(value, Missing) else value, salt, dags, limits)


class Compilation:
    """One run of the compiler: the drafts of a Spec and of all bodies in it, outer ones first."""

    def __init__(self, salt: str, dags: Dags, limits: Limits) -> None:
        self.salt = salt
        self.dags = dags
        self.limits = limits
        self.problems = ProblemSink()
        self.drafts: list[Draft] = []
        self.unread: list[Unread] = []
        self.heights = Heights()
        self.names = NodeNames(dags)

    def flatten(self, spec: Spec, document: JsonValue) -> None:
        """Draft the Spec and its bodies, whose nesting is bounded."""
        self.drafts.append(flatten(spec, ROOT, 0))
        for draft in self.drafts:
            self.unread.append(Unread(draft, document))
            for use in draft.bodies:
                if isinstance(use.body, DagBody):
                    continue
                if draft.depth < self.limits.body_nesting:
                    use.draft = flatten(use.body, use.place, draft.depth + 1)
                    self.drafts.append(use.draft)

    def check_sizes(self) -> None:
        """What the check of a document has said already."""
        for draft in self.drafts:
            check_sizes(draft, self.limits, self.problems)
            for use in draft.bodies:
                if use.draft is None and isinstance(use.body, Spec):
                    message = f"bodies nest at most {self.limits.body_nesting} deep; name this one by its hash"
                    self.problems.add(use.place, "too-deep", message)

    def finish(self, problems: SpecErrors) -> Outcome[CompiledDag, SpecErrors]:
        """The DAG, if nothing is wrong; else what is, with these `problems` of the document."""
        for draft, unread in zip(self.drafts, self.unread, strict=True):
            self._check_graph(draft, unread)
        found = self.problems.problems
        if problems or found:
            return Failure(tuple(sorted((*problems, *found), key=_order)))
        return Success(self._build())

    def _check_graph(self, draft: Draft, unread: Unread) -> None:
        problems = self.problems
        resolve_references(draft, unread, problems)
        pair_joins(draft, unread, problems)
        cut_cycles(draft, problems)
        report_shared_nodes(draft, problems)
        report_missed_joins(draft, problems)
        report_deep_forks(draft, self.limits, problems)
        check_pointers(draft, unread, problems)
        check_named_bodies(draft, self.dags, self.heights, self.limits, problems)
        check_guarantees(draft, self.names, self._may_be_unread, problems)

    def _may_be_unread(self, name: str) -> bool:
        return any(unread.hole_may_hold(name) for unread in self.unread)

    def _build(self) -> CompiledDag:
        """Build from the inside out: a body before whatever names it."""
        done: dict[int, CompiledDag] = {}
        for draft in reversed(self.drafts):
            bodies: dict[int, CompiledDag] = {}
            for use in draft.bodies:
                if use.draft is not None:
                    bodies[use.vertex] = done[id(use.draft)]
                else:
                    assert isinstance(use.body, DagBody), "every other body has a draft"
                    bodies[use.vertex] = self.dags[use.body.dag]
            done[id(draft)] = build(draft, self.salt, bodies)
        return done[id(self.drafts[0])]


def _order(problem: SpecProblem) -> tuple[str, str, str]:
    return problem.pointer, problem.code, problem.message
