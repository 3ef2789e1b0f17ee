"""Random valid Specs as values and as DAGs, and the stories that run in them."""

from collections.abc import Callable

from attrs import frozen
from hypothesis import strategies as st

from waygrid_core.compile.pipeline import compile_document
from waygrid_core.dag.dag import CompiledDag
from waygrid_core.outcome import Failure
from waygrid_core.spec.check import check_spec
from waygrid_core.spec.node import Spec
from waygrid_core.testing.data import Document
from waygrid_core.testing.documents import documents
from waygrid_core.testing.machine import TraversalMachine, traversal_machine
from waygrid_core.testing.stories import TRAVERSAL, Story, plots, tell


@frozen
class Example:
    """A document and what it compiles to."""

    document: Document
    compiled: CompiledDag


def specs(nodes: int = 16, body_depth: int = 2) -> st.SearchStrategy[Spec]:
    """Valid Specs as values."""
    return documents(nodes, body_depth).map(_spec_of)


def examples(nodes: int = 16, body_depth: int = 1) -> st.SearchStrategy[Example]:
    """Valid documents with their DAGs."""
    return documents(nodes, body_depth).map(example_of)


def example_of(document: Document) -> Example:
    """The example of a valid document; an `AssertionError` with the problems, if it has any."""
    outcome = compile_document(document)
    if isinstance(outcome, Failure):
        raise AssertionError(f"a valid document has problems: {outcome.failure()}\n{document}")
    return Example(document, outcome.unwrap())


@st.composite
def stories(
    draw: st.DrawFn,
    nodes: int = 16,
    max_moves: int = 25,
    machine: Callable[[CompiledDag], TraversalMachine] = lambda compiled: traversal_machine(compiled.dag, TRAVERSAL),
) -> Story:
    """Runs of valid Specs, each to its end."""
    example = draw(examples(nodes))
    plot = draw(plots(max_moves))
    return tell(plot, example.document, example.compiled, machine(example.compiled))


def _spec_of(document: Document) -> Spec:
    checked = check_spec(document)
    assert checked.spec is not None
    assert not checked.problems, f"a valid document has problems: {checked.problems}\n{document}"
    return checked.spec
