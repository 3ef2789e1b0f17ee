"""What the machine asks extensions, as data: a question can be asked twice, in another order, and in another process.

A question about a conversation (a node kind's answers, a guard's transitions) tells it from its beginning, so that what
an extension remembers is what it came to remember.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import product
from typing import Any, Final, TypeAlias

from attrs import frozen
from hypothesis import reject
from hypothesis import strategies as st

from waygrid_core.compile.pipeline import compile_document
from waygrid_core.extension.answers import Ask, Done, Refuse, Stop
from waygrid_core.extension.calling import json_fault
from waygrid_core.extension.extension import (
    ConditionRule,
    Extension,
    Guard,
    JoinRule,
    NodeKind,
    RetryRule,
    SignalKind,
)
from waygrid_core.extension.look import End, EndBranches, FailNode, Look, SucceedNode
from waygrid_core.extension.tally import VERDICTS, Tally
from waygrid_core.model.address import ServiceAddress
from waygrid_core.model.json_value import JsonValue
from waygrid_core.testing import values
from waygrid_core.testing.extension_values import NAMES
from waygrid_core.testing.machine import traversal_machine
from waygrid_core.testing.moves import Answered, BranchesCanceled, Fired, Move, Reply, Started, Told
from waygrid_core.testing.stories import TRAVERSAL, Plot, tell
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.events import Event

FEWEST_BRANCHES: Final = 2
MAX_BRANCHES: Final = 5
CODES: Final = ("failed", "timeout", "upstream", "http-503", "http-404", "no-route")


@frozen
class Question:
    """A method of an extension, and what it is given.

    `given` is what the words say it is given; for `heard` and `watch`, everything from the beginning.
    """

    method: str
    given: tuple[Any, ...] = ()

    def __str__(self) -> str:
        return f"{self.method}({', '.join(map(_shown, self.given))})"


@frozen
class WrongTypeError(Exception):
    """An extension gave what the machine cannot take."""

    what: str

    def __str__(self) -> str:
        return self.what


@frozen
class ChangedArgumentError(Exception):
    """An extension wrote to what it was given."""

    what: str

    def __str__(self) -> str:
        return self.what


def ask(extension: Extension, question: Question) -> Any:
    """What the extension says.

    Raises `WrongTypeError` for what is of no right type, `ChangedArgumentError` for an argument that is no longer what
    it was, and whatever the extension raises.
    """
    before = plain(question.given)
    if question.method != "watch":  # events are frozen
        question = deepcopy(question)
    answer = _asked(extension, question)
    if plain(question.given) != before:
        raise ChangedArgumentError(f"{question.method} made {question} of what it was given")
    fault = _FAULTS[question.method](answer)
    if fault is not None:
        raise WrongTypeError(f"{question.method} gave {fault}")
    return answer


def _asked(extension: Extension, question: Question) -> Any:
    asked = getattr(extension, question.method)
    match question.method:
        case "judge":
            return asked(Tally.of(question.given[0]))
        case "heard":
            return _converse(extension, *question.given)  # type: ignore[arg-type]
        case "parameters":
            assert isinstance(extension, NodeKind)
            return asked(_begun(extension, question.given[0]), question.given[0])
        case "watch":
            return _watched(extension, question.given[0])  # type: ignore[arg-type]
        case "address" | "signal":
            return asked
        case _:
            return asked(*question.given)


def _converse(kind: NodeKind, given: JsonValue, answers: Sequence[JsonValue]) -> Any:
    """What the kind says to the last of these answers, or to an earlier one that ends it."""
    memory = _begun(kind, given)
    said: Any = None
    for answer in answers:
        said = _unchanged(kind.heard, memory, answer)
        if _heard_fault(said) is not None or not isinstance(said, Ask):
            break
        memory = said.memory
    return said


def _watched(guard: Guard, transitions: Sequence[tuple[Sequence[object], datetime]]) -> Any:
    memory: Any = _begun(guard)
    for events, now in transitions:
        memory = _unchanged(guard.watch, memory, events, now)
        if _watch_fault(memory) is not None or isinstance(memory, Stop):
            break
    return memory


def _begun(extension: NodeKind | Guard, *given: JsonValue) -> Any:
    """What it remembers at first, if that can be remembered."""
    memory = extension.start(*given)
    fault = _json_fault(memory)
    if fault is not None:
        raise WrongTypeError(f"start gave {fault}")
    return memory


def _unchanged(method: Callable[..., Any], memory: Any, *others: Any) -> Any:
    """What the method says, if it leaves the memory as it was."""
    before = plain(memory)
    said = method(memory, *others)
    if plain(memory) != before:
        raise ChangedArgumentError(f"{method.__name__} made {memory!r} of the memory that it was given")
    return said


def plain(value: Any) -> Any:
    """An answer in a form in which equal answers are equal: objects by key, types told apart."""
    if isinstance(value, Mapping):
        return ("object", sorted((str(key), plain(member)) for key, member in value.items()))
    if isinstance(value, list | tuple):
        return ("list", [plain(item) for item in value])
    if isinstance(value, Ask | Done | Refuse | Stop):
        return (type(value).__name__, [plain(part) for part in _parts(value)])
    return repr(value)


def _parts(value: Ask | Done | Refuse | Stop) -> tuple[Any, ...]:
    match value:
        case Ask(memory=memory):
            return (memory,)
        case Done(output=output):
            return (output,)
        case Refuse(code=code, message=message) | Stop(code=code, message=message):
            return (code, message)


# --- what an answer must be -------------------------------------------------------------------------------------------


def _is(type_: type, article: str) -> Callable[[Any], str | None]:
    return lambda answer: None if type(answer) is type_ else f"{_kind_of(answer)}, not {article}"


def _json_fault(answer: Any) -> str | None:
    fault = json_fault(answer)
    return None if fault is None else f"what is no JSON: {fault}"


def _verdict_fault(answer: Any) -> str | None:
    is_verdict = isinstance(answer, str) and answer in VERDICTS
    return None if is_verdict else f"{_kind_of(answer)}, not one of {', '.join(sorted(VERDICTS))}"


def _delay_fault(answer: Any) -> str | None:
    return None if answer is None or isinstance(answer, timedelta) else f"{_kind_of(answer)}, not a timedelta or None"


def _text_fault(answer: Any) -> str | None:
    return None if answer is None or isinstance(answer, str) else f"{_kind_of(answer)}, not a text or None"


def _heard_fault(answer: Any) -> str | None:
    match answer:
        case None:
            return None  # nobody answered
        case Done(output=output):
            return _json_fault(output)
        case Ask(memory=memory):
            return _json_fault(memory)
        case Refuse() | Stop():
            return _error_fault(answer)
        case _:
            return f"{_kind_of(answer)}, not Done, Refuse or Ask"


def _watch_fault(answer: Any) -> str | None:
    return _error_fault(answer) if isinstance(answer, Stop) else _json_fault(answer)


def _error_fault(answer: Refuse | Stop) -> str | None:
    texts: tuple[object, object] = (answer.code, answer.message)
    return (
        None
        if all(isinstance(text, str) for text in texts) and answer.code
        else "an error whose code or message is no text"
    )


def _parameters_fault(answer: Any) -> str | None:
    return _json_fault(answer) if isinstance(answer, Mapping) else f"{_kind_of(answer)}, not an object of parameters"


def _actions_fault(answer: Any) -> str | None:
    if isinstance(answer, str) or not isinstance(answer, Sequence):
        return f"{_kind_of(answer)}, not a list of actions"
    for action in answer:
        if not isinstance(action, SucceedNode | FailNode | EndBranches | End):
            return f"{_kind_of(action)} among the actions"
        if isinstance(action, SucceedNode) and (fault := _json_fault(action.output)) is not None:
            return fault
    return None


def _kind_of(answer: Any) -> str:
    return f"{type(answer).__name__} ({_shown(answer)})"


_FAULTS: Final[Mapping[str, Callable[[Any], str | None]]] = {
    "holds": _is(bool, "true or false"),
    "judge": _verdict_fault,
    "fits": _text_fault,
    "delay": _delay_fault,
    "address": _is(ServiceAddress, "a ServiceAddress"),
    "signal": _text_fault,
    "start": _json_fault,
    "parameters": _parameters_fault,
    "heard": _heard_fault,
    "handle": _actions_fault,
    "watch": _watch_fault,
    "preimage": _json_fault,
}


# --- questions of each kind -------------------------------------------------------------------------------------------


def questions_for(extension: Extension, answers: st.SearchStrategy[JsonValue]) -> st.SearchStrategy[Question]:
    """Questions that the machine might ask it; `answers` are what outputs, answers and data are drawn from."""
    match extension:
        case ConditionRule():
            return answers.map(lambda output: Question("holds", (output,)))
        case JoinRule():
            return branches_for(extension).map(lambda branches: Question("judge", (branches,)))
        case RetryRule():
            draws = st.sampled_from((0.0, 0.25, 0.5, 0.999))
            return st.builds(lambda *given: Question("delay", given), _attempts, st.sampled_from(CODES), draws)
        case NodeKind():
            conversations = st.tuples(answers, st.lists(answers, max_size=4).map(tuple))
            return st.one_of(
                conversations.map(lambda given: Question("heard", given)),
                answers.map(lambda given: Question("parameters", (given,))),
                st.sampled_from((Question("address"), Question("signal"))),
            )
        case SignalKind():
            return st.tuples(_looks, answers).map(lambda given: Question("handle", given))
        case Guard():
            return _transitions().map(lambda given: Question("watch", (given,)))
        case _:
            raise AssertionError(f"{extension!r} is of no kind")


@st.composite
def branches_for(draw: st.DrawFn, rule: JoinRule) -> dict[str, Any]:
    """Branches that fit the rule, and how they stand. A rule that fits none of a few is not asked at all."""
    fitting = counts_that_fit(rule)
    if not fitting:
        reject()
    names = NAMES[: draw(st.sampled_from(fitting))]
    return {name: draw(st.sampled_from(("left", "succeeded", "lost"))) for name in names}


def counts_that_fit(rule: JoinRule) -> list[int]:
    """How many branches, of those called a, b, c, ..., suit it."""
    return [count for count in range(FEWEST_BRANCHES, MAX_BRANCHES + 1) if rule.fits(NAMES[:count]) is None]


_attempts: Final = st.one_of(st.integers(1, 5), st.integers(1, 100))
_looks: Final = st.builds(
    Look,
    nodes=st.dictionaries(
        st.sampled_from(("first", "second", "ready")),
        st.sampled_from(("running", "waiting", "succeeded", "failed", "timed-out", "canceled", "not-reached")),
    ),
    payload=values.records,
)

_WATCHED: Final[dict[str, Any]] = {
    "entryPoints": [
        {
            "type": "fork",
            "joinNodeId": "ready",
            "branches": {
                name: {
                    "type": "standard",
                    "id": name,
                    "address": "waygrid://processor/a",
                    "timeout": "1m",
                    "retryPolicy": {"type": "Linear", "base": "5s", "maxRetries": 2},
                }
                for name in ("first", "second")
            },
            "join": {"type": "join", "joinNodeId": "ready", "strategy": {"type": "Or"}},
        }
    ]
}
"""A Spec whose transitions have events of many kinds."""

_WATCHED_MOVES: Final[tuple[tuple[Move, ...], ...]] = (
    (),
    (Told("pause"), Answered(0, {"n": 2}, 90), Told("unpause")),
    (Answered(0, ErrorDetail("upstream", "boom"), 1), Fired(0, 0), Answered(1, {}, 0)),
    (BranchesCanceled(0, 1), Answered(0, {}, 0)),
    (Started(0), Told("cancel")),
)
_WATCHED_REPLIES: Final[tuple[Reply, ...]] = ({"text": "a"}, ErrorDetail("failed"))

Transitions: TypeAlias = tuple[tuple[tuple[Event, ...], datetime], ...]


@lru_cache(maxsize=1)
def _transitions() -> st.SearchStrategy[Transitions]:
    """Beginnings of runs that could happen, each transition with its events and its instant."""
    compiled = compile_document(_WATCHED).unwrap()
    beginnings: list[Transitions] = []
    for moves, reply, fires_first in product(_WATCHED_MOVES, _WATCHED_REPLIES, (False, True)):
        plot = Plot({"n": 1}, 0, (), 1, (), moves, (reply,), fires_first)
        story = tell(plot, _WATCHED, compiled, traversal_machine(compiled.dag, TRAVERSAL))
        made = [(step.decided.events, step.now) for step in story.steps if step.decided is not None]
        told = tuple((events, now) for events, now in made if events)
        beginnings += [told[:length] for length in range(1, len(told) + 1)]
    return st.sampled_from(sorted(beginnings, key=len))


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 160 else f"{text[:159]}…"
