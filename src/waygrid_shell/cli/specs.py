"""From a file to a compiled DAG, or to everything that is wrong with it.

A file holds a Spec, or the flat JSON of a DAG (what `waygrid compile` prints), which is checked as strictly.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from waygrid_core.model.identifiers import DagHash
from waygrid_core.model.json_value import JsonValue
from waygrid_core.outcome import Failure, Outcome
from waygrid_core.spec.problem import SpecErrors
from waygrid_shell.cli.extensions_given import extensions_here
from waygrid_shell.cli.mistake import UserError
from waygrid_shell.cli.output import complain
from waygrid_shell.cli.places import lines_of, looks_like_json
from waygrid_shell.cli.source import Source, read_source

if TYPE_CHECKING:
    from waygrid_core.dag.dag import CompiledDag
    from waygrid_core.extension.registry import Extensions

MAX_FLAT_BYTES: Final = 64 * 1024 * 1024
"""A flat DAG says in full what a Spec says in short: one of 1 MiB may become several, and each body adds its own."""


def compile_source(
    source: Source, salt: str, dags: Mapping[DagHash, "CompiledDag"], extensions: "Extensions | None" = None
) -> Outcome["CompiledDag", SpecErrors]:
    """The DAG of the Spec, or of the flat DAG, that was read; with the extensions that are to be had here, or these."""
    extensions = extensions_here() if extensions is None else extensions
    flat = _flat_document(source)
    if flat is None:
        from waygrid_core.compile.pipeline import compile_text

        return compile_text(source.content, source.format, salt=salt, dags=dags, extensions=extensions)
    from waygrid_core.dag.flat import dag_from_json

    return dag_from_json(flat, extensions=extensions)


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


def problem_lines(source: Source, problems: SpecErrors, document: int = 1) -> list[str]:
    """`file:pointer: code: message`, a line a problem, with the line of its place where the document has it.

    `document` says which of several documents in one file it is.
    """
    is_json = source.format == "json" or (source.format == "auto" and looks_like_json(source.text))
    pointers = [problem.pointer for problem in problems]
    lines = lines_of(source.text, pointers, is_json=is_json, document=document)
    return [
        _one_line(f"{source.name}:{problem.pointer}: {problem.code}: {problem.message}")
        + (f" (line {lines[problem.pointer]})" if problem.pointer in lines else "")
        for problem in problems
    ]


def complain_of(source: Source, problems: SpecErrors) -> None:
    """Every problem, a line each, to standard error."""
    for line in problem_lines(source, problems):
        complain(line)


def _flat_document(source: Source) -> JsonValue:
    """The document, if it is that of a flat DAG; None, if it is a Spec's or cannot be read."""
    if b'"nodes"' not in source.content or b'"edges"' not in source.content:
        return None
    from waygrid_core.spec.document import read_json
    from waygrid_core.spec.limits import Limits

    read = read_json(source.content, Limits(document_bytes=MAX_FLAT_BYTES))
    if isinstance(read, Failure):
        return None
    document = read.unwrap()
    return document if isinstance(document, Mapping) and "nodes" in document and "edges" in document else None


def _one_line(text: str) -> str:
    return text.replace("\r", "\\r").replace("\n", "\\n")
