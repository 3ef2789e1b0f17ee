"""`waygrid key new`: makes an API key."""

import re
from typing import Annotated, Final, Literal, get_args

from cyclopts import Parameter

from waygrid_shell.cli.mistake import OK, UserError
from waygrid_shell.cli.output import complain, write_result
from waygrid_shell.settings.key_making import new_key, toml_of
from waygrid_shell.settings.settings import Scope

EXAMPLES: Final = """\
Examples:
  waygrid key new ci --scope read,write
  waygrid key new worker-7 --scope work >> waygrid.toml
"""

_NAME: Final = re.compile(r"[A-Za-z0-9._/@-]{1,64}")


def key_command(
    action: Annotated[Literal["new"], Parameter(help="`new`: make one.")],
    name: Annotated[str, Parameter(help="Whose key it is; the log shows it.")],
    *,
    scope: Annotated[
        list[str], Parameter(negative="", help="What it may: read, write, work, admin; separated by commas.")
    ],
) -> int:
    """Make an API key: show it once, and print what the settings file has to have of it.

    The key goes to standard error and is kept nowhere; the block for the settings file, with the digest of the key,
    goes to standard output. `read` looks, `write` submits and steers, `work` takes work and answers it, `admin` does
    all of it.
    """
    del action
    if _NAME.fullmatch(name) is None:
        raise UserError(f"{name!r} cannot be the name of a key; write 1 to 64 letters, digits and . _ / @ -")
    made = new_key(name, _scopes(scope))
    complain(f"The key, shown this once: {made.key}")
    complain(
        "Clients send it as `Authorization: Bearer ...`; waygrid commands take it from WAYGRID_KEY. For waygrid.toml:"
    )
    write_result(toml_of(made.kept))
    return OK


def _scopes(given: list[str]) -> frozenset[Scope]:
    words = [word.strip() for each in given for word in each.split(",") if word.strip()]
    known: dict[str, Scope] = {scope: scope for scope in get_args(Scope)}
    wrong = [word for word in words if word not in known]
    if wrong or not words:
        what = f"{wrong[0]!r} is no scope" if wrong else "no scope is given"
        raise UserError(f"--scope: {what}; write one or more of {', '.join(known)}")
    return frozenset(known[word] for word in words)
