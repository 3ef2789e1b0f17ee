"""From a file to a compiled DAG, or to everything that is wrong with it.

A file holds a Spec, or the flat JSON of a DAG (what `waygrid compile` prints), which is checked as strictly.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from waygrid_core.model.identifiers import DagHash
from waygrid_core.model.json_value import JsonValue
from waygrid_core.outcome import Failure, Outcome
from waygrid_core.spec.problem import SpecErrors
from waygrid_shell.cli.mistake import UserError
from waygrid_shell.cli.output import complain
from waygrid_shell.cli.places import lines_of, looks_like_json
from waygrid_shell.cli.source import Source, read_source

if TYPE_CHECKING:
    from waygrid_core.dag.dag import CompiledDag


def compile_source(
    source: Source, salt: str, dags: Mapping[DagHash, "CompiledDag"]
) -> Outcome["CompiledDag", SpecErrors]:
    """The DAG of the Spec, or of the flat DAG, that was read."""
    from waygrid_core.compile.pipeline import compile_document
    from waygrid_core.dag.flat import dag_from_json

    document = _document_of(source)
    if isinstance(document, Failure):
        return document
    value = document.unwrap()
    if _is_flat(value):
        return dag_from_json(value)
    return compile_document(value, salt=salt, dags=dags)


def compiled_dags(names: Sequence[str]) -> dict[DagHash, "CompiledDag"]:
    """The DAGs of the files given with `--dag`, and their bodies, by hash. Raises `UserError` for a wrong one."""
    from waygrid_core.dag.dag import CompiledDag

    dags: dict[DagHash, CompiledDag] = {}
    for name in names:
        source = read_source(name)
        outcome = compile_source(source, "", dags)
        if isinstance(outcome, Failure):
            complain_of(source, outcome.failure())
            raise UserError(f"{name}, given with --dag, is not right")
        compiled = outcome.unwrap()
        dags[compiled.dag.hash] = compiled
        for body_hash, body in compiled.bodies.items():
            dags.setdefault(body_hash, CompiledDag(dag=body, bodies=compiled.bodies))
    return dags


def problem_lines(source: Source, problems: SpecErrors) -> list[str]:
    """`file:pointer: code: message`, a line a problem, with the line of its place where the document has it."""
    is_json = source.format == "json" or (source.format == "auto" and looks_like_json(source.text))
    lines = lines_of(source.text, (problem.pointer for problem in problems), is_json=is_json)
    return [
        _one_line(f"{source.name}:{problem.pointer}: {problem.code}: {problem.message}")
        + (f" (line {lines[problem.pointer]})" if problem.pointer in lines else "")
        for problem in problems
    ]


def complain_of(source: Source, problems: SpecErrors) -> None:
    """Every problem, a line each, to standard error."""
    for line in problem_lines(source, problems):
        complain(line)


def _document_of(source: Source) -> Outcome[JsonValue, SpecErrors]:
    from waygrid_core.spec.document import read_json, read_yaml

    from waygrid_core.spec.limits import DEFAULT_LIMITS

    is_json = source.format == "json" or (source.format == "auto" and looks_like_json(source.text))
    return read_json(source.content, DEFAULT_LIMITS) if is_json else read_yaml(source.content, DEFAULT_LIMITS)


def _is_flat(document: JsonValue) -> bool:
    return isinstance(document, Mapping) and "nodes" in document and "edges" in document


def _one_line(text: str) -> str:
    return text.replace("\r", "\\r").replace("\n", "\\n")
