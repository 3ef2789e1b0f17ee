"""The payloads that a command was given."""

import sys
from collections.abc import Sequence
from typing import Final

from waygrid_core.model.json_value import JsonValue
from waygrid_shell.cli.mistake import UserError
from waygrid_shell.cli.output import complain
from waygrid_shell.cli.source import why
from waygrid_shell.origins.batch.payloads import BadPayload, Payload, read_one, read_payloads

_PROBLEMS_SHOWN: Final = 20


def payloads_of(arguments: Sequence[str]) -> list[Payload]:
    """All that `--payload` names. Raises `UserError`, after it has named what is no JSON."""
    good: list[Payload] = []
    bad: list[BadPayload] = []
    for argument in arguments:
        try:
            for read in read_payloads(argument, sys.stdin.buffer.read):
                if isinstance(read, BadPayload):
                    bad.append(read)
                else:
                    good.append(read)
        except (OSError, ValueError) as error:
            raise UserError(f"cannot read {argument}: {why(error)}") from error
    for problem in bad[:_PROBLEMS_SHOWN]:
        complain(f"{problem.place}: {problem.problem}")
    if bad:
        raise UserError(f"{len(bad)} of the payloads cannot be used; nothing was submitted")
    return good


def data_of(option: str, text: str) -> JsonValue:
    """A JSON text on the command line. Raises `UserError`."""
    read = read_one(option, text.encode("utf-8", "surrogateescape"))
    if isinstance(read, BadPayload):
        raise UserError(f"{option}: {read.problem}")
    return read.value
