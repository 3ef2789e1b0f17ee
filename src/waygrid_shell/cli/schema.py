"""`waygrid schema`: the JSON Schema of Specs, and of workloads."""

import json
from typing import Annotated, Any, Final, Literal

from cyclopts import Parameter

from waygrid_shell.cli.mistake import OK
from waygrid_shell.cli.options import OutputOption
from waygrid_shell.cli.output import write_result

EXAMPLES: Final = """\
Examples:
  waygrid schema > waygrid.schema.json
  waygrid schema workload > waygrid-workload.schema.json

Then let your editor use it. For the YAML language server, as a first line of a Spec:
  # yaml-language-server: $schema=waygrid.schema.json
"""


def schema(
    what: Annotated[
        Literal["spec", "workload"], Parameter(help="Of what: Specs, or the workloads of `waygrid simulate`.")
    ] = "spec",
    /,
    *,
    output: OutputOption = None,
) -> int:
    """Print the JSON Schema (2020-12) of Specs, or of workloads, for editors and other tools.

    It says what a Spec looks like, with the extensions that are installed or named in the settings. What needs the
    whole graph, such as a cycle or a branch that misses its join, only `waygrid validate` sees.
    """
    write_result(json.dumps(_SCHEMAS[what](), indent=2, ensure_ascii=False), output)
    return OK


def _of_specs() -> dict[str, Any]:
    from waygrid_core.spec.schema import json_schema
    from waygrid_shell.cli.extensions_given import extensions_here

    return json_schema(extensions_here())


def _of_workloads() -> dict[str, Any]:
    from waygrid_shell.simulation.workload.schema import workload_schema

    return workload_schema()


_SCHEMAS: Final = {"spec": _of_specs, "workload": _of_workloads}
