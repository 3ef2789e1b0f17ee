"""`waygrid history`: the story of a traversal."""

from typing import Annotated, Final

from cyclopts import Parameter

from waygrid_shell.cli.look import printable, time_text
from waygrid_shell.cli.mistake import OK
from waygrid_shell.cli.options import TraversalArgument
from waygrid_shell.cli.output import write_result
from waygrid_shell.cli.server import DEFAULTS, ServerOptions, ask, write_document
from waygrid_shell.client import WaygridClient
from waygrid_shell.resources.history import HistoryEntry

EXAMPLES: Final = """\
Examples:
  waygrid history 01JABCDEFGHJKMNPQRSTVWXYZ0
  waygrid history 01JABCDEFGHJKMNPQRSTVWXYZ0 --children
  waygrid history 01JABCDEFGHJKMNPQRSTVWXYZ0 --json | jq -c .events[]
"""


def history(
    traversal: TraversalArgument,
    /,
    *,
    children: Annotated[bool, Parameter(negative="", help="Also what its calls, eaches and loops started.")] = False,
    options: ServerOptions = DEFAULTS,
) -> int:
    """Tell what happened to a traversal, decision by decision, from its journal.

    Each line begins with when it was, and the number of events that had happened then, which `waygrid replay` takes.
    With --json an object a decision, with its events and effects as the machine wrote them.
    """

    async def work(client: WaygridClient) -> int:
        async for entry in client.history(traversal, children=children):
            if options.json:
                write_document(entry)
            elif entry.lines:
                write_result("\n".join(_lines(entry, names_traversal=children)))
        return OK

    return ask(options, work)


def _lines(entry: HistoryEntry, *, names_traversal: bool) -> list[str]:
    who = f"  {entry.traversal}" if names_traversal else ""
    head = f"{time_text(entry.at)}{who}  {entry.version:>4}"
    return [f"{head if number == 0 else ' ' * len(head)}  {printable(line)}" for number, line in enumerate(entry.lines)]
