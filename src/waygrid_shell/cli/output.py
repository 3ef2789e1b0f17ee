"""Where a command's result goes: standard output, or a file. What is said about it goes to standard error."""

import sys
from pathlib import Path

from waygrid_shell.cli.mistake import UserError
from waygrid_shell.cli.source import STANDARD_INPUT, why


def write_result(text: str, output: str | None = None) -> None:
    """Write the result, with a newline at its end, to the file `output` or (None or `-`) to standard output."""
    text = text if text.endswith("\n") else text + "\n"
    if output is None or output == STANDARD_INPUT:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    try:
        Path(output).write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
    except (OSError, ValueError) as error:
        raise UserError(f"cannot write {output}: {why(error)}") from error


def complain(line: str) -> None:
    """One line to standard error."""
    sys.stderr.write(f"{line}\n")
