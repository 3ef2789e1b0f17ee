"""`waygrid compile`: the DAG of a Spec, as flat JSON."""

from typing import Annotated, Final

from cyclopts import Parameter

from waygrid_core.outcome import Failure
from waygrid_shell.cli.mistake import FAILED, OK
from waygrid_shell.cli.options import DagOption, OutputOption
from waygrid_shell.cli.output import write_result
from waygrid_shell.cli.source import read_source

EXAMPLES: Final = """\
Examples:
  waygrid compile order.yaml
  waygrid compile order.yaml --output order.dag.json
  waygrid compile parent.yaml --dag order.dag.json
  waygrid compile order.yaml | jq -r .hash
"""


def compile_file(
    file: Annotated[str, Parameter(help="A Spec, JSON or YAML; `-` is standard input.")],
    /,
    *,
    salt: Annotated[str, Parameter(help="Goes into the hash and the ids of nodes: another salt, another DAG.")] = "",
    dag: DagOption = None,
    output: OutputOption = None,
) -> int:
    """Compile a Spec to its DAG, and print it as JSON: hash, entryPoints, nodes, edges, bodies, annotations.

    Equal hashes mean equal behaviour: labels, descriptions, key order and the order of branches do not change a hash.
    If the Spec is wrong, its problems go to standard error, and the exit code is 1.
    """
    from waygrid_core.dag.flat import dag_to_json
    from waygrid_core.spec.write import write_json_text
    from waygrid_shell.cli.specs import compile_source, compiled_dags, complain_of

    source = read_source(file)
    outcome = compile_source(source, salt, compiled_dags(dag or []))
    if isinstance(outcome, Failure):
        complain_of(source, outcome.failure())
        return FAILED
    write_result(write_json_text(dag_to_json(outcome.unwrap()), indent=2), output)
    return OK
