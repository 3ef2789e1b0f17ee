"""Counter-examples of `waygrid verify` as scenario files, each run first, so that it says what really happens."""

from collections.abc import Iterator
from os.path import relpath
from pathlib import Path
from typing import Any

import yaml

from waygrid_core.history.status import scenario_status
from waygrid_core.simulation.observation import Observation
from waygrid_core.traversal.events import NodeDispatched
from waygrid_core.verify.findings import Finding, Verification
from waygrid_core.verify.levels import Level
from waygrid_core.verify.rehearsal import rehearse
from waygrid_core.verify.telling import tell_run
from waygrid_shell.cli.mistake import UserError
from waygrid_shell.cli.output import complain, write_result
from waygrid_shell.cli.scenario_trial import tried
from waygrid_shell.cli.source import STANDARD_INPUT, Source, why


def write_scenarios(source: Source, verification: Verification, folder: Path) -> None:
    """A file for each finding of the Spec itself that has a run, with what it says above it."""
    if source.name == STANDARD_INPUT:
        raise UserError("--save needs a file to name as the Spec of the scenarios; standard input has none")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot write to {folder}: {why(error)}") from error
    for number, (level, finding) in enumerate(_shown(verification), 1):
        path = folder / f"{Path(source.name).stem}-{finding.code}-{number}.scenarios.yaml"
        if not level.is_main:
            complain(
                f"waygrid: {finding.code} of {level.place.removesuffix('/')}: only runs of the Spec itself are saved"
            )
            continue
        write_result(_scenario(source, level, finding, path), str(path))
        complain(f"waygrid: wrote {path}")


def _shown(verification: Verification) -> Iterator[tuple[Level, Finding]]:
    return ((level, finding) for level, finding in verification.findings if finding.run)


def _scenario(source: Source, level: Level, finding: Finding, path: Path) -> str:
    """The file: the run as comments, and a scenario that expects what it led to when it was run just now."""
    document: dict[str, Any] = {
        "name": finding.sentence[:200],
        "spec": Path(relpath(source.name, path.parent)).as_posix(),
        **rehearse(level, finding.run),
    }
    observed = tried(source, document)
    remarks = [finding.sentence, "", *(f"{at}. {line}" for at, line in enumerate(tell_run(level, finding.run), 1))]
    if observed is None or not _goes_that_way(level, finding, observed):
        remarks += ["", "It needs data, a signal or an order of messages that is not known here: as near as it gets."]
    if observed is not None:
        document["expect"] = {"status": observed.status, "dispatched": list(observed.dispatched)}
    comments = "".join(f"# {line}".rstrip() + "\n" for line in "\n".join(remarks).splitlines())
    return comments + yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def _goes_that_way(level: Level, finding: Finding, observed: Observation) -> bool:
    """Whether it dispatches what the run dispatches, in that order, and ends as the run does."""
    dispatched = [
        level.title(event.node) for step in finding.run for event in step.events if isinstance(event, NodeDispatched)
    ]
    last = finding.run[-1].state
    is_same_end = not last.has_ended or observed.status == scenario_status(last.status)
    return list(observed.dispatched[: len(dispatched)]) == dispatched and is_same_end
