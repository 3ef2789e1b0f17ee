"""A Spec as it would run, in virtual time, against scripted outcomes: what `waygrid test` does with a scenario file.

Everything here is decided by the machines that decide for real (`traversal`, `children`, `inbox`); this room adds a
world around them, as a value: workers that answer as a script says, timers, messages in a queue, and a clock that jumps
from one due thing to the next. So a scenario of days runs in milliseconds, and the same file gives the same run.

    outcome = load_scenarios(text, load)             # a file: one or more scenarios
    result = run_scenario(outcome.unwrap()[0])
    result.passed, result.differences, result.actual

Reading order: `scenario` (what a file says), `reading` (from text to that), `naming` (where names stand); the parts
of a `world`: `agenda` (time and what is due), `post` (messages), `family` (traversals), `script` and `workers`,
`events`, `trace`; `machines` (what they hear and ask for), `delivery` (what a message does), `runner` (what comes
when); `observation` (what a run was like), `comparison` (observed against expected), `report` (for people).
"""

from waygrid_core.simulation.comparison import Difference, ScenarioResult
from waygrid_core.simulation.observation import Observation
from waygrid_core.simulation.reading import ScenarioProblem, load_scenarios
from waygrid_core.simulation.report import report_line, report_result
from waygrid_core.simulation.runner import run_scenario
from waygrid_core.simulation.scenario import Scenario

__all__ = [
    "Difference",
    "Observation",
    "Scenario",
    "ScenarioProblem",
    "ScenarioResult",
    "load_scenarios",
    "report_line",
    "report_result",
    "run_scenario",
]
