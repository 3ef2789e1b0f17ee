"""Tells one story with whatever an extension does wrong let be heard, and holds the laws against it."""

from collections.abc import Sequence
from datetime import datetime

from attrs import evolve

from waygrid_core.extension.calling import ExtensionBroken, strictly
from waygrid_core.extension.registry import NO_EXTENSIONS, Extensions
from waygrid_core.outcome import Outcome
from waygrid_core.testing.extension_laws import RAISES_NOTHING
from waygrid_core.testing.invariants import Invariant, Violation
from waygrid_core.testing.law_broken import Breach
from waygrid_core.testing.machine import Decided, MachineStep, traversal_machine
from waygrid_core.testing.scenario_file import scenario_file
from waygrid_core.testing.stories import TRAVERSAL, Plot, Step, tell
from waygrid_core.testing.story_laws import laws_of
from waygrid_core.testing.strategies import Example
from waygrid_core.testing.telling import tell_story
from waygrid_core.traversal.effects import Effect
from waygrid_core.traversal.events import Event
from waygrid_core.traversal.signals import Signal
from waygrid_core.traversal.state import TraversalState


def breach_of(
    example: Example,
    plot: Plot,
    invariants: Sequence[Invariant],
    only: str | None = None,
    extensions: Extensions = NO_EXTENSIONS,
) -> Breach | None:
    """How the story of `plot` breaks a law (`only` that one, if it is said); None if it keeps them all."""
    machine = traversal_machine(example.compiled.dag, TRAVERSAL)
    steps: list[Step] = []
    asked: list[tuple[TraversalState, Signal, datetime]] = []

    def decide(
        state: TraversalState, signal: Signal, now: datetime
    ) -> Outcome[Decided[TraversalState, Event, Effect], object]:
        asked[:] = [(state, signal, now)]
        return machine.decide(state, signal, now)

    broken: tuple[str, Violation] | None = None
    try:
        with strictly():
            story = tell(plot, example.document, example.compiled, evolve(machine, decide=decide), steps.append)
            steps = [*story.steps]
            for law in laws_of(story, invariants):
                violation = law.breach(story) if only in (None, RAISES_NOTHING, law.name) else None
                if violation is not None:
                    broken = (law.name, violation)
                    break
    except Exception as error:  # the seam: an extension's code may raise anything, and that is what is looked for
        if not asked:
            raise
        raised: Step = MachineStep(*asked[0], None)
        steps = [*steps[: _place(steps, raised)], raised]
        broken = (RAISES_NOTHING, Violation(len(steps) - 1, _why(error)))
    return None if broken is None else _breach(*broken, example, steps, extensions)


def _place(steps: Sequence[Step], raised: Step) -> int:
    """Which step it was: a law asks again what a story asked."""
    for index, step in enumerate(steps):
        if step.before == raised.before and step.signal == raised.signal:
            return index
    return len(steps)


def _why(error: Exception) -> str:
    return str(error) if isinstance(error, ExtensionBroken) else f"the machine raises {type(error).__name__}: {error}"


def _breach(law: str, violation: Violation, example: Example, steps: Sequence[Step], extensions: Extensions) -> Breach:
    until = steps[: violation.step + 1]
    lines = tell_story(example.compiled, until)
    return Breach(
        law,
        violation.why,
        document=example.document,
        story=lines,
        scenario=scenario_file(law, violation, example, until, lines, _settings(extensions)),
    )


def _settings(extensions: Extensions) -> str:
    """What `waygrid test` must be given to know them."""
    names = [f"{kind.__module__}:{kind.__qualname__}" for kind in extensions.classes]
    return f"WAYGRID_EXTENSIONS={','.join(names)}" if names else ""
