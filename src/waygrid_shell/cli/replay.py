"""`waygrid replay`: a traversal as it was, and as it would have been. What it does is in `replay_conduct`."""

from typing import Annotated, Final

from cyclopts import Parameter

from waygrid_shell.cli.server import DEFAULTS, ServerOptions

EXAMPLES: Final = """\
Examples:
  waygrid replay 01JABCDEFGHJKMNPQRSTVWXYZ0
  waygrid replay 01JABCDEFGHJKMNPQRSTVWXYZ0 --at 3
  waygrid replay 01JABCDEFGHJKMNPQRSTVWXYZ0 --what-if 4=fail:card-declined
  waygrid replay night.journal.json --what-if 7=timeout
  waygrid replay 01JABCDEFGHJKMNPQRSTVWXYZ0 --save bad-night.scenarios.yaml --spec order.yaml
"""


def replay(
    traversal: Annotated[str, Parameter(name="ID-OR-FILE", help="A traversal, or a file of `waygrid export`.")],
    /,
    *,
    at: Annotated[
        int | None, Parameter(help="Show the state after so many events; `waygrid history` counts them.")
    ] = None,
    what_if: Annotated[
        str | None,
        Parameter(
            help="N=WHAT: what would have followed if at decision N something else had come: succeed, succeed:JSON, "
            "fail:CODE, fail:CODE:MESSAGE, timeout, cancel, cancel:REASON, or nothing."
        ),
    ] = None,
    save: Annotated[str | None, Parameter(help="Write it to this file, as a scenario (with --spec).")] = None,
    spec: Annotated[str | None, Parameter(help="The Spec that ran, for --save.")] = None,
    options: ServerOptions = DEFAULTS,
) -> int:
    """Go through a traversal again, decision by decision: what came, what was decided, which nodes changed and how.

    It is made again from the journal, by the machine that ran it; no service is asked for anything, whatever you
    suppose. With --what-if, what came after decision N comes as it did, as far as it would still mean something.
    """
    from waygrid_shell.cli.replay_conduct import Request, conduct

    return conduct(Request(subject=traversal, at=at, what_if=what_if, save=save, spec=spec, options=options))
