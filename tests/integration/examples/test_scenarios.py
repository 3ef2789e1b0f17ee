"""Every scenario of the repository runs as its file says."""

from collections import Counter
from pathlib import Path

import pytest

from tests.integration.examples.scenario_files import EXTENSIONS, REPOSITORY, all_scenarios, scenario_files
from waygrid_core.simulation import Scenario, run_scenario
from waygrid_core.spec.problem import PROBLEM_CODES

SCENARIOS = dict(all_scenarios())


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_runs_as_its_file_says(name: str) -> None:
    result = run_scenario(SCENARIOS[name], extensions=EXTENSIONS)
    assert result.passed, "\n".join(map(str, result.differences))


def test_every_scenario_has_a_name_of_its_own() -> None:
    counted = Counter(name for name, _ in all_scenarios())
    assert [name for name, times in counted.items() if times > 1] == []


def test_every_example_has_scenarios() -> None:
    tested = {path.name.removesuffix(".scenarios.yaml") for path in scenario_files() if path.match("*.scenarios.yaml")}
    examples = {path.stem for path in _example_specs()}
    assert examples
    assert examples <= tested


def test_every_code_that_a_document_can_have_has_a_scenario() -> None:
    seen = {code for scenario in SCENARIOS.values() for code in scenario.expect.errors or ()}
    # A tree of nodes cannot say the first three, faults of a hand-made DAG. The rest are limits whose documents
    # are too large to keep in a file; tests make those.
    elsewhere = {
        "unreachable-node", "several-always", "dangling-edge",
        "too-large", "too-many-nodes", "too-many-branches", "too-many-conditions",
    }  # fmt: skip
    assert seen == PROBLEM_CODES - elsewhere


def _example_specs() -> list[Path]:
    found = [*REPOSITORY.glob("examples/*.yaml"), *REPOSITORY.glob("examples/*/*.yaml")]
    return [path for path in found if not path.name.endswith(".scenarios.yaml") and path.name != "load.yaml"]


def test_there_are_scenarios_for_every_topic() -> None:
    assert len(SCENARIOS) > 400
    assert all(isinstance(scenario, Scenario) for scenario in SCENARIOS.values())
