"""`waygrid tell`: something said to a traversal in the words of its Spec."""

from typing import Annotated, Final

from cyclopts import Parameter

from waygrid_core.model.json_value import JsonValue
from waygrid_shell.cli.mistake import OK
from waygrid_shell.cli.options import TraversalArgument
from waygrid_shell.cli.output import write_result
from waygrid_shell.cli.payload_arguments import data_of
from waygrid_shell.cli.server import DEFAULTS, ServerOptions, ask, write_document
from waygrid_shell.client import WaygridClient

EXAMPLES: Final = """\
Examples:
  waygrid tell 01JABCDEFGHJKMNPQRSTVWXYZ0 Skip --data '{"node": "approval"}'
  waygrid tell 01JABCDEFGHJKMNPQRSTVWXYZ0 Skip --idempotency-key ticket-4711
"""


def tell(
    traversal: TraversalArgument,
    kind: Annotated[str, Parameter(name="TYPE", help="The type of one of its Spec's signals.")],
    /,
    *,
    data: Annotated[str | None, Parameter(help="What the signal is given, a JSON text. Default: {}.")] = None,
    idempotency_key: Annotated[str | None, Parameter(help="The same key again is not heard again.")] = None,
    options: ServerOptions = DEFAULTS,
) -> int:
    """Tell a traversal something that its Spec declares among its signals.

    It is heard after all that came before it; `waygrid history` says what it did.
    """
    value: JsonValue = {} if data is None else data_of("--data", data)

    async def work(client: WaygridClient) -> int:
        sent = await client.tell(traversal, kind, value, idempotency_key=idempotency_key)
        if options.json:
            write_document(sent)
        else:
            write_result(f"told {traversal} {sent.type}")
        return OK

    return ask(options, work)
