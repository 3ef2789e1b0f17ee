"""What `waygrid verify` does: compiles, looks for a verdict that is known, explores, shows, saves."""

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from attrs import frozen

from waygrid_core.dag.dag import CompiledDag
from waygrid_core.dag.drawing import draw_mermaid
from waygrid_core.dag.inner import compiled_inside
from waygrid_core.dag.svg import draw_svg
from waygrid_core.model.identifiers import DagHash, NodeId
from waygrid_core.outcome import Failure
from waygrid_core.verify.explore import Step
from waygrid_core.verify.findings import Finding, Verification
from waygrid_core.verify.levels import Level
from waygrid_core.verify.report import document_of
from waygrid_core.verify.verification import verify
from waygrid_shell.cli.mistake import FAILED, OK, USAGE, UserError
from waygrid_shell.cli.output import complain, write_result
from waygrid_shell.cli.source import Source, read_source
from waygrid_shell.cli.specs import compile_source, compiled_dags, complain_of
from waygrid_shell.cli.verify_cache import VerdictCache
from waygrid_shell.cli.verify_report import Checked, as_json, as_sarif, as_text
from waygrid_shell.cli.verify_scenarios import write_scenarios

_TOLD_AFTER_SECONDS: Final = 2.0
"""Whoever waits longer is told how far it is."""

_TOLD_EVERY_SECONDS: Final = 5.0


@frozen(kw_only=True)
class Request:
    """The command line of `waygrid verify`, as its help says."""

    files: Sequence[str]
    format: Literal["text", "json", "sarif"]
    output: str | None
    save: str | None
    picture: str | None
    strict: bool
    budget: int
    seed: int
    every_order: bool
    cache: bool
    dags: Sequence[str]


def conduct(request: Request) -> int:
    """Carry it out; the exit code. Raises `UserError` for what is wrong with what was given."""
    _check(request)
    dags = compiled_dags(list(request.dags))
    checked = [_checked(name, request, dags) for name in request.files]
    match request.format:
        case "json":
            text = as_json(checked)
        case "sarif":
            text = as_sarif(checked)
        case "text":
            text = as_text(checked)
    if text:
        write_result(text, request.output)
    if any(each.unreadable for each in checked):
        return USAGE
    return FAILED if any(each.is_bad(strict=request.strict) for each in checked) else OK


def _check(request: Request) -> None:
    if not request.files:
        raise UserError("which FILE? Name one or more, or `-` for standard input. Try: waygrid verify --help")
    if request.budget < 1:
        raise UserError(f"--budget {request.budget}: at least one state is explored; give a number above 0")
    if request.picture is not None and Path(request.picture).suffix not in _DRAWINGS:
        raise UserError(f"--picture {request.picture}: name a file that ends in {' or '.join(_DRAWINGS)}")


def _checked(name: str, request: Request, dags: Mapping[DagHash, CompiledDag]) -> Checked:
    try:
        source = read_source(name)
    except UserError as mistake:
        complain(f"waygrid: {mistake.sentence}")
        return Checked(name=name, unreadable=mistake.sentence)
    outcome = compile_source(source, "", dags)
    if isinstance(outcome, Failure):
        if request.format == "text":
            complain_of(source, outcome.failure())
        return Checked(name=name, problems=outcome.failure())
    return Checked(name=name, report=_report(source, outcome.unwrap(), request))


def _report(source: Source, compiled: CompiledDag, request: Request) -> Mapping[str, Any]:
    """The verdict as a document: a known one, if nothing but that is wanted."""
    cache = VerdictCache.here() if request.cache else None
    wants_runs = request.save is not None or request.picture is not None
    key = f"{request.budget}/{request.seed}/{request.every_order}"
    if cache is not None and not wants_runs and (known := cache.find(compiled, key)) is not None:
        return known
    progress = _Progress(source.name)
    verification = verify(
        compiled, budget=request.budget, seed=request.seed, every_order=request.every_order, tell=progress.tell
    )
    document = document_of(verification)
    if cache is not None:
        cache.keep(compiled, key, document)
    if request.save is not None:
        write_scenarios(source, verification, Path(request.save))
    if request.picture is not None:
        _draw(verification, request.picture)
    return document


class _Progress:
    """Says now and then how far it is, to whoever watches standard error."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._next = time.monotonic() + _TOLD_AFTER_SECONDS

    def tell(self, level: Level, states: int) -> None:
        """See `verify`."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _TOLD_EVERY_SECONDS
            place = f" {level.place.removesuffix('/')}" if level.place else ""
            sys.stderr.write(f"waygrid: {self._name}{place}: {states} states so far\n")


_DRAWINGS: Final = {".svg": draw_svg, ".mmd": draw_mermaid}


def _draw(verification: Verification, path: str) -> None:
    """The graph with the first run that shows something; as it is, if none does."""
    first = next(((level, finding) for level, finding in verification.findings if finding.run), None)
    level = verification.reports[0].level if first is None else first[0]
    marked = frozenset() if first is None else _passed(first[1])
    compiled = compiled_inside(level.compiled, level.dag.hash)
    assert compiled is not None, "a level is a DAG of what was compiled"
    write_result(_DRAWINGS[Path(path).suffix](compiled, marked), path)


def _passed(finding: Finding) -> frozenset[NodeId]:
    """The nodes that a run came by."""
    return frozenset(node for step in finding.run for node in _nodes(step))


def _nodes(step: Step) -> Sequence[NodeId]:
    named = (getattr(event, "node", None) or getattr(event, "fork", None) for event in step.events)
    return [node for node in named if node is not None]
