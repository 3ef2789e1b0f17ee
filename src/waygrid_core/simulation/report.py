"""What people read about a scenario's result."""

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Final

from waygrid_core.model.json_value import JsonValue, is_json_array
from waygrid_core.simulation.comparison import Difference, ScenarioResult
from waygrid_core.simulation.moment import write_span
from waygrid_core.spec.write import write_json_text

_SHORT: Final = 60  # characters that stand well beside each other on one line


def report_line(result: ScenarioResult) -> str:
    """One line: whether it passed, and its name."""
    return f"{'ok  ' if result.passed else 'FAIL'} {result.name}"


def report_result(result: ScenarioResult) -> str:
    """The line; of a failure also what differs, and what is wrong with its Spec; warnings always."""
    return "\n".join([report_line(result), *(f"     {line}" for line in _details(result))])


def report_trace(result: ScenarioResult) -> str:
    """What happened, line by line, and what came of it."""
    actual = result.actual
    lines = [f"{write_span(line.at):>10}  {line.text}" for line in actual.trace]
    lines.append(f"status: {actual.status}" + (f" ({actual.error}: {actual.error_message})" if actual.error else ""))
    lines.append(f"elapsed: {write_span(actual.elapsed)}, runs: {actual.runs}")
    lines.append(f"dispatched: {', '.join(actual.dispatched)}")
    lines.extend(f"{name}: {status}" for name, status in actual.nodes.items())
    return "\n".join(lines)


def _details(result: ScenarioResult) -> Iterator[str]:
    for difference in result.differences:
        yield from _difference_lines(difference)
    if not result.passed:
        for problem in result.actual.problems:
            yield f"the Spec: {problem.pointer or '/'}: {problem.code}: {problem.message}"
        if result.actual.error_message:
            yield f"the error: {result.actual.error}: {result.actual.error_message}"
    for warning in result.warnings:
        yield f"warning: {warning}"


def _difference_lines(difference: Difference) -> Iterator[str]:
    expected, actual = difference.expected, difference.actual
    if isinstance(expected, list) and isinstance(actual, list) and _are_texts(expected) and _are_texts(actual):
        yield f"{difference.field}:"
        yield from _list_lines([str(item) for item in expected], [str(item) for item in actual])
        return
    written, observed = _write(expected), _write(actual)
    if len(written) + len(observed) <= _SHORT:
        yield f"{difference.field}: expected {written}, was {observed}"
    else:
        yield f"{difference.field}:"
        yield f"  - {written}"
        yield f"  + {observed}"


def _list_lines(expected: list[str], actual: list[str]) -> Iterator[str]:
    """A diff: `-` was expected, `+` was there instead."""
    for tag, from_start, from_end, to_start, to_end in SequenceMatcher(
        a=expected, b=actual, autojunk=False
    ).get_opcodes():
        if tag == "equal":
            yield from (f"    {item}" for item in expected[from_start:from_end])
        else:
            yield from (f"  - {item}" for item in expected[from_start:from_end])
            yield from (f"  + {item}" for item in actual[to_start:to_end])


def _are_texts(value: JsonValue) -> bool:
    return is_json_array(value) and isinstance(value, list) and all(isinstance(item, str) for item in value)


def _write(value: JsonValue) -> str:
    return value if isinstance(value, str) else write_json_text(value)
