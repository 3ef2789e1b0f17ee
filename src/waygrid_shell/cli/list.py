"""`waygrid list`: the traversals of a server."""

from contextlib import aclosing
from typing import Annotated, Final

from cyclopts import Parameter

from waygrid_shell.cli.look import shortened, span_text, table, time_text
from waygrid_shell.cli.mistake import OK, UserError
from waygrid_shell.cli.output import complain, write_result
from waygrid_shell.cli.server import DEFAULTS, ServerOptions, ask, instant_of, labels_of, write_document
from waygrid_shell.cli.traversal_text import why_ended
from waygrid_shell.client import WaygridClient
from waygrid_shell.resources.traversal import Status, TraversalSummary

_HEAD: Final = ("ID", "STATUS", "BEGUN", "TOOK", "NAME", "LABELS", "WHY")
_PAGE: Final = 200

EXAMPLES: Final = """\
Examples:
  waygrid list
  waygrid list --status failed --status timed-out --since 2h
  waygrid list --label customer=ada --json --limit 1000
"""


def list_traversals(
    *,
    status: Annotated[
        list[Status] | None, Parameter(negative="", help="Only those in that status. May be given several times.")
    ] = None,
    label: Annotated[
        list[str] | None, Parameter(negative="", help="KEY=VALUE: only those that have it. May be given several times.")
    ] = None,
    name: Annotated[str | None, Parameter(help="Only those of that name.")] = None,
    dag: Annotated[str | None, Parameter(help="Only those of the DAG with that hash.")] = None,
    since: Annotated[str | None, Parameter(help="Only those begun since: an instant, or how long ago, as 2h.")] = None,
    before: Annotated[str | None, Parameter(help="Only those begun before: an instant, or how long ago.")] = None,
    children: Annotated[bool, Parameter(negative="", help="Also what calls, eaches and loops started.")] = False,
    limit: Annotated[int, Parameter(help="At most so many.")] = 50,
    options: ServerOptions = DEFAULTS,
) -> int:
    """Show traversals, the newest first: a table, or with --json an object a line."""
    if limit < 1:
        raise UserError(f"--limit {limit}: write at least 1")
    labels, begun_from, begun_before = (
        labels_of("--label", label),
        instant_of("--since", since),
        instant_of("--before", before),
    )

    async def work(client: WaygridClient) -> int:
        found: list[TraversalSummary] = []
        has_more = False
        pages = client.list(
            status=tuple(status or ()),
            labels=labels,
            name=name,
            dag=dag,
            begun_from=begun_from,
            begun_before=begun_before,
            children=children,
            page_size=min(limit + 1, _PAGE),
        )
        async with aclosing(pages):
            async for summary in pages:
                if len(found) == limit:
                    has_more = True
                    break
                found.append(summary)
                if options.json:
                    write_document(summary)
        if not options.json and found:
            write_result(table(_HEAD, [_row(each) for each in found], painted_column=1))
        if not found:
            complain("waygrid: there are none")
        elif has_more:
            complain(f"waygrid: there are more than these {limit}; --limit shows more")
        return OK

    return ask(options, work)


def _row(summary: TraversalSummary) -> tuple[str, ...]:
    return (
        summary.id,
        summary.status,
        time_text(summary.begun_at),
        span_text(summary.ended_at - summary.begun_at) if summary.ended_at is not None else "",
        shortened(summary.name or "", 32),
        shortened(" ".join(f"{key}={value}" for key, value in sorted(summary.labels.items())), 48),
        shortened(why_ended(summary), 200),
    )
