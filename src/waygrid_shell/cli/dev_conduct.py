"""What `waygrid dev` does: reads the settings, opens what it needs, says where it is, and runs until asked to stop."""

import logging
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

from waygrid_shell.cli.given import apps_given, apps_that_load, folder_mistake, settings_given
from waygrid_shell.cli.mistake import FAILED, INTERRUPTED, OK, USAGE, UserError
from waygrid_shell.cli.output import write_result
from waygrid_shell.cli.run_report import counted
from waygrid_shell.ports.failure import PortFailure, StorageFull
from waygrid_shell.runtime.one_process import Begun, OneProcess
from waygrid_shell.runtime.server import CannotListen, listen
from waygrid_shell.runtime.supervisor import leaves_of
from waygrid_shell.runtime.whole_process import run_whole_process
from waygrid_shell.settings.reading import open_doors
from waygrid_shell.settings.settings import Settings
from waygrid_shell.telemetry.logs import write_logs

_log = logging.getLogger(__name__)


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
    try:
        listener = listen(settings.server.host, settings.server.port)
    except CannotListen as error:
        raise UserError(str(error)) from error
    process = OneProcess(settings, served, tell=lambda begun: _tell(begun, settings))
    with listener:
        try:
            is_finished = run_whole_process(process.run, listener)
        except (PortFailure, OSError) as error:
            raise _mistake(error, settings) from error
        except BaseExceptionGroup as group:
            raise _one_of(group, settings) from group
    return OK if is_finished else INTERRUPTED


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
        [open_doors, apps_that_load],
    )


def _tell(begun: Begun, settings: Settings) -> None:
    others = " (and on every other address of this machine)" if settings.server.host in ("0.0.0.0", "::") else ""
    lines = [
        f"Waygrid listens on {begun.url}{others} and keeps its data in {settings.data.dir}.",
        f"It serves {', '.join(sorted(map(str, begun.served)))}.",
    ]
    if begun.unfinished.count:
        verb = "goes" if begun.unfinished.count == 1 else "go"
        lines.append(f"{counted(begun.unfinished.count, 'traversal')} from before {verb} on.")
    if begun.unfinished.unserved:
        lines.append(f"Nobody here serves {', '.join(map(str, begun.unfinished.unserved))}: what waits for it is kept.")
    for line in lines:
        write_result(line)


def _one_of(group: BaseExceptionGroup[BaseException], settings: Settings) -> BaseException:
    """The exception that ended the process; a failure of a port before whatever followed from it."""
    leaves = list(leaves_of(group))
    for leaf in leaves:
        if isinstance(leaf, PortFailure | OSError):
            return _mistake(leaf, settings)
    for leaf in leaves:
        if isinstance(leaf, UserError | BrokenPipeError | KeyboardInterrupt):
            return leaf
    _log.critical("a bug ended the process", exc_info=group)
    bug = next((leaf for leaf in leaves if isinstance(leaf, Exception)), group)
    return UserError(
        f"a bug of Waygrid's own ended it ({type(bug).__name__}: {bug}); what was accepted is kept in "
        f"{settings.data.dir} and goes on at the next start; the log has all of it",
        FAILED,
    )


def _mistake(error: PortFailure | OSError, settings: Settings) -> UserError:
    """A full disk is nothing that the command line could mend; all else is about where the data lies."""
    if isinstance(error, PortFailure):
        return UserError(str(error), FAILED if isinstance(error, StorageFull) else USAGE)
    return folder_mistake(settings.data.dir, error)
