"""`waygrid test`: scenarios, run in virtual time."""

import errno
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from waygrid_core.outcome import Failure
from waygrid_shell.cli.discovery import discover
from waygrid_shell.cli.junit import Case, junit_xml
from waygrid_shell.cli.mistake import FAILED, OK, UserError
from waygrid_shell.cli.output import write_result
from waygrid_shell.cli.source import STANDARD_INPUT, Source

EXAMPLES: Final = """\
Examples:
  waygrid test scenarios/
  waygrid test order.scenarios.yaml --verbose
  waygrid test scenarios/ --junit report.xml
"""


def run_scenarios(
    *files: Annotated[str, Parameter(help="Scenario files, or directories to search for them; `-` is standard input.")],
    junit: Annotated[str | None, Parameter(help="Write the results to this file, as JUnit XML.")] = None,
    verbose: Annotated[bool, Parameter(name=["--verbose", "-v"], negative="", help="Show what happened too.")] = False,
) -> int:
    """Run scenarios: Specs in virtual time, against scripted outcomes. Hours pass in milliseconds.

    A scenario is a YAML or JSON document with a `spec` and an `expect`; a file may hold several, separated by `---`.
    Directories are searched for such files. Each scenario is a line; what one that failed did instead is shown below
    it. Exits 1 if any failed.
    """
    if not files:
        raise UserError("which FILE? Name scenario files or a directory. Try: waygrid test --help")
    discovery = discover(files)
    cases: list[Case] = []
    for source in discovery.sources:
        cases.extend(_run_file(source, verbose))
    if not cases:
        raise UserError(f"no scenario in {', '.join(files)}: a scenario has a `spec` and an `expect`", FAILED)
    if junit is not None:
        write_result(junit_xml(cases), junit)
    failed = sum(1 for case in cases if case.differences)
    write_result(f"{len(cases) - failed} passed, {failed} failed")
    return FAILED if failed else OK


def _run_file(source: Source, verbose: bool) -> list[Case]:
    from waygrid_core.simulation import load_scenarios, run_scenario
    from waygrid_core.simulation.report import report_result, report_trace
    from waygrid_shell.cli.extensions_given import extensions_here
    from waygrid_shell.cli.specs import problem_lines

    loaded = load_scenarios(source.content, _loader(source))
    if isinstance(loaded, Failure):
        faults = loaded.failure()
        lines = [line for fault in faults for line in problem_lines(source, (fault.problem,), fault.document)]
        case = Case(source.name, "not a scenario file", 0.0, tuple(lines))
        _show(case, lines)
        return [case]
    cases: list[Case] = []
    for scenario in loaded.unwrap():
        begun = time.perf_counter()
        result = run_scenario(scenario, extensions=extensions_here())
        remarks = [line.removeprefix("     ") for line in report_result(result).splitlines()[1:]]
        differences = () if result.passed else tuple(remarks)
        case = Case(source.name, result.name, time.perf_counter() - begun, differences)
        _show(case, [*remarks, *(report_trace(result).splitlines() if verbose else ())])
        cases.append(case)
    return cases


def _show(case: Case, remarks: Sequence[str]) -> None:
    lines = [f"{'FAIL' if case.differences else 'ok  '} {case.file}: {case.name}"]
    lines.extend(f"     {remark}" for remark in remarks)
    write_result("\n".join(lines))


def _loader(source: Source) -> Callable[[str], bytes]:
    """Reads the Specs that a scenario names: relative to its file, or to where we are for standard input."""
    folder = Path() if source.name == STANDARD_INPUT else Path(source.name).parent

    def load(name: str) -> bytes:
        try:
            return (folder / name).read_bytes()
        except ValueError as error:
            raise OSError(errno.EINVAL, "no file can have that name") from error

    return load
