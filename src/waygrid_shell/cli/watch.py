"""`waygrid watch`: a traversal as it happens. How it is shown is in `watch_report`."""

from contextlib import aclosing
from typing import Final

from waygrid_shell.cli.mistake import FAILED, OK, UserError
from waygrid_shell.cli.options import TraversalArgument
from waygrid_shell.cli.server import DEFAULTS, ServerOptions, ask
from waygrid_shell.cli.watch_report import report_for
from waygrid_shell.client import WaygridClient
from waygrid_shell.resources.traversal import TraversalView

EXAMPLES: Final = """\
Examples:
  waygrid watch 01JABCDEFGHJKMNPQRSTVWXYZ0
  waygrid watch 01JABCDEFGHJKMNPQRSTVWXYZ0 --json | jq 'select(.told == "progress") | .data'
"""


def watch(
    traversal: TraversalArgument,
    /,
    *,
    options: ServerOptions = DEFAULTS,
) -> int:
    """Watch a traversal until it has ended: on a terminal its nodes as they stand, elsewhere a line a change.

    With --json an object a line: `told` says what it is (state, change, progress, ended), the rest is as the server
    tells it. A connection that breaks is made again. Exits 0 if the traversal completed, and 1 if it did not, or not
    within --timeout.
    """
    limit = options.time_limit()

    async def work(client: WaygridClient) -> int:
        last: TraversalView | None = None
        with report_for(is_json=options.json) as report:
            async with aclosing(client.watch(traversal, limit)) as story:
                async for told in story:
                    report.show(told)
                    last = told if isinstance(told, TraversalView) else last
        if last is None:
            raise UserError(f"the server told nothing of {traversal}", FAILED)
        report.conclude(last)
        return OK if last.status == "completed" else FAILED

    return ask(options, work)
