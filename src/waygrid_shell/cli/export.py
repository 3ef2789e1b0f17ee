"""`waygrid export`: the journal of a traversal as one file."""

from typing import Final

from waygrid_shell.cli.mistake import OK
from waygrid_shell.cli.options import OutputOption, TraversalArgument
from waygrid_shell.cli.output import result_in_pieces
from waygrid_shell.cli.server import DEFAULTS, ServerOptions, ask
from waygrid_shell.client import WaygridClient

EXAMPLES: Final = """\
Examples:
  waygrid export 01JABCDEFGHJKMNPQRSTVWXYZ0 --output night.journal.json
  waygrid export 01JABCDEFGHJKMNPQRSTVWXYZ0 | gzip > night.journal.json.gz
"""


def export(
    traversal: TraversalArgument,
    /,
    *,
    output: OutputOption = None,
    options: ServerOptions = DEFAULTS,
) -> int:
    """Export the journal of a traversal, and of all that it began, with their DAGs, as one JSON document.

    It is enough to make every state again: `waygrid replay FILE` goes through it, without a server, and `waygrid
    import FILE` puts it into another one. It holds payloads and outputs as they are, and no secret.
    """

    async def work(client: WaygridClient) -> int:
        with result_in_pieces(output) as write:
            await client.save_journal(traversal, write)
            write(b"\n")
        return OK

    return ask(options, work)
