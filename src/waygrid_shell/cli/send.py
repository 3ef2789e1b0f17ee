"""`waygrid send`: an event from outside, for who awaits it."""

import re
from typing import Annotated, Final

from cyclopts import Parameter

from waygrid_core.model.json_value import JsonValue
from waygrid_shell.cli.mistake import OK, UserError
from waygrid_shell.cli.output import write_result
from waygrid_shell.cli.payload_arguments import data_of
from waygrid_shell.cli.server import DEFAULTS, ServerOptions, ask, write_document
from waygrid_shell.client import WaygridClient

_EVENT: Final = re.compile(r"(?P<name>[^=@]+)(?:@(?P<key>.+))?", re.DOTALL)

EXAMPLES: Final = """\
Examples:
  waygrid send approved@order-7 --data '{"by": "Ada"}'
  waygrid send approved --traversal 01JABCDEFGHJKMNPQRSTVWXYZ0
  waygrid send paid@order-7 --idempotency-key payment-4711
"""


def send(
    event: Annotated[str, Parameter(help="NAME@KEY, for awaits of that key; or NAME, with --traversal.")],
    /,
    *,
    traversal: Annotated[str | None, Parameter(help="For the awaits of that traversal that have no key.")] = None,
    data: Annotated[str | None, Parameter(help="Its data, a JSON text. Default: {}.")] = None,
    idempotency_key: Annotated[str | None, Parameter(help="The same key again does not send it again.")] = None,
    options: ServerOptions = DEFAULTS,
) -> int:
    """Send an event to those that await it. If nobody does yet, it is kept for the next that will.

    `waygrid show` says which event, of which key, a traversal waits for.
    """
    matched = _EVENT.fullmatch(event)
    if matched is None:
        raise UserError(f"{event!r} is no event; write NAME@KEY, or NAME and --traversal. Its data goes into --data")
    name, key = matched["name"], matched["key"]
    if (key is None) == (traversal is None):
        raise UserError("for whom is it? Write NAME@KEY, or NAME and --traversal ID (not both)")
    value: JsonValue = {} if data is None else data_of("--data", data)

    async def work(client: WaygridClient) -> int:
        sent = await client.send_event(name, value, traversal=traversal, key=key, idempotency_key=idempotency_key)
        if options.json:
            write_document(sent)
        else:
            write_result(f"sent {sent.event!r} to those that await it with the key {sent.key}")
        return OK

    return ask(options, work)
