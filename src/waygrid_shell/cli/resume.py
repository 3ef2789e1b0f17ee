"""`waygrid resume`: lets paused traversals go on."""

from typing import Final

from waygrid_shell.cli.options import TraversalArguments
from waygrid_shell.cli.server import DEFAULTS, ServerOptions
from waygrid_shell.cli.steering import steer

EXAMPLES: Final = """\
Examples:
  waygrid resume 01JABCDEFGHJKMNPQRSTVWXYZ0
"""


def resume(
    *traversals: TraversalArguments,
    options: ServerOptions = DEFAULTS,
) -> int:
    """Let paused traversals go on; what came meanwhile is heard now, in the order in which it came."""
    return steer("resume", traversals, options, lambda client, each: client.resume(each))
