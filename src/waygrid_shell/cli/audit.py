"""`waygrid audit`: who asked a server for what."""

from contextlib import aclosing
from typing import Annotated, Final

from cyclopts import Parameter

from waygrid_shell.cli.look import shortened, table, time_text
from waygrid_shell.cli.mistake import OK, UserError
from waygrid_shell.cli.output import complain, write_result
from waygrid_shell.cli.server import DEFAULTS, ServerOptions, ask, write_document
from waygrid_shell.client import WaygridClient
from waygrid_shell.resources.principals import AuditView

_HEAD: Final = ("AT", "WHO", "FROM", "ASKED FOR", "OUTCOME", "OF WHAT")
_PAGE: Final = 200

EXAMPLES: Final = """\
Examples:
  waygrid audit
  waygrid audit --principal ci --limit 1000 --json
  waygrid audit --subject 01JDB8Z3M0QRSTVWXYZ0123456
"""


def audit(
    *,
    principal: Annotated[str | None, Parameter(help="Only what that principal asked for.")] = None,
    subject: Annotated[
        str | None, Parameter(help="Only what was done to that: a traversal, by its id, or a principal.")
    ] = None,
    limit: Annotated[int, Parameter(help="At most so many.")] = 50,
    options: ServerOptions = DEFAULTS,
) -> int:
    """Tell who asked for what to be changed, the newest first: a table, or with --json an object a line.

    Granted, or the code of the refusal. The key needs the scope admin.
    """
    if limit < 1:
        raise UserError(f"--limit {limit}: write at least 1")

    async def work(client: WaygridClient) -> int:
        found: list[AuditView] = []
        has_more = False
        entries = client.audit(principal=principal, subject=subject, page_size=min(limit + 1, _PAGE))
        async with aclosing(entries):
            async for entry in entries:
                if len(found) == limit:
                    has_more = True
                    break
                found.append(entry)
                if options.json:
                    write_document(entry)
        if not options.json and found:
            write_result(table(_HEAD, [_row(each) for each in found]))
        if not found:
            complain("waygrid: there is nothing")
        elif has_more:
            complain(f"waygrid: there are more than these {limit}; --limit shows more")
        return OK

    return ask(options, work)


def _row(entry: AuditView) -> tuple[str, ...]:
    return (
        time_text(entry.at),
        entry.principal or "-",
        entry.address,
        entry.action,
        entry.outcome,
        shortened(entry.subject, 64),
    )
