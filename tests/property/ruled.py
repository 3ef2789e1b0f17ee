"""Random Specs with conditions, join strategies and retry policies of a user's in them, and the stories that run in
them.
"""

from typing import Any, Final

from hypothesis import strategies as st

from tests.unit.extension.rules import RULES
from waygrid_core.compile.pipeline import compile_document
from waygrid_core.outcome import Failure
from waygrid_core.testing.data import Document
from waygrid_core.testing.documents import documents
from waygrid_core.testing.machine import traversal_machine
from waygrid_core.testing.stories import TRAVERSAL, Story, plots, tell

_CONDITIONS: Final[st.SearchStrategy[Document]] = st.one_of(
    st.builds(lambda key: {"type": "Even", "key": key}, st.sampled_from(["n", "a"])),
    st.builds(lambda says: {"type": "Odd", "says": says}, st.sampled_from([True, False, "raise", 1])),
)
_STRATEGIES: Final[st.SearchStrategy[Document]] = st.one_of(
    st.just({"type": "Majority"}),
    st.builds(lambda needed: {"type": "Weighted", "needed": needed, "weights": {}}, st.integers(1, 2)),
    st.builds(lambda name: {"type": "First", "branch": name}, st.sampled_from(["a", "b", "0"])),
    st.builds(lambda says: {"type": "OddJoin", "says": says}, st.sampled_from(["open", "raise", "perhaps"])),
)
_POLICIES: Final[st.SearchStrategy[Document]] = st.one_of(
    st.builds(lambda most: {"type": "PerCode", "otherwise": "1s", "most": most}, st.integers(1, 3)),
    st.builds(lambda how: {"type": "OddRetry", "how": how}, st.sampled_from(["backwards", "raise", "text"])),
)


@st.composite
def ruled_documents(draw: st.DrawFn, nodes: int = 12) -> Document:
    """Valid Specs in which users' rules stand for some of Waygrid's own, good ones and bad ones."""
    document = draw(documents(nodes, 1))
    for part in _parts_of(document):
        for name, rules in (("condition", _CONDITIONS), ("until", _CONDITIONS), ("strategy", _STRATEGIES)):
            if name in part and (name != "until" or part["type"] == "loop") and draw(st.booleans()):
                part[name] = draw(rules)
        if part.get("type") in ("standard", "call", "each", "loop") and draw(st.booleans()):
            part["retryPolicy"] = draw(_POLICIES)
        if part.get("type") == "Not" and draw(st.booleans()):
            part["cond"] = draw(_CONDITIONS)
    return document


def _parts_of(document: Any) -> list[Document]:
    """Every object in which a rule may stand; data is left as it is."""
    found: list[Document] = []
    waiting = [document]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            found.append(part)
            waiting.extend(value for name, value in part.items() if name not in _DATA)
        elif isinstance(part, list):
            waiting.extend(part)
    return found


_DATA: Final = frozenset({"input", "output", "parameters", "value", "over", "key", "code", "message"})


@st.composite
def ruled_stories(draw: st.DrawFn, max_moves: int = 25) -> Story:
    """Runs of such Specs, each to its end."""
    document = draw(ruled_documents())
    outcome = compile_document(document, extensions=RULES)
    assert not isinstance(outcome, Failure), outcome.failure()
    compiled = outcome.unwrap()
    return tell(draw(plots(max_moves)), document, compiled, traversal_machine(compiled.dag, TRAVERSAL))
