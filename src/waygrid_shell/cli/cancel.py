"""`waygrid cancel`: ends traversals."""

from typing import Annotated, Final

from cyclopts import Parameter

from waygrid_shell.cli.options import TraversalArguments
from waygrid_shell.cli.server import DEFAULTS, ServerOptions
from waygrid_shell.cli.steering import steer

EXAMPLES: Final = """\
Examples:
  waygrid cancel 01JABCDEFGHJKMNPQRSTVWXYZ0 --reason "ordered twice"
  waygrid list --status running --label batch=monday --json | jq -r .id | xargs waygrid cancel
"""


def cancel(
    *traversals: TraversalArguments,
    reason: Annotated[str | None, Parameter(help="Why, for people, and for the Spec's onEnd.")] = None,
    options: ServerOptions = DEFAULTS,
) -> int:
    """Cancel traversals, with all that runs for them. One that has ended stays as it is.

    It is done when the server has heard what came before; `waygrid watch` sees it.
    """
    return steer("cancel", traversals, options, lambda client, each: client.cancel(each, reason))
