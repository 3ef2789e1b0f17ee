"""`waygrid run`: takes payloads through a Spec for real, in this process."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from waygrid_core.spec.limits import DEFAULT_LIMITS

DEFAULT_CONCURRENCY = 256
"""Traversals under way at once: enough to keep batches full, few enough to keep memory small."""


def run_command(
    spec: str,
    *,
    payload: Annotated[list[str] | None, Parameter(consume_multiple=False, negative="")] = None,
    app: str | None = None,
    data_dir: Path | None = None,
    json: Annotated[bool, Parameter(negative="")] = False,
    entry: int = 0,
    concurrency: int = DEFAULT_CONCURRENCY,
    skip_bad_lines: Annotated[bool, Parameter(negative="")] = False,
    batch: str = "",
    event: Annotated[list[str] | None, Parameter(consume_multiple=False, negative="")] = None,
    events: str | None = None,
    salt: str = "",
    quiet: Annotated[bool, Parameter(name=["--quiet", "-q"], negative="")] = False,
) -> int:
    """Run a Spec on real payloads, one traversal each, to their ends.

    Prints one line a traversal on standard output when it has ended, progress and a summary on standard error.
    Exits 0 if all completed, 1 if any did not, 2 if nothing was begun because something is wrong with what was given.

    With `--data-dir` the run is durable: stop or kill it at any moment, run the same command again, and every payload
    that was accepted ends, once; those that had ended are reported and not run again.

    Examples:

        waygrid run order.yaml --payload '{"id": 7}' --app shop:app

        waygrid run order.yaml --payload orders.jsonl --app shop:app --data-dir ./data --json > outcomes.jsonl

        tail -n 100 orders.jsonl | waygrid run order.yaml --payload - --app shop:app

    Args:
        spec: The Spec, a JSON or YAML file (`-`: standard input).
        payload: A `.jsonl` file (a payload a line), a `.json` file (one payload), `-` (lines on standard input) or a
            JSON text. May be given several times. Without it: one traversal with the payload {}.
        app: Your own processors and destinations, as `module:app`; see `waygrid_shell.processors.function`.
        data_dir: Where the run is kept. Without it everything is in memory and ends with the process.
        json: One JSON object a traversal on standard output.
        entry: The entry point to begin at.
        concurrency: How many traversals are under way at once.
        skip_bad_lines: Go on without the lines that are no JSON; they are counted and named.
        batch: A name for this batch. The same payloads under another name are run again.
        event: An event for awaits, `NAME`, `NAME=JSON` or `NAME@KEY=JSON`; without a key it goes to every traversal
            of this run. May be given several times.
        events: A file of events, one JSON object a line: {"event": NAME, "key"?: KEY, "data"?: JSON}.
        salt: Goes into the DAG's hash and ids, as in `waygrid compile`.
        quiet: No progress and no summary.
    """
    raise NotImplementedError(DEFAULT_LIMITS)
