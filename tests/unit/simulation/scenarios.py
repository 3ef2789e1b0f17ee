"""Scenarios for tests, from YAML: a body of `name`, `spec` and the rest; `expect` may be left out."""

from waygrid_core.model.json_value import JsonValue
from waygrid_core.outcome import Failure
from waygrid_core.simulation import Observation, ScenarioResult, load_scenarios, run_scenario


def load_nothing(path: str) -> bytes:
    """The files beside a scenario that stands alone: there are none."""
    raise FileNotFoundError(2, "no such file", path)


def result_of(text: str) -> ScenarioResult:
    """The result of the one scenario that `text` writes."""
    if "expect:" not in text:
        text += "\nexpect: {}"
    scenarios = load_scenarios(text.encode(), load_nothing)
    assert not isinstance(scenarios, Failure), scenarios.failure()
    (scenario,) = scenarios.unwrap()
    result = run_scenario(scenario)
    assert result == run_scenario(scenario)
    return result


def observe(text: str) -> Observation:
    """What the scenario's run was like."""
    return result_of(text).actual


def names_dispatched(text: str) -> list[str]:
    """Which nodes were dispatched, in order."""
    return list(observe(text).dispatched)


def output_of(text: str) -> JsonValue:
    """The output of a scenario that completes."""
    observed = observe(text)
    assert observed.status == "completed", observed
    assert not isinstance(observed.output, type(None)) or observed.output is None
    return observed.output  # type: ignore[return-value]
