"""The laws of an extension, as a function to call and as a test class to inherit.

    check_extension(Majority)

    class TestMajority(ExtensionLaws):
        extension = Majority

Three parts: the extension alone (questions that the machine might ask it), in another process, and in small Specs that
are run in many ways, with whatever it does wrong let be heard.
"""

from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from waygrid_core.compile.pipeline import compile_document
from waygrid_core.extension.extension import Extension
from waygrid_core.extension.field_types import fields_of
from waygrid_core.extension.registry import Extensions
from waygrid_core.model.json_value import JsonValue
from waygrid_core.outcome import Failure
from waygrid_core.testing import values
from waygrid_core.testing.checking import FEWEST_STORIES, MAX_MOVES, answers_for, hold, words_for
from waygrid_core.testing.elsewhere import answers_elsewhere, can_be_imported
from waygrid_core.testing.extended_documents import documents_with
from waygrid_core.testing.extension_laws import (
    LEAVES_ARGUMENTS,
    RAISES_NOTHING,
    ExtensionLaw,
    Fault,
    Probe,
    answer_or_none,
    first_asked,
    laws_alone,
    said,
)
from waygrid_core.testing.extension_values import instances_of
from waygrid_core.testing.invariants import Invariant
from waygrid_core.testing.judging import breach_of
from waygrid_core.testing.law_broken import Breach, LawBroken
from waygrid_core.testing.moves import replies
from waygrid_core.testing.questions import ChangedArgumentError, Question, ask, plain, questions_for
from waygrid_core.testing.rule_laws import laws_of_kind
from waygrid_core.testing.stories import Plot, plots
from waygrid_core.testing.strategies import Example

GIVES_THE_SAME_ELSEWHERE: Final = "another process gives the same"
STANDS_IN_A_SPEC: Final = "a Spec with the extension compiles"

_MOST_QUESTIONS: Final = 6
_PROBES_ELSEWHERE: Final = 100

Instances = st.SearchStrategy[Extension]


def check_extension(
    extension: type[Extension] | Extensions,
    *,
    instances: Instances | None = None,
    answers: st.SearchStrategy[JsonValue] | None = None,
    invariants: Sequence[Invariant] = (),
    settings: settings | None = None,
) -> None:
    """Hold every law against an extension, or each of several. Raises `LawBroken` for the first that is broken.

    `instances` are drawn from the annotations of its fields, unless they are given; `answers` (small JSON values, if
    they are not given) are what outputs, answers and data are made of: give some that mean something to the extension.
    `invariants` are held against the runs of small Specs that it stands in, whose nodes are named in the guide.
    """
    for kind in _kinds(extension):
        check_alone(kind, instances=instances, answers=answers, settings=settings)
        check_elsewhere(kind, instances=instances, answers=answers)
        check_in_specs(kind, instances=instances, answers=answers, invariants=invariants, settings=settings)


def check_alone(
    kind: type[Extension],
    *,
    instances: Instances | None = None,
    answers: st.SearchStrategy[JsonValue] | None = None,
    settings: settings | None = None,
) -> None:
    """The first part: pure, deterministic, total, in its document and in its hash; and the laws of its kind."""
    hold(_probes(kind, instances, answers), _breach_alone, settings)


def check_elsewhere(
    kind: type[Extension],
    *,
    instances: Instances | None = None,
    answers: st.SearchStrategy[JsonValue] | None = None,
) -> None:
    """The second part: a process of its own, where texts hash otherwise, gives the same answers.

    Nothing is checked of a class that another process cannot import: one within a function, or of a script.
    """
    if not can_be_imported(kind):
        return
    asked = _collected(_probes(kind, instances, answers))
    found = answers_elsewhere(kind, asked)
    differing = [
        (extension, question)
        for (extension, question), answer in zip(asked, found, strict=True)
        if plain(ask(extension, question)) != answer
    ]
    if differing:
        extension, question = min(differing, key=lambda each: len(repr(each)))
        fault = Fault(f"{question} is answered differently there", (said(question, ask(extension, question)),))
        raise LawBroken(_breach(GIVES_THE_SAME_ELSEWHERE, fault, extension))


def check_in_specs(
    kind: type[Extension],
    *,
    instances: Instances | None = None,
    answers: st.SearchStrategy[JsonValue] | None = None,
    invariants: Sequence[Invariant] = (),
    settings: settings | None = None,
) -> None:
    """The third part: the laws of the machine in Specs that it stands in, whatever happens to their runs."""
    extensions = Extensions.of(kind)
    drawn = _runs(_instances(kind, instances), extensions, answers)
    hold(drawn, lambda run, law: breach_of(*run, invariants, law, extensions), settings, FEWEST_STORIES // 2)


class ExtensionLaws:
    """A test class to inherit: `class TestMajority(ExtensionLaws): extension = Majority`."""

    extension: ClassVar[type[Extension] | Extensions]
    """What is tested: a class, or several."""
    instances: ClassVar[Instances | None] = None
    """What its instances are drawn from; by default the annotations of its fields."""
    answers: ClassVar[st.SearchStrategy[JsonValue] | None] = None
    """What outputs, answers and data are drawn from; by default small JSON values."""
    invariants: ClassVar[Sequence[Invariant]] = ()
    """What is held against the runs of Specs besides."""

    def test_it_is_pure_total_and_in_its_hash(self) -> None:
        """Alone."""
        for kind in _kinds(self.extension):
            check_alone(kind, instances=self.instances, answers=self.answers)

    def test_another_process_gives_the_same(self) -> None:
        """Elsewhere."""
        for kind in _kinds(self.extension):
            check_elsewhere(kind, instances=self.instances, answers=self.answers)

    def test_the_machine_keeps_its_laws_with_it(self) -> None:
        """In Specs."""
        for kind in _kinds(self.extension):
            check_in_specs(kind, instances=self.instances, answers=self.answers, invariants=self.invariants)


def _kinds(extension: type[Extension] | Extensions) -> tuple[type[Extension], ...]:
    """The classes; whatever no document could mean is a `ValueError`, as when they are given to a reader."""
    return extension.classes if isinstance(extension, Extensions) else Extensions.of(extension).classes


def _instances(kind: type[Extension], instances: Instances | None) -> Instances:
    return instances_of(kind) if instances is None else instances


# --- alone ------------------------------------------------------------------------------------------------------------


@st.composite
def _probes(
    draw: st.DrawFn, kind: type[Extension], instances: Instances | None, answers: st.SearchStrategy[JsonValue] | None
) -> Probe:
    strategy = _instances(kind, instances)
    extension = draw(strategy)
    asked = questions_for(extension, values.json_values if answers is None else answers)
    questions = draw(st.lists(asked, min_size=1, max_size=_MOST_QUESTIONS).map(tuple))
    return Probe(extension, _one_like(draw, extension, draw(strategy)), questions)


def _one_like(draw: st.DrawFn, extension: Extension, model: Extension) -> Extension:
    """The extension with one field as the model has it; itself, if it has none, or its class does not take that."""
    own = fields_of(type(extension))
    if not own:
        return extension
    changed = draw(st.sampled_from(own))
    arguments = {field.argument: getattr(model if field is changed else extension, field.attribute) for field in own}
    try:
        return type(extension)(**arguments)
    except (ValueError, TypeError):
        return extension


def _breach_alone(probe: Probe, only: str | None) -> Breach | None:
    probe = first_asked(probe)
    for law in _laws(probe.extension):
        if only in (None, law.name, RAISES_NOTHING, LEAVES_ARGUMENTS):
            fault = _fault(law, probe)
            if fault is not None:
                return fault
    return None


def _laws(extension: Extension) -> Iterator[ExtensionLaw]:
    yield from laws_alone(extension)
    yield from laws_of_kind(extension)


def _fault(law: ExtensionLaw, probe: Probe) -> Breach | None:
    try:
        fault = law.fault(probe)
    except ChangedArgumentError as error:
        return _breach(LEAVES_ARGUMENTS, Fault(str(error)), probe.extension)
    except Exception as error:  # it is the user's code
        fault = Fault(f"it raised {type(error).__name__}: {error}", tuple(map(str, probe.questions)))
        return _breach(RAISES_NOTHING, fault, probe.extension)
    return None if fault is None else _breach(law.name, fault, probe.extension)


def _breach(law: str, fault: Fault, extension: Extension) -> Breach:
    return Breach(law, fault.why, extension=repr(extension), story=fault.lines)


# --- elsewhere --------------------------------------------------------------------------------------------------------


def _collected(probes: st.SearchStrategy[Probe]) -> list[tuple[Extension, Question]]:
    asked: list[tuple[Extension, Question]] = []

    @settings(max_examples=_PROBES_ELSEWHERE, database=None, deadline=None, derandomize=True)
    @given(probes)
    def collect(probe: Probe) -> None:
        asked.extend(
            (probe.extension, question)
            for question in (*probe.questions[:2], Question("preimage"))
            if answer_or_none(probe.extension, question) is not None  # what raises is for the first part to tell
        )

    collect()
    return asked


# --- in Specs ---------------------------------------------------------------------------------------------------------


@st.composite
def _runs(
    draw: st.DrawFn, instances: Instances, extensions: Extensions, answers: st.SearchStrategy[JsonValue] | None
) -> tuple[Example, Plot]:
    document = draw(documents_with(draw(instances)))
    compiled = compile_document(document, extensions=extensions)
    if isinstance(compiled, Failure):
        why = "; ".join(f"{problem.pointer}: {problem.message}" for problem in compiled.failure())
        raise LawBroken(Breach(law=STANDS_IN_A_SPEC, why=why, document=document))
    possible = answers_for(compiled.unwrap().dag) if answers is None else st.one_of(answers, replies)
    says = words_for(compiled.unwrap().dag, values.json_values if answers is None else answers)
    return Example(document, compiled.unwrap()), draw(plots(MAX_MOVES, answers=possible, says=says))
