"""What a user did wrong, and the exit codes of every command."""

from typing import Final

OK: Final = 0
FAILED: Final = 1
"""The command did its work, and the answer is no: a Spec has problems, a scenario or a traversal failed."""
USAGE: Final = 2
"""The command could not be carried out as it was given: a wrong option, a file that cannot be read or written."""
INTERRUPTED: Final = 130
"""Ctrl-C; 128 and the number of the signal, as shells have it."""


class UserError(Exception):
    """Ends the command with a sentence on standard error, no traceback, and `exit_code`."""

    def __init__(self, sentence: str, exit_code: int = USAGE) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.exit_code = exit_code
