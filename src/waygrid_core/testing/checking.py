"""Holds laws against a Spec, and against whatever invariants a user has for it."""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky

from waygrid_core.compile.pipeline import compile_document
from waygrid_core.dag.dag import Dag
from waygrid_core.dag.naming import names_of
from waygrid_core.dag.node import PassNode, TaskNode
from waygrid_core.extension.registry import NO_EXTENSIONS, Extensions
from waygrid_core.model.json_value import JsonValue, Missing
from waygrid_core.outcome import Failure
from waygrid_core.spec.document import read_document
from waygrid_core.spec.node import Spec
from waygrid_core.spec.problem import SpecErrors
from waygrid_core.spec.write import write_spec
from waygrid_core.testing import values
from waygrid_core.testing.invariants import Invariant
from waygrid_core.testing.judging import breach_of
from waygrid_core.testing.law_broken import Breach, LawBroken
from waygrid_core.testing.moves import Reply, replies
from waygrid_core.testing.saving import kept
from waygrid_core.testing.stories import plots
from waygrid_core.testing.strategies import Example
from waygrid_core.verify.witness import routing_of

T = TypeVar("T")

FEWEST_STORIES: Final = 200
"""Values that are looked at where nobody says how many: some seconds for stories, and fewer find too little."""
MAX_MOVES: Final = 12
"""Moves of a story before everything is answered: more find little, and cost more than they find."""


def check_laws(
    spec: Spec | JsonValue | bytes,
    *,
    extensions: Extensions = NO_EXTENSIONS,
    invariants: Sequence[Invariant] = (),
    payloads: st.SearchStrategy[JsonValue] = values.records,
    answers: st.SearchStrategy[Reply] | None = None,
    max_moves: int = MAX_MOVES,
    settings: settings | None = None,
) -> None:
    """Run the Spec in many ways that could happen, and hold the laws of the machine and the invariants against each.

    `spec` is a `Spec`, its document, or the text of one, with types of `extensions` in it. Answers are, unless
    `answers` says otherwise, what the Spec's conditions ask for, small JSON values, and failures. Raises `LawBroken`
    with the shortest story that was found, and `ValueError` with all problems of a Spec that does not compile, or for
    an invariant that names a node that it does not have. How many stories (at least 200, unless `settings` says how
    many) and from which seed, Hypothesis' settings say.
    """
    example = _example(spec, extensions)
    _refuse_unknown_names(example, invariants)
    possible = answers_for(example.compiled.dag) if answers is None else answers
    says = words_for(example.compiled.dag, values.json_values)
    drawn = plots(max_moves, payloads=payloads, answers=possible, says=says)
    hold(drawn, lambda plot, law: breach_of(example, plot, invariants, law, extensions), settings)


def hold(
    strategy: st.SearchStrategy[T],
    breach: Callable[[T, str | None], Breach | None],
    chosen: settings | None = None,
    fewest: int = FEWEST_STORIES,
) -> None:
    """Look among many values for one with a breach, and raise the simplest as `LawBroken`.

    `breach` is given the law that was found broken, once one was: from then on no other is of interest.
    """
    found: list[Breach] = []
    most = max(settings().max_examples, fewest) if chosen is None else chosen.max_examples

    @settings(
        parent=chosen,
        max_examples=most,
        database=None,
        deadline=None,
        print_blob=False,
        report_multiple_bugs=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def holds(value: T) -> None:
        again = breach(value, found[0].law if found else None)
        if again is not None:
            found[:] = [again]
            raise LawBroken(again)

    try:
        holds()
    except LawBroken as error:
        raise LawBroken(kept(error.breach)) from None
    except Flaky:
        raise LawBroken(kept(found[-1])) from None  # what was found once and then no more depends on chance


def answers_for(dag: Dag) -> st.SearchStrategy[Reply]:
    """Answers that lead everywhere: an output for each condition in the DAG, small values, failures."""
    outputs: list[JsonValue] = []
    for node in dag.nodes.values():
        if isinstance(node, TaskNode | PassNode) and node.routes.conditions:
            outputs += routing_of([condition for condition, _ in node.routes.conditions]).witness.values()
    return st.one_of(replies, replies, st.sampled_from(outputs)) if outputs else replies


def words_for(dag: Dag, data: st.SearchStrategy[JsonValue]) -> st.SearchStrategy[JsonValue] | None:
    """What may be said to a traversal: `data`, and ids of nodes, alone and in an object; None without signals."""
    if not dag.signals:
        return None
    ids = st.sampled_from(sorted(dag.node_named))
    named: st.SearchStrategy[JsonValue] = st.one_of(ids, ids.map(lambda name: {"node": name}))
    return st.one_of(named, data)


def _example(spec: Spec | JsonValue | bytes, extensions: Extensions) -> Example:
    document = _document(spec)
    compiled = compile_document(document, extensions=extensions)
    if isinstance(compiled, Failure):
        raise ValueError(_listed(compiled.failure()))
    return Example(document, compiled.unwrap())  # type: ignore[arg-type]


def _document(spec: Spec | JsonValue | bytes) -> JsonValue:
    if isinstance(spec, Spec):
        return write_spec(spec)
    if isinstance(spec, str | bytes):
        read = read_document(spec, "auto")
        if read.problems:
            raise ValueError(_listed(read.problems))
        assert not isinstance(read.value, Missing), "what has no problem has a value"
        return read.value
    return spec


def _listed(problems: SpecErrors) -> str:
    return "\n".join(f"{problem.pointer or '(the Spec)'}: {problem.message}" for problem in problems)


def _refuse_unknown_names(example: Example, invariants: Sequence[Invariant]) -> None:
    """An invariant about a node that is not there would hold for ever, and say nothing."""
    names = set(names_of(example.compiled.dag, example.compiled.annotations).values())
    for invariant in invariants:
        for name in invariant.names:
            if name not in names:
                there_are = ", ".join(sorted(names))
                raise ValueError(
                    f"no node is called {name!r}, so '{invariant.sentence}' says nothing; there are {there_are}"
                )
