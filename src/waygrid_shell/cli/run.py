"""`waygrid run`: takes payloads through a Spec for real, in this process. What it does is in `run_conduct`."""

from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from waygrid_shell.cli.options import AppOption, ConfigOption, NetworkOption

DEFAULT_CONCURRENCY: Final = 256
"""Traversals under way at once: enough to keep batches full, few enough to keep memory small."""

EXAMPLES: Final = """\
Examples:
  waygrid run order.yaml --payload '{"id": 7}' --app shop:app
  waygrid run order.yaml --payload orders.jsonl --app shop:app --data-dir ./data
  tail -n 100 orders.jsonl | waygrid run order.yaml --payload - --json
  waygrid run order.yaml --data-dir ./data --event 'approved@order-7={"by": "Ada"}'
"""


def run_command(
    spec: Annotated[str, Parameter(help="The Spec, a JSON or YAML file (`-`: standard input), or a compiled DAG.")],
    *,
    payload: Annotated[
        list[str] | None,
        Parameter(
            negative="",
            help="A .jsonl file (a payload a line), any other file (one payload), `-` (lines on standard input) or a "
            "JSON text. May be given several times.",
        ),
    ] = None,
    app: AppOption = None,
    data_dir: Annotated[
        Path | None, Parameter(help="Where the run is kept. Without it, in memory, until the process ends.")
    ] = None,
    json: Annotated[bool, Parameter(negative="", help="One JSON object a traversal on standard output.")] = False,
    entry: Annotated[int, Parameter(help="The entry point to begin at.")] = 0,
    concurrency: Annotated[int, Parameter(help="How many traversals are under way at once.")] = DEFAULT_CONCURRENCY,
    skip_bad_lines: Annotated[
        bool, Parameter(negative="", help="Go on without payloads that are no JSON; they are named and counted.")
    ] = False,
    batch: Annotated[
        str, Parameter(help="A name for this batch; the same payloads under another name are run again.")
    ] = "",
    event: Annotated[
        list[str] | None,
        Parameter(
            negative="",
            help="An event for awaits: NAME, NAME=JSON or NAME@KEY=JSON; without a key, to every traversal of this "
            "run. May be given several times.",
        ),
    ] = None,
    events: Annotated[
        str | None, Parameter(help='A .jsonl file of events: {"event": NAME, "key"?: KEY, "data"?: JSON} a line.')
    ] = None,
    allow_network: NetworkOption = None,
    config: ConfigOption = None,
    salt: Annotated[str, Parameter(help="Goes into hash and ids, as in `waygrid compile`.")] = "",
    quiet: Annotated[bool, Parameter(name=["--quiet", "-q"], negative="", help="No progress and no summary.")] = False,
) -> int:
    """Run a Spec on real payloads, one traversal each, to their ends.

    Prints a line a traversal on standard output when it has ended, progress and a summary on standard error. Exits 0
    if all completed, 1 if any did not, 2 if nothing was begun because something is wrong with what was given.

    With --data-dir the run is durable: stop or kill it at any moment, run the same command again, and every payload
    that was accepted ends, once. What had ended before is reported and not run again. Without --payload, what the
    folder holds goes on, and nothing new begins; without both, one traversal begins with the payload {}.

    The addresses processor/http, destination/webhook and destination/blackhole are always served. Secrets are taken
    from the environment: WAYGRID_SECRET_PAYMENT_KEY for the path payment/key. Of the settings file and the environment,
    the settings `app`, `outbound` and `openai` hold here too.
    """
    from waygrid_shell.cli.output import results_apart
    from waygrid_shell.cli.run_conduct import Request, conduct

    request = Request(
        spec=spec,
        payloads=payload,
        apps=app,
        networks=allow_network,
        config=config,
        data_dir=data_dir,
        is_json=json,
        entry=entry,
        concurrency=concurrency,
        skips_bad_lines=skip_bad_lines,
        batch=batch,
        events=event or [],
        events_file=events,
        salt=salt,
        is_quiet=quiet,
    )
    with results_apart():
        return conduct(request)
