"""`waygrid schema`: the JSON Schema of Specs."""

import json
from typing import Annotated, Final

from cyclopts import Parameter

from waygrid_shell.cli.mistake import OK
from waygrid_shell.cli.output import write_result

EXAMPLES: Final = """\
Examples:
  waygrid schema > waygrid.schema.json

Then let your editor use it. For the YAML language server, as a first line of a Spec:
  # yaml-language-server: $schema=waygrid.schema.json
"""


def schema(
    *, output: Annotated[str | None, Parameter(name=["--output", "-o"], help="Write to this file.")] = None
) -> int:
    """Print the JSON Schema (2020-12) of Specs, for editors and other tools.

    It says what a Spec looks like, with the extensions that are installed or named in the settings. What needs the
    whole graph, such as a cycle or a branch that misses its join, only `waygrid validate` sees.
    """
    from waygrid_core.spec.schema import json_schema
    from waygrid_shell.cli.extensions_given import extensions_here

    write_result(json.dumps(json_schema(extensions_here()), indent=2, ensure_ascii=False), output)
    return OK
