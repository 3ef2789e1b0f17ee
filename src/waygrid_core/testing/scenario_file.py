"""The text of a scenario file for a story that broke a law, run first, so that it says what really happens."""

import json
from collections.abc import Sequence
from typing import Any, Final

from waygrid_core.dag.dag import CompiledDag
from waygrid_core.extension.calling import EXTENSION_ERROR
from waygrid_core.outcome import Failure
from waygrid_core.simulation.comparison import ScenarioResult, compare
from waygrid_core.simulation.reading import load_scenarios
from waygrid_core.simulation.runner import Simulation
from waygrid_core.testing.invariants import Violation
from waygrid_core.testing.law_broken import as_yaml
from waygrid_core.testing.stories import Step
from waygrid_core.testing.story_scenarios import Rehearsal, rehearse_story
from waygrid_core.testing.strategies import Example

_LONGEST_NAME: Final = 200


def scenario_file(
    law: str, violation: Violation, example: Example, steps: Sequence[Step], lines: Sequence[str], settings: str = ""
) -> str:
    """The story as comments, and a scenario that fails as the law does, where a scenario can say that.

    `steps` are those up to the one that broke the law, `lines` the same in words. `settings` are what `waygrid test`
    must be given for it.
    """
    rehearsal = rehearse_story(example.compiled, steps)
    scenario: dict[str, Any] = {"name": law[:_LONGEST_NAME], "spec": example.document, **rehearsal.fields}
    observed = _run({**scenario, "expect": {}}, example.compiled)
    scenario["expect"] = _expected(violation, rehearsal, observed)
    remarks = [
        f"The law '{law}' is broken: {violation.why}",
        "",
        *(f"{at}. {line}" for at, line in enumerate(lines, 1)),
    ]
    if rehearsal.unsaid:
        remarks += ["", f"A scenario cannot say: {', '.join(rehearsal.unsaid)}."]
    if settings:
        remarks += ["", f"Run it with: {settings}"]
    result = _run(scenario, example.compiled)
    if result is None or result.passed:
        remarks += ["", "It expects what happens: what the law says cannot be said as an expectation."]
    comments = "".join(f"# {line}".rstrip() + "\n" for line in remarks)
    return comments + as_yaml(scenario)


def _run(document: dict[str, Any], compiled: CompiledDag) -> ScenarioResult | None:
    """What the scenario leads to; None if it cannot be read."""
    loaded = load_scenarios(json.dumps(document).encode(), _no_file)
    if isinstance(loaded, Failure):
        return None
    scenario = loaded.unwrap()[0]
    return compare(scenario, Simulation(scenario, compiled).run(), compiled)


def _no_file(_: str) -> bytes:
    raise OSError("the Spec stands in the scenario")


def _expected(violation: Violation, rehearsal: Rehearsal, observed: ScenarioResult | None) -> dict[str, Any]:
    """What should have been: without the dispatch that was one too many, or with the one that was missing."""
    if violation.missing is not None and observed is not None:
        return {"dispatched": [*observed.actual.dispatched, violation.missing]}
    if violation.excess is not None:
        dispatched = [*rehearsal.dispatched]
        last = len(dispatched) - 1 - dispatched[::-1].index(violation.excess)
        return {"dispatched": dispatched[:last] + dispatched[last + 1 :]}
    if observed is None:
        return {}
    if observed.actual.error == EXTENSION_ERROR:
        return {"status": "completed"}  # whatever else it should be
    return {"status": observed.actual.status, "dispatched": list(observed.actual.dispatched)}
