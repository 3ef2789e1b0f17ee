"""`python -m tests.servers`: install what is missing, start each server once, and say which they are.

`python -m tests.servers run COMMAND...`: run a command beside them. Its environment says where they are.
"""

import sys
from collections.abc import Sequence

from tests.servers.programs import say
from tests.servers.running import run_with_servers


def main(arguments: Sequence[str]) -> int:
    """The exit code of the command, or of one that does nothing; 3 if servers cannot be had."""
    match arguments:
        case []:
            return run_with_servers([sys.executable, "-c", ""])
        case ["run", *command] if command:
            return run_with_servers(command)
        case _:
            say("write `python -m tests.servers`, or `python -m tests.servers run COMMAND...`")
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
