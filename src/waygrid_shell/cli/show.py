"""`waygrid show`: a traversal as it is."""

from typing import Final

from waygrid_shell.cli.mistake import OK
from waygrid_shell.cli.options import TraversalArgument
from waygrid_shell.cli.output import write_result
from waygrid_shell.cli.server import DEFAULTS, ServerOptions, ask, write_document
from waygrid_shell.cli.traversal_text import traversal_text
from waygrid_shell.client import WaygridClient

EXAMPLES: Final = """\
Examples:
  waygrid show 01JABCDEFGHJKMNPQRSTVWXYZ0
  waygrid show 01JABCDEFGHJKMNPQRSTVWXYZ0 --json | jq .output
"""


def show(
    traversal: TraversalArgument,
    /,
    *,
    options: ServerOptions = DEFAULTS,
) -> int:
    """Show a traversal: its status, its nodes with what each gave or why it failed, and what it waits for.

    Long values are cut; --json has all of them. Exits 0 whatever its status is, and 1 if there is none of that id.
    """

    async def work(client: WaygridClient) -> int:
        view = await client.get(traversal)
        if options.json:
            write_document(view)
        else:
            write_result(traversal_text(view))
        return OK

    return ask(options, work)
