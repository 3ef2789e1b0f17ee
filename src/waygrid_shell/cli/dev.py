"""`waygrid dev`: the platform in one process. What it does is in `dev_conduct`."""

from pathlib import Path
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
Examples:
  waygrid dev
  waygrid dev --app shop:app --port 9000
  waygrid dev --data-dir /var/lib/waygrid --log-format json
  waygrid dev --allow-network loopback --allow-network 10.0.0.0/8
"""


def dev_command(
    *,
    app: AppOption = None,
    host: HostOption = None,
    port: Annotated[int | None, Parameter(help="The port (8400); 0: any free one.")] = None,
    data_dir: Annotated[Path | None, Parameter(help="Where everything is kept (.waygrid).")] = None,
    config: ConfigOption = None,
    allow_network: NetworkOption = None,
    log_format: LogFormatOption = None,
    log_level: LogLevelOption = None,
) -> int:
    """Run the platform in this process: it takes traversals in over HTTP, runs them, delivers, and can be watched.

    Everything is kept in one folder: stop or kill it at any moment, start it again, and what was accepted goes on.
    The first Ctrl-C (or SIGTERM) lets attempts under way finish, the second ends at once.

    Settings come from the file, then from WAYGRID_<SECTION>_<FIELD> in the environment, then from these options.
    Exits 0 when it was asked to stop, 1 when it had to give up, 2 when it could not be started as it was given.
    """
    from waygrid_shell.cli.dev_conduct import Request, conduct

    return conduct(
        Request(
            apps=app,
            host=host,
            port=port,
            data_dir=data_dir,
            config=config,
            networks=allow_network,
            log_format=log_format,
            log_level=log_level,
        )
    )
