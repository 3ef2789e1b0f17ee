"""What `waygrid dev` does: reads the settings, opens what it needs, says where it is, and runs until asked to stop."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from attrs import evolve, frozen

from waygrid_core.extension.registry import Extensions
from waygrid_shell.cli.cluster_given import cluster_extra
from waygrid_shell.cli.extensions_given import extensions_given, extensions_that_load
from waygrid_shell.cli.given import apps_given, apps_that_load, folder_mistake, settings_given
from waygrid_shell.cli.output import write_result
from waygrid_shell.cli.process_conduct import listening, others_of, run_process
from waygrid_shell.cli.run_report import counted
from waygrid_shell.origins.kafka.spec import origins_have_specs
from waygrid_shell.runtime.one_process import Begun, OneProcess
from waygrid_shell.runtime.services_chosen import EVERY_SERVICE
from waygrid_shell.runtime.unfinished import unfinished_alone
from waygrid_shell.runtime.wiring import Ports, sqlite_ports
from waygrid_shell.settings.reading import open_doors
from waygrid_shell.settings.settings import Settings
from waygrid_shell.telemetry.logs import write_logs


@frozen(kw_only=True)
class Request:
    """The command line of `waygrid dev`, as its help says."""

    apps: Sequence[str] | None
    host: str | None
    port: int | None
    data_dir: Path | None
    config: Path | None
    networks: Sequence[str] | None
    log_format: str | None
    log_level: str | None


def conduct(request: Request) -> int:
    """Carry it out; the exit code. Raises `UserError` for what is wrong with what was given."""
    settings = _settings(request)
    write_logs(settings.log.level, settings.log.format)
    served = apps_given(settings.app)
    folder = settings.data.dir
    process = OneProcess(
        settings=settings,
        chosen=EVERY_SERVICE,
        served=served,
        open_ports=partial(_open_ports, settings, extensions_given(settings)),
        look=unfinished_alone,
        tell=lambda begun: _tell(begun, settings),
    )
    with listening(settings.server.host, settings.server.port) as listener:
        return run_process(process, listener, kept_in=str(folder), mistake_of=partial(folder_mistake, folder))


def _settings(request: Request) -> Settings:
    return settings_given(
        request.config,
        {
            ("app", "--app"): request.apps,
            ("server.host", "--host"): request.host,
            ("server.port", "--port"): None if request.port is None else str(request.port),
            ("data.dir", "--data-dir"): None if request.data_dir is None else str(request.data_dir),
            ("outbound.allowed_networks", "--allow-network"): request.networks,
            ("log.format", "--log-format"): request.log_format,
            ("log.level", "--log-level"): request.log_level,
        },
        [open_doors, apps_that_load, extensions_that_load, origins_have_specs],
    )


@asynccontextmanager
async def _open_ports(settings: Settings, extensions: Extensions) -> AsyncIterator[Ports]:
    """All in one file; and the user's own Kafka, where the settings name one and what talks to it is installed."""
    async with AsyncExitStack() as stack:
        ports = await stack.enter_async_context(sqlite_ports(settings.data.dir, extensions))
        if settings.kafka.servers:
            try:
                from waygrid_shell.runtime.cluster_wiring import record_log
            except ModuleNotFoundError:
                if settings.origins.kafka:
                    with cluster_extra("dev, to read from Kafka,"):
                        raise
            else:
                ports = evolve(ports, record_log=await stack.enter_async_context(record_log(settings)))
        yield ports


def _tell(begun: Begun, settings: Settings) -> None:
    lines = [
        f"Waygrid listens on {begun.url}{others_of(settings.server.host)} and keeps its data in {settings.data.dir}.",
        f"It serves {', '.join(sorted(map(str, begun.served)))}.",
    ]
    if begun.unfinished.count:
        verb = "goes" if begun.unfinished.count == 1 else "go"
        lines.append(f"{counted(begun.unfinished.count, 'traversal')} from before {verb} on.")
    if begun.unfinished.unserved:
        lines.append(f"Nobody here serves {', '.join(map(str, begun.unfinished.unserved))}: what waits for it is kept.")
    for line in lines:
        write_result(line)
