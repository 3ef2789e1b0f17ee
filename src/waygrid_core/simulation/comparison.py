"""What was expected against what was observed: every field that differs, and no more."""

from attrs import frozen

from waygrid_core.dag.dag import CompiledDag
from waygrid_core.model.json_value import JsonValue, Missing, json_equal
from waygrid_core.simulation.moment import write_span
from waygrid_core.simulation.naming import NameBook
from waygrid_core.simulation.observation import Observation
from waygrid_core.simulation.scenario import Expectation, Scenario
from waygrid_core.traversal.node_status import NOT_REACHED


@frozen
class Difference:
    """One field of `expect` that the run did not meet: as the scenario writes it, and as it was."""

    field: str
    expected: JsonValue
    actual: JsonValue


@frozen
class ScenarioResult:
    """How one scenario went. `warnings` are no failures: names that no node has, and the like."""

    name: str
    differences: tuple[Difference, ...]
    actual: Observation
    warnings: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the run met every expectation."""
        return not self.differences


def compare(scenario: Scenario, actual: Observation, compiled: CompiledDag | None) -> ScenarioResult:
    """The result of a scenario; `compiled` is None for a Spec that is invalid."""
    expect = scenario.expect
    differences = [*_compare_end(expect, actual), *_compare_nodes(expect, actual, compiled)]
    if expect.dispatched is not None and expect.dispatched != actual.dispatched:
        differences.append(Difference("dispatched", list(expect.dispatched), list(actual.dispatched)))
    if expect.elapsed is not None and expect.elapsed != actual.elapsed:
        differences.append(Difference("elapsed", write_span(expect.elapsed), write_span(actual.elapsed)))
    if expect.runs is not None and expect.runs != actual.runs:
        differences.append(Difference("runs", expect.runs, actual.runs))
    if actual.refused is not None:
        differences.append(Difference("entry", "a begin that is heard", actual.refused))
    return ScenarioResult(scenario.name, tuple(differences), actual, _warnings(scenario, actual, compiled))


def _compare_end(expect: Expectation, actual: Observation) -> list[Difference]:
    differences: list[Difference] = []
    if expect.status is not None and expect.status != actual.status:
        differences.append(Difference("status", expect.status, actual.status))
    codes: list[str] = sorted(problem.code for problem in actual.problems)
    if expect.errors is not None and sorted(expect.errors) != codes:
        differences.append(Difference("errors", sorted(expect.errors), [*codes]))
    if expect.error is not None and expect.error != actual.error:
        differences.append(Difference("error", expect.error, actual.error))
    if not isinstance(expect.output, Missing):
        if isinstance(actual.output, Missing):
            differences.append(Difference("output", expect.output, "(none)"))
        elif not json_equal(expect.output, actual.output):
            differences.append(Difference("output", expect.output, actual.output))
    return differences


def _compare_nodes(expect: Expectation, actual: Observation, compiled: CompiledDag | None) -> list[Difference]:
    differences: list[Difference] = []
    book = None if compiled is None else NameBook(compiled)
    for name, status in expect.nodes.items():
        observed = actual.nodes.get(name)
        if observed is None:
            observed = NOT_REACHED if book is not None and book.has(name) else "(no node has this name)"
        if observed != status:
            differences.append(Difference(f"nodes.{name}", status, observed))
    return differences


def _warnings(scenario: Scenario, actual: Observation, compiled: CompiledDag | None) -> tuple[str, ...]:
    warnings: list[str] = []
    if compiled is not None:
        book = NameBook(compiled)
        for where, names in (("outcomes", scenario.outcomes), ("known", scenario.known)):
            warnings.extend(f"{where}: no node is called {name!r}" for name in names if not book.has(name))
    if actual.is_cut_short:
        warnings.append(f"cut short after {actual.steps} steps")
    return tuple(warnings)
