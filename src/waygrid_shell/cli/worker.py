"""`waygrid worker`: serves an app's addresses for a server elsewhere. What it does is in `worker_conduct`."""

from typing import Annotated, Final

from cyclopts import Parameter

from waygrid_shell.cli.options import LogFormatOption, LogLevelOption

EXAMPLES: Final = """\
Examples:
  waygrid worker shop:app
  waygrid worker shop:app --server https://waygrid.example.com --key "$WAYGRID_KEY"
  waygrid worker models:app --concurrency 4 --drain 5m
"""


def worker_command(
    app: Annotated[str, Parameter(help="Your processors and destinations, as module:app.")],
    *,
    server: Annotated[
        str | None, Parameter(help="The server to work for; else WAYGRID_SERVER, else http://127.0.0.1:8400.")
    ] = None,
    key: Annotated[str | None, Parameter(help="An API key with the scope `work`; else WAYGRID_KEY.")] = None,
    concurrency: Annotated[
        int | None, Parameter(help="How many attempts of each address run at once here, whatever the app says.")
    ] = None,
    drain: Annotated[str, Parameter(help="How long attempts under way may go on when it is asked to stop.")] = "30s",
    name: Annotated[str | None, Parameter(help="What the server calls it in its log (the host's name).")] = None,
    log_format: LogFormatOption = None,
    log_level: LogLevelOption = None,
) -> int:
    """Run an app's processors and destinations in this process, for a `waygrid dev` somewhere else.

    Start as many as you like, on as many machines: those that serve the same address share its work. One that is lost
    loses nothing: what it had goes to the others, or waits for the next. A worker waits for its server and comes back
    to it by itself.

    The first Ctrl-C (or SIGTERM) lets attempts under way finish, the second ends at once. Secrets are taken from the
    environment of this process: WAYGRID_SECRET_PAYMENT_KEY for the path payment/key. The sections `log` and `tracing`
    of the settings (a waygrid.toml here, or WAYGRID_LOG_... and WAYGRID_TRACING_...) hold for workers too.

    Exits 0 when it was asked to stop, 1 when the server refuses it, 2 when it could not be started as it was given.
    """
    from waygrid_shell.cli.worker_conduct import Request, conduct

    return conduct(
        Request(
            app=app,
            server=server,
            key=key,
            concurrency=concurrency,
            drain=drain,
            name=name,
            log_format=log_format,
            log_level=log_level,
        )
    )
