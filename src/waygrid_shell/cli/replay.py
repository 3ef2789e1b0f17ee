"""`waygrid replay`: a traversal as it was."""

from typing import Annotated, Final

from cyclopts import Parameter

from waygrid_shell.cli.mistake import OK, UserError
from waygrid_shell.cli.output import write_result
from waygrid_shell.cli.server import DEFAULTS, ServerOptions, ask, write_document
from waygrid_shell.cli.traversal_text import traversal_text
from waygrid_shell.client import WaygridClient

EXAMPLES: Final = """\
Examples:
  waygrid replay 01JABCDEFGHJKMNPQRSTVWXYZ0 --at 3
  waygrid replay 01JABCDEFGHJKMNPQRSTVWXYZ0 --at 3 --json | jq '.nodes[] | {name, status}'
"""


def replay(
    traversal: Annotated[str, Parameter(name="ID", help="The traversal.")],
    /,
    *,
    at: Annotated[int, Parameter(help="How many of its events are to have happened; `waygrid history` counts them.")],
    options: ServerOptions = DEFAULTS,
) -> int:
    """Show a traversal as it was after its event number N: made again from the journal, by the machine that ran it."""
    if at < 0:
        raise UserError(f"--at {at}: write 0 or more")

    async def work(client: WaygridClient) -> int:
        view = await client.get(traversal, at=at)
        if options.json:
            write_document(view)
        else:
            write_result(traversal_text(view))
        return OK

    return ask(options, work)
