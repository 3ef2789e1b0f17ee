"""`waygrid serve`: some or all services of a cluster in this process. What it does is in `serve_conduct`."""

from typing import Annotated, Final

from cyclopts import Parameter

from waygrid_shell.cli.options import (
    AppOption,
    ConfigOption,
    HostOption,
    LogFormatOption,
    LogLevelOption,
    NetworkOption,
)

EXAMPLES: Final = """\
Services:
  api           the HTTP API
  waystation    decides what follows
  scheduler     keeps timers
  inbox         keeps events for those that await them
  worker        serves the built-in addresses, and those of the apps
  origin-kafka  takes traversals in from topics of yours
  chores        looks after what was lost and forgets what is old; one
                process at a time does
  processor/... a worker for one address alone, such as processor/http
  all           all of them

Examples:
  waygrid serve all --app shop:app
  waygrid serve api,waystation,scheduler,inbox,chores
  waygrid serve worker --app shop:app --port 9100
  waygrid serve processor/openai
"""


def serve_command(
    services: Annotated[
        list[str], Parameter(negative="", help="What this process runs: names as below, separated by commas.")
    ],
    /,
    *,
    app: AppOption = None,
    host: HostOption = None,
    port: Annotated[
        int | None,
        Parameter(
            help="The port; 0: any free one. With `api` it is 8400 unless you say so; without, the process serves "
            "/health/live, /health/ready and /metrics there if you say so."
        ),
    ] = None,
    config: ConfigOption = None,
    allow_network: NetworkOption = None,
    log_format: LogFormatOption = None,
    log_level: LogLevelOption = None,
) -> int:
    """Run services of a cluster in this process: over Kafka, PostgreSQL and Redis, beside as many others as you like.

    Where the servers are, the settings say: WAYGRID_KAFKA_SERVERS, WAYGRID_POSTGRES_URL and WAYGRID_REDIS_URL, or a
    file. `waygrid migrate` prepares the database before, `waygrid doctor` tells what is amiss.

    Start as many processes as you like, on as many machines: those that run the same service share its work. Stop or
    kill any of them at any moment; the others take over. The first Ctrl-C (or SIGTERM) lets attempts under way finish,
    the second ends at once. A server that goes away is waited for, and nothing that was accepted is lost.

    Exits 0 when it was asked to stop, 1 when it had to give up, 2 when it could not be started as it was given.
    """
    from waygrid_shell.cli.serve_conduct import Request, conduct

    return conduct(
        Request(
            services=services,
            apps=app,
            host=host,
            port=port,
            config=config,
            networks=allow_network,
            log_format=log_format,
            log_level=log_level,
        )
    )
