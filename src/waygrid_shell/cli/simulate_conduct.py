"""What `waygrid simulate` does: compiles, reads the workload, runs, shows."""

import gc
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

from attrs import evolve, frozen

from waygrid_core.dag.dag import CompiledDag
from waygrid_core.model.duration import parse_duration
from waygrid_core.outcome import Failure
from waygrid_shell.cli.mistake import FAILED, OK, UserError
from waygrid_shell.cli.output import complain, write_result
from waygrid_shell.cli.simulate_report import Took, as_text
from waygrid_shell.cli.source import read_source
from waygrid_shell.cli.specs import compile_source, compiled_dags, complain_of
from waygrid_shell.simulation.workload.description import DEFAULT_FAULTS, MOST_PROCESSES, Workload
from waygrid_shell.simulation.workload.document import document_of
from waygrid_shell.simulation.workload.plot import draw_plot
from waygrid_shell.simulation.workload.reading import read_workload
from waygrid_shell.simulation.workload.running import Standing, simulate
from waygrid_shell.simulation.workload.spans import span_text

_TOLD_AFTER_SECONDS: Final = 2.0
"""Whoever waits longer is told how far it is."""
_TOLD_EVERY_SECONDS: Final = 5.0
_COLLECTED_AFTER: Final = 50_000
"""Values between two collections of the young: states and messages that are in use are not looked at all the time."""


@frozen(kw_only=True)
class Request:
    """The command line of `waygrid simulate`, as its help says."""

    specs: Sequence[str]
    workload: str | None
    seed: int
    duration: str | None
    processes: int | None
    faults: bool
    format: Literal["text", "json"]
    output: str | None
    plot: str | None
    dags: Sequence[str]


def conduct(request: Request) -> int:
    """Carry it out; the exit code. Raises `UserError` for what is wrong with what was given."""
    seconds = _check(request)
    compiled = _compiled(request)
    workload = _workload(request, compiled, seconds)
    if workload.unsaid:
        unsaid = ", ".join(workload.unsaid)
        complain(f"waygrid: the workload says nothing of {unsaid}: taken as usual, see --help")
    began = time.monotonic()
    gc.freeze()
    gc.set_threshold(_COLLECTED_AFTER, 20, 50)
    figures = simulate(compiled, workload, request.seed, _Progress().tell)
    took = Took(time.monotonic() - began, figures.traversals.handed_in, figures.attempts)
    if request.format == "json":
        document = {**document_of(figures), "took": took.document}
        write_result(json.dumps(document, indent=2, ensure_ascii=False), request.output)
    else:
        write_result(as_text(figures, took), request.output)
    if request.plot is not None:
        write_result(draw_plot(figures, f"{', '.join(compiled)} under {request.workload}"), request.plot)
    for sentence in figures.wrong:
        complain(f"waygrid: {sentence}")
    return FAILED if figures.wrong else OK


def _check(request: Request) -> float | None:
    """What can be said before any file is read; the duration in seconds."""
    if not request.specs:
        raise UserError("which Spec? Give --spec FILE, once or more. Try: waygrid simulate --help")
    if request.workload is None:
        raise UserError("under which load? Give --workload FILE. Try: waygrid simulate --help")
    if request.plot is not None and Path(request.plot).suffix != ".svg":
        raise UserError(f"--plot {request.plot}: name a file that ends in .svg")
    if request.processes is not None and not 1 <= request.processes <= MOST_PROCESSES:
        raise UserError(f"--processes {request.processes}: write 1 to {MOST_PROCESSES}")
    if request.duration is None:
        return None
    duration = parse_duration(request.duration)
    if isinstance(duration, Failure):
        raise UserError(f"--duration: {duration.failure()}")
    return duration.unwrap().total_seconds()


def _compiled(request: Request) -> Mapping[str, CompiledDag]:
    """The Specs by the names of their files, without what these end in. Raises `UserError` once all is told."""
    dags = compiled_dags(list(request.dags))
    found: dict[str, CompiledDag] = {}
    wrong = []
    for file in request.specs:
        source = read_source(file)
        name = Path(file).stem
        if name in found:
            raise UserError(f"two Specs are called {name}: a workload could not tell them apart; rename one file")
        outcome = compile_source(source, "", dags)
        if isinstance(outcome, Failure):
            complain_of(source, outcome.failure())
            wrong.append(file)
        else:
            found[name] = outcome.unwrap()
    if wrong:
        raise UserError(f"{', '.join(wrong)}: not right; nothing was run", FAILED)
    return found


def _workload(request: Request, compiled: Mapping[str, CompiledDag], seconds: float | None) -> Workload:
    assert request.workload is not None, "it was checked"
    source = read_source(request.workload)
    outcome = read_workload(source.content, compiled, source.format)
    if isinstance(outcome, Failure):
        complain_of(source, outcome.failure())
        raise UserError(f"{source.name} is not right; nothing was run", FAILED)
    workload = outcome.unwrap()
    if seconds is not None:
        workload = evolve(workload, seconds=seconds, drain_seconds=max(seconds, workload.drain_seconds))
    if request.processes is not None:
        workload = evolve(workload, platform=evolve(workload.platform, processes=request.processes))
    if request.faults and not workload.faults:
        workload = evolve(workload, faults=DEFAULT_FAULTS)
    return workload


class _Progress:
    """Says now and then how far it is, to whoever watches standard error."""

    def __init__(self) -> None:
        self._next = time.monotonic() + _TOLD_AFTER_SECONDS

    def tell(self, standing: Standing) -> None:
        """See `simulate`."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _TOLD_EVERY_SECONDS
        if standing.at < standing.seconds:
            how_far = f"{span_text(standing.at)} of {span_text(standing.seconds)} simulated"
        else:
            how_far = f"all is handed in, {span_text(standing.at - standing.seconds)} since"
        sys.stderr.write(
            f"waygrid: {how_far}, {standing.handed_in} traversals handed in, {standing.under_way} under way\n"
        )
