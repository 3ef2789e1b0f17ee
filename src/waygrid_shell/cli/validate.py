"""`waygrid validate`: whether Specs are right, and everything that is wrong."""

import json
from typing import Annotated, Final, Literal

from attrs import frozen
from cyclopts import Parameter

from waygrid_core.outcome import Failure
from waygrid_core.spec.problem import SpecErrors
from waygrid_shell.cli.mistake import FAILED, OK, USAGE, UserError
from waygrid_shell.cli.options import DagOption
from waygrid_shell.cli.output import complain, write_result
from waygrid_shell.cli.source import Source, read_source

EXAMPLES: Final = """\
Examples:
  waygrid validate order.yaml
  waygrid validate specs/*.yaml --format json
  generate-spec | waygrid validate -
"""


@frozen
class Verdict:
    """What is wrong with one file; nothing, if it is right. `unreadable` says why it could not even be read."""

    source: Source
    problems: SpecErrors
    unreadable: str = ""


def validate(
    *files: Annotated[str, Parameter(help="Specs, JSON or YAML; `-` is standard input.")],
    format: Annotated[Literal["text", "json"], Parameter(help="Lines for people, or JSON for programs.")] = "text",  # noqa: A002 # the option's name
    dag: DagOption = None,
) -> int:
    """Say whether Specs are right, and everything that is wrong with them.

    Each problem is one line, `file:pointer: code: message`, the pointer as in RFC 6901. As JSON: a list of
    {file, valid, errors: [{code, pointer, message}]}; the code of a file that cannot be read is `unreadable`. A flat
    DAG, as `waygrid compile` prints it, is checked as well.
    Exits 1 if any file is wrong, and 2 if any cannot be read.
    """
    if not files:
        raise UserError("which FILE? Name one or more, or `-` for standard input. Try: waygrid validate --help")
    from waygrid_shell.cli.specs import compile_source, compiled_dags

    dags = compiled_dags(dag or [])
    verdicts: list[Verdict] = []
    for name in files:
        try:
            source = read_source(name)
        except UserError as mistake:
            complain(f"waygrid: {mistake.sentence}")
            verdicts.append(Verdict(Source(name, b"", "auto"), (), unreadable=mistake.sentence))
            continue
        outcome = compile_source(source, "", dags)
        verdicts.append(Verdict(source, outcome.failure() if isinstance(outcome, Failure) else ()))
    match format:
        case "json":
            write_result(_as_json(verdicts))
        case "text":
            _print(verdicts)
    if any(verdict.unreadable for verdict in verdicts):
        return USAGE
    return FAILED if any(verdict.problems for verdict in verdicts) else OK


def _as_json(verdicts: list[Verdict]) -> str:
    document = [
        {
            "file": verdict.source.name,
            "valid": not (verdict.problems or verdict.unreadable),
            "errors": _errors(verdict),
        }
        for verdict in verdicts
    ]
    return json.dumps(document, indent=2, ensure_ascii=False)


def _errors(verdict: Verdict) -> list[dict[str, str]]:
    if verdict.unreadable:
        return [{"code": "unreadable", "pointer": "", "message": verdict.unreadable}]
    return [
        {"code": problem.code, "pointer": problem.pointer, "message": problem.message} for problem in verdict.problems
    ]


def _print(verdicts: list[Verdict]) -> None:
    from waygrid_shell.cli.specs import complain_of

    for verdict in verdicts:
        if verdict.unreadable:
            continue
        if verdict.problems:
            complain_of(verdict.source, verdict.problems)
        else:
            write_result(f"{verdict.source.name}: valid")
