"""`waygrid pause`: holds traversals."""

from typing import Final

from waygrid_shell.cli.options import TraversalArguments
from waygrid_shell.cli.server import DEFAULTS, ServerOptions
from waygrid_shell.cli.steering import steer

EXAMPLES: Final = """\
Examples:
  waygrid pause 01JABCDEFGHJKMNPQRSTVWXYZ0
"""


def pause(
    *traversals: TraversalArguments,
    options: ServerOptions = DEFAULTS,
) -> int:
    """Hold traversals: answers and timers that come are kept, and heard after `waygrid resume`.

    What is under way goes on, and so do children; a cancel acts at once.
    """
    return steer("pause", traversals, options, lambda client, each: client.pause(each))
