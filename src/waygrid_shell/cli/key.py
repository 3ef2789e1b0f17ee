"""`waygrid key`: API keys, made for a settings file or kept by a server."""

from typing import Annotated, Final, get_args

from cyclopts import Parameter

from waygrid_shell.cli.look import json_line, table, time_text
from waygrid_shell.cli.mistake import OK, UserError
from waygrid_shell.cli.output import complain, write_result
from waygrid_shell.cli.server import DEFAULTS, ServerOptions, ask, duration_of, for_each, refuse_none, write_document
from waygrid_shell.client import WaygridClient
from waygrid_shell.resources.principals import PrincipalView
from waygrid_shell.settings.key_making import KEY_NAME, new_key, toml_of
from waygrid_shell.settings.settings import Scope

_HEAD: Final = ("NAME", "SCOPES", "FROM", "MADE", "EXPIRES")

NEW_EXAMPLES: Final = """\
Examples:
  waygrid key new ci --scope read,write
  waygrid key new worker-7 --scope work >> waygrid.toml
"""
ADD_EXAMPLES: Final = """\
Examples:
  waygrid key add ops --scope admin
  waygrid key add ci --scope read,write --expires-in 90d
"""
LIST_EXAMPLES: Final = """\
Examples:
  waygrid key list
"""
REMOVE_EXAMPLES: Final = """\
Examples:
  waygrid key remove ci
"""


def new_key_command(
    name: Annotated[str, Parameter(help="Whose key it is; the log shows it.")],
    *,
    scope: Annotated[
        list[str], Parameter(negative="", help="What it may: read, write, work, admin; separated by commas.")
    ],
) -> int:
    """Make an API key for a settings file: show it once, and print what the file has to have of it.

    The key goes to standard error and is kept nowhere; the block for the settings file, with the digest of the key,
    goes to standard output. `read` looks, `write` submits and steers, `work` takes work and answers it, `admin` does
    all of it. A server that runs need not be asked; `waygrid key add` asks one to keep the key itself.
    """
    made = new_key(_name(name), _scopes(scope))
    complain(f"The key, shown this once: {made.key}")
    complain(
        "Clients send it as `Authorization: Bearer ...`; waygrid commands take it from WAYGRID_KEY. For waygrid.toml:"
    )
    write_result(toml_of(made.kept))
    return OK


def add_key(
    name: Annotated[str, Parameter(help="Whose key it is; the log and the audit show it.")],
    *,
    scope: Annotated[
        list[str], Parameter(negative="", help="What it may: read, write, work, admin; separated by commas.")
    ],
    expires_in: Annotated[str | None, Parameter(help="How long it works, such as 90d; else until removed.")] = None,
    options: ServerOptions = DEFAULTS,
) -> int:
    """Have a server make an API key and keep its digest: the key goes to standard output, this once.

    It works at once, in all processes of the platform. The first key of a platform that needed none must be one of an
    admin: from then on every request needs a key.
    """
    scopes, lasts = _scopes(scope), None if expires_in is None else duration_of("--expires-in", expires_in)

    async def work(client: WaygridClient) -> int:
        made = await client.add_principal(_name(name), sorted(scopes), expires_in=lasts)
        if options.json:
            write_document(made)
        else:
            expires_at = made.principal.expires_at
            until = "" if expires_at is None else f", until {time_text(expires_at)}"
            complain(f"{name} may {', '.join(made.principal.scopes)}{until}. The key, shown this once:")
            write_result(made.key)
        if made.closes_doors:
            complain("From now on every request to this platform needs a key. Commands take theirs from WAYGRID_KEY.")
        return OK

    return ask(options, work)


def list_keys(*, options: ServerOptions = DEFAULTS) -> int:
    """Show who has an API key: a table, or with --json an object a line. The keys themselves are kept nowhere."""

    async def work(client: WaygridClient) -> int:
        found = await client.principals()
        if options.json:
            for each in found:
                write_document(each)
        elif found:
            write_result(table(_HEAD, [_row(each) for each in found]))
        if not found:
            complain("waygrid: there are none, and no request needs one")
        return OK

    return ask(options, work)


def remove_keys(
    *names: Annotated[str, Parameter(name="NAME", help="Whose keys.")],
    options: ServerOptions = DEFAULTS,
) -> int:
    """Have a server forget API keys. Other processes of the platform may let them pass for some seconds more."""
    refuse_none(names, "key remove")

    async def work(client: WaygridClient) -> int:
        async def one(name: str) -> None:
            opens_doors = await client.remove_principal(name)
            write_result(json_line({"removed": name}) if options.json else f"removed {name}")
            if opens_doors:
                complain("It was the last one: from now on no request to this platform needs a key.")

        return await for_each(names, one)

    return ask(options, work)


def _row(principal: PrincipalView) -> tuple[str, ...]:
    return (
        principal.name,
        ",".join(principal.scopes),
        principal.source,
        "" if principal.made_at is None else time_text(principal.made_at),
        "" if principal.expires_at is None else time_text(principal.expires_at),
    )


def _name(given: str) -> str:
    if KEY_NAME.fullmatch(given) is None:
        raise UserError(f"{given!r} cannot be the name of a key; write 1 to 64 letters, digits and . _ / @ -")
    return given


def _scopes(given: list[str]) -> frozenset[Scope]:
    words = [word.strip() for each in given for word in each.split(",") if word.strip()]
    known: dict[str, Scope] = {scope: scope for scope in get_args(Scope)}
    wrong = [word for word in words if word not in known]
    if wrong or not words:
        what = f"{wrong[0]!r} is no scope" if wrong else "no scope is given"
        raise UserError(f"--scope: {what}; write one or more of {', '.join(known)}")
    return frozenset(known[word] for word in words)
