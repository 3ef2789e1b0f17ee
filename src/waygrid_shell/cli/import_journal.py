"""`waygrid import`: an exported journal, to be looked at on another server."""

from typing import Annotated, Final

from cyclopts import Parameter

from waygrid_core.codec.json_bytes import read_json
from waygrid_shell.cli.mistake import OK, UserError
from waygrid_shell.cli.output import write_result
from waygrid_shell.cli.server import DEFAULTS, ServerOptions, ask, write_document
from waygrid_shell.cli.source import read_source
from waygrid_shell.client import WaygridClient

EXAMPLES: Final = """\
Examples:
  waygrid import night.journal.json
  gunzip -c night.journal.json.gz | waygrid import - --server http://127.0.0.1:8401
"""


def import_journal(
    file: Annotated[str, Parameter(help="A file of `waygrid export`; `-` is standard input.")],
    /,
    *,
    options: ServerOptions = DEFAULTS,
) -> int:
    """Take an exported journal in, to be looked at on this server: show, history, replay.

    Nothing is run. A traversal that had not ended when it was exported is refused, for it would be run twice.
    """
    source = read_source(file)
    try:
        document = read_json(source.content)
    except ValueError as error:
        raise UserError(f"{source.name} is {error}") from error

    async def work(client: WaygridClient) -> int:
        imported = await client.import_journal(document)
        if options.json:
            write_document(imported)
        else:
            others = len(imported.traversals) - 1
            more = f", and {others} that it began" if others else ""
            write_result(f"{imported.traversal} can be looked at here{more}")
        return OK

    return ask(options, work)
