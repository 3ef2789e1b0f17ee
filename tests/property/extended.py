"""Random Specs with a user's node kinds, guards and signals in them, and the stories that run in them."""

from typing import Any, Final

from hypothesis import strategies as st

from tests.unit.traversal.extensions import EXTENSIONS
from waygrid_core.compile.pipeline import compile_document
from waygrid_core.outcome import Failure
from waygrid_core.testing.data import Document
from waygrid_core.testing.documents import documents
from waygrid_core.testing.machine import traversal_machine
from waygrid_core.testing.moves import Move, Reply, Said, moves_with, replies
from waygrid_core.testing.stories import TRAVERSAL, Plot, Story, plots, tell

_NOT_OF_A_KIND: Final = ("address", "parameters")
_BAD: Final = ("start", "parameters", "answer", "memory")


@st.composite
def extended_documents(draw: st.DrawFn, nodes: int = 12, *, guards: bool = True) -> Document:
    """Valid Specs in which users' kinds stand for some services, with signals, and perhaps with guards."""
    document = draw(documents(nodes, 1))
    for number, node in enumerate(_standard_nodes(document)):
        node.setdefault("id", f"said-{number}")  # what is said is said of nodes with ids
        if draw(st.booleans()):
            for name in _NOT_OF_A_KIND:
                node.pop(name, None)
            node.update(draw(_kinds()))
    document["signals"] = [{"type": "Do"}]
    if guards and draw(st.booleans()):
        document["guards"] = draw(st.lists(_guards(), min_size=1, max_size=3))
    return document


def _kinds() -> st.SearchStrategy[Document]:
    polls = st.builds(lambda needed: {"type": "Poll", "needed": needed}, st.integers(1, 3))
    hears = st.just({"type": "Hears", "event": "it"})
    odd = st.builds(lambda wrong: {"type": "Odd", "wrong": wrong}, st.sampled_from(_BAD))
    return st.one_of(polls, polls, polls, hears, odd)


def _guards() -> st.SearchStrategy[Document]:
    budgets = st.builds(lambda most: {"type": "Budget", "most": most}, st.integers(0, 8))
    odd = st.builds(lambda at: {"type": "OddGuard", "at": at}, st.integers(0, 20))
    return st.one_of(budgets, budgets, odd)


def _standard_nodes(document: Any) -> list[Document]:
    """Every standard node of the Spec and of its bodies."""
    found: list[Document] = []
    waiting = [document]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if part.get("type") == "standard" and "address" in part:
                found.append(part)
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
    return found


@st.composite
def extended_stories(draw: st.DrawFn, max_moves: int = 25, *, guards: bool = True) -> Story:
    """Runs of such Specs, each to its end."""
    document = draw(extended_documents(guards=guards))
    outcome = compile_document(document, extensions=EXTENSIONS)
    assert not isinstance(outcome, Failure), outcome.failure()
    compiled = outcome.unwrap()
    names = sorted(compiled.dag.author_ids.values()) or ["nobody"]
    plot = draw(_plots(names, sorted(compiled.dag.forks) or ["no-fork"], max_moves))
    return tell(plot, document, compiled, traversal_machine(compiled.dag, TRAVERSAL))


def _plots(names: list[str], forks: list[str], max_moves: int) -> st.SearchStrategy[Plot]:
    answers: st.SearchStrategy[Reply] = st.one_of(st.sampled_from(("yes", "yes", "no", "hm")), replies)
    usual = moves_with(answers)
    said = _said(names, forks)
    move = st.sampled_from((usual, usual, said)).flatmap(lambda chosen: chosen)
    moves = st.sampled_from((max_moves // 3, max_moves)).flatmap(
        lambda least: st.lists(move, min_size=least, max_size=max_moves)
    )
    settling = st.lists(answers, min_size=1, max_size=3)
    return st.builds(
        lambda plot, moves, replies: Plot(
            plot.payload, plot.entry, plot.known, plot.run, plot.before, tuple(moves), tuple(replies), plot.fires_first
        ),
        plots(0),
        moves,
        settling,
    )


_WHAT: Final = ("succeed",) * 6 + ("fail", "branches", "end", "nonsense")


def _said(names: list[str], forks: list[str]) -> st.SearchStrategy[Move]:
    action = st.builds(
        lambda what, node, fork, first: {
            "succeed": ["succeed", node, {"n": 1}],
            "fail": ["fail", node, "said"],
            "branches": ["branches", fork, ["a", "b"][first:]],
            "end": ["end", "enough"],
        }.get(what),
        st.sampled_from(_WHAT),
        st.sampled_from(names),
        st.sampled_from(forks),
        st.integers(0, 1),
    )
    return st.builds(Said, st.just(0), st.lists(action, min_size=1, max_size=3))
