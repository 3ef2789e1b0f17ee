"""The laws that every extension keeps, each a function over a few questions: what breaks it is said, or None."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial
from typing import Any, Final, TypeAlias

from attrs import evolve, frozen

from waygrid_core.extension.extension import Extension
from waygrid_core.extension.field_types import fields_of
from waygrid_core.extension.registry import Extensions, slot_of
from waygrid_core.model.canonical_json import canonical_json
from waygrid_core.spec.extended import read_extension, write_extension
from waygrid_core.spec.place import ROOT
from waygrid_core.spec.problem import ProblemSink
from waygrid_core.testing.impurity import listen
from waygrid_core.testing.questions import ChangedArgumentError, Question, ask, plain

RAISES_NOTHING: Final = "nothing is raised, and everything that is given is of its type"
LEAVES_ARGUMENTS: Final = "what an extension is given is left as it was"
"""Looked for whenever something is asked."""
ONLY_COMPUTES: Final = "an extension reads no clock, draws nothing, and looks at no machine"
ANSWERS_AGAIN: Final = "the same question gets the same answer"
KEEPS_NOTHING: Final = "an extension keeps nothing between calls"
IS_READ_BACK: Final = "the document of an extension gives it back"
IS_IN_THE_HASH: Final = "what makes a difference is part of the hash"
ENDS_A_NODE_ONCE: Final = "one signal ends a node at most once"


Answer: TypeAlias = Any


@frozen
class Probe:
    """An extension, one like it with a field changed (or the same again), and questions to both.

    `first` is what it said to the questions when they were asked for the first time; `None` where it raised.
    """

    extension: Extension
    other: Extension
    questions: tuple[Question, ...]
    first: tuple[Answer | None, ...] = ()


@frozen
class Fault:
    """How a law is broken: a sentence, and what was asked and said, line by line."""

    why: str
    lines: tuple[str, ...] = ()


@frozen
class ExtensionLaw:
    """A law by its name. `fault` says how a probe breaks it."""

    name: str
    fault: Callable[[Probe], Fault | None]


def first_asked(probe: Probe) -> Probe:
    """The probe with its first answers."""
    return evolve(probe, first=tuple(answer_or_none(probe.extension, question) for question in probe.questions))


def answer_or_none(extension: Extension, question: Question) -> Answer | None:
    """What it says, in the form of `plain`; None where it raises, or gives what it may not."""
    try:
        return plain(ask(extension, question))
    except Exception:  # it is the user's code, and the first law will say so
        return None


def said(question: Question, answer: Answer) -> str:
    """A line of what was asked and said."""
    return f"{question} gives {answer!r}"


def raises_nothing(probe: Probe) -> Fault | None:
    """Total: whatever it is asked, it says something of the right type."""
    for question in (*probe.questions, Question("preimage")):
        try:
            ask(probe.extension, question)
        except ChangedArgumentError:
            raise
        except Exception as error:  # it is the user's code
            return Fault(f"{question} raised {type(error).__name__}: {error}", (str(question),))
    return None


def only_computes(probe: Probe) -> Fault | None:
    """Pure: a replay in a year must give the same."""
    for question in probe.questions:
        answer, did = listen(partial(ask, probe.extension, question))
        if did is not None:
            return Fault(f"{question} {did}", (said(question, answer),))
    return None


def answers_again(probe: Probe) -> Fault | None:
    """Deterministic: at once, and after anything else was asked."""
    for question, before in reversed([*zip(probe.questions, probe.first, strict=True)]):
        again = ask(probe.extension, question)
        if plain(again) != before:
            return Fault(f"{question} gave another answer before", (said(question, again),))
    return None


def keeps_nothing(probe: Probe) -> Fault | None:
    """An instance and its class are after all questions as they were before."""
    kind = type(probe.extension)
    before = _everything_of(probe.extension)
    for question in probe.questions:
        ask(probe.extension, question)
        for name, value in _everything_of(probe.extension).items():
            if name not in before or not _is_same(before[name], value):
                return Fault(f"{question} changed {kind.__qualname__}.{name}", (str(question),))
    return None


def _everything_of(extension: Extension) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for owner in reversed(type(extension).__mro__[:-1]):
        for name, value in vars(owner).items():
            if not name.startswith("__") and not callable(value) and not hasattr(value, "__get__"):
                kept[name] = _copy(value)
    for field in fields_of(type(extension)):
        kept[field.attribute] = _copy(getattr(extension, field.attribute))
    return kept


def _copy(value: Any) -> Any:
    try:
        return deepcopy(value)
    except Exception:  # what cannot be copied is compared as itself
        return value


def _is_same(one: Any, other: Any) -> bool:
    try:
        return bool(one == other) or repr(one) == repr(other)
    except Exception:  # it is the user's code
        return one is other


def is_read_back(probe: Probe) -> Fault | None:
    """Documents and instances are one to one, and equal ones have one hash."""
    extension = probe.extension
    document = write_extension(extension)
    problems = ProblemSink()
    slot = slot_of(type(extension))
    read = read_extension(document, ROOT, problems, getattr(Extensions.of(type(extension)), slot), "an extension")
    for problem in problems.problems:
        return Fault(f"its document is not read: {problem.pointer}: {problem.message}")
    if read != extension:
        return Fault(f"its document gives {read!r}, which is not equal to {extension!r}")
    assert read is not None, "it was read without a problem"
    if canonical_json(read.preimage()) != canonical_json(extension.preimage()):
        return Fault("what its document gives has another hash", (said(Question("preimage"), read.preimage()),))
    return None


def is_in_the_hash(probe: Probe) -> Fault | None:
    """Two that decide differently somewhere have different preimages: else a stored DAG would change what it does."""
    one, other = probe.extension, probe.other
    if canonical_json(one.preimage()) != canonical_json(other.preimage()):
        return None
    for question in probe.questions:
        answers = [ask(each, question) for each in (one, other)]
        if plain(answers[0]) != plain(answers[1]):
            return Fault(
                f"{_difference(one, other)} decides, and is not in the preimage",
                (f"{one!r}: {said(question, answers[0])}", f"{other!r}: {said(question, answers[1])}"),
            )
    return None


def _difference(one: Extension, other: Extension) -> str:
    names = [
        field.name for field in fields_of(type(one)) if getattr(one, field.attribute) != getattr(other, field.attribute)
    ]
    return " and ".join(names) or "something besides its fields"


def laws_alone(extension: Extension) -> Iterator[ExtensionLaw]:
    """The laws of every extension, in the order in which they make sense: what raises cannot be asked twice."""
    yield ExtensionLaw(RAISES_NOTHING, raises_nothing)
    yield ExtensionLaw(ONLY_COMPUTES, only_computes)
    yield ExtensionLaw(KEEPS_NOTHING, keeps_nothing)
    yield ExtensionLaw(ANSWERS_AGAIN, answers_again)
    yield ExtensionLaw(IS_READ_BACK, is_read_back)
    yield ExtensionLaw(IS_IN_THE_HASH, is_in_the_hash)
