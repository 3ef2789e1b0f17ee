"""What `waygrid dev` does: reads the settings, opens what it needs, says where it is, and runs until asked to stop."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import anyio
from attrs import frozen

from waygrid_core.model.address import ServiceAddress
from waygrid_core.outcome import Failure
from waygrid_shell.cli.mistake import FAILED, INTERRUPTED, OK, USAGE, UserError
from waygrid_shell.cli.output import complain, write_result
from waygrid_shell.cli.run_report import counted
from waygrid_shell.cli.source import why
from waygrid_shell.hosting.handler import Served
from waygrid_shell.ports.failure import PortFailure, StorageFull
from waygrid_shell.runtime.app_loading import AppNotLoaded, load_app
from waygrid_shell.runtime.one_process import Begun, OneProcess
from waygrid_shell.runtime.server import CannotListen, listen
from waygrid_shell.runtime.supervisor import leaves_of
from waygrid_shell.settings.reading import Option, read_settings
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
    served = _served(settings.app)
    try:
        listener = listen(settings.server.host, settings.server.port)
    except CannotListen as error:
        raise UserError(str(error)) from error
    process = OneProcess(
        settings, served, tell=lambda begun: _tell(begun, settings), tell_stopping=lambda: _tell_stopping(settings)
    )
    with listener:
        try:
            is_finished = anyio.run(process.run, listener, backend_options=_loop())
        except (PortFailure, OSError) as error:
            raise _mistake(error, settings) from error
        except BaseExceptionGroup as group:
            raise _one_of(group, settings) from group
    return OK if is_finished else INTERRUPTED


def _settings(request: Request) -> Settings:
    """The settings. Raises `UserError` once all that is wrong with them has been told."""
    outcome = read_settings(request.config, os.environ, _options(request))
    if isinstance(outcome, Failure):
        problems = outcome.failure()
        for problem in problems:
            complain(str(problem))
        raise UserError(f"{counted(len(problems), 'setting')} cannot be used as given; nothing was started")
    return outcome.unwrap()


def _options(request: Request) -> list[Option]:
    given: list[tuple[str, str, str | Sequence[str] | None]] = [
        ("app", "--app", request.apps),
        ("server.host", "--host", request.host),
        ("server.port", "--port", None if request.port is None else str(request.port)),
        ("data.dir", "--data-dir", None if request.data_dir is None else str(request.data_dir)),
        ("outbound.allowed_networks", "--allow-network", request.networks),
        ("log.format", "--log-format", request.log_format),
        ("log.level", "--log-level", request.log_level),
    ]
    return [Option(path, name, value) for path, name, value in given if value is not None]


def _served(names: Sequence[str]) -> Mapping[ServiceAddress, Served]:
    """What all apps serve. Raises `UserError` for one that cannot be loaded, or two that serve the same address."""
    served: dict[ServiceAddress, Served] = {}
    whose: dict[ServiceAddress, str] = {}
    for name in names:
        try:
            app = load_app(name)
        except AppNotLoaded as error:
            raise UserError(f"the app {name}: {error}") from error
        for address, each in app.served.items():
            if address in served:
                raise UserError(f"{address} is served by both {whose[address]} and {name}; leave one of them out")
            served[address], whose[address] = each, name
    return served


def _loop() -> dict[str, bool]:
    """uvloop, where it is installed."""
    try:
        import uvloop  # noqa: F401
    except ModuleNotFoundError:
        return {"use_uvloop": False}
    return {"use_uvloop": True}


def _tell(begun: Begun, settings: Settings) -> None:
    lines = [
        f"Waygrid listens on {begun.url} and keeps its data in {settings.data.dir}.",
        f"It serves {', '.join(sorted(map(str, begun.served)))}.",
    ]
    if begun.unfinished.count:
        lines.append(f"{counted(begun.unfinished.count, 'traversal')} from before goes on.")
    if begun.unfinished.unserved:
        lines.append(f"Nobody here serves {', '.join(map(str, begun.unfinished.unserved))}: what waits for it is kept.")
    for line in lines:
        write_result(line)


def _tell_stopping(settings: Settings) -> None:
    seconds = settings.server.drain.total_seconds()
    complain(f"waygrid: stopping; attempts under way have {seconds:g} s to end (a second signal ends at once)")


def _one_of(group: BaseExceptionGroup[BaseException], settings: Settings) -> BaseException:
    """The exception that ended the process; a failure of a port before whatever followed from it."""
    leaves = list(leaves_of(group))
    for leaf in leaves:
        if isinstance(leaf, PortFailure | OSError):
            return _mistake(leaf, settings)
    for leaf in leaves:
        if isinstance(leaf, UserError | BrokenPipeError | KeyboardInterrupt):
            return leaf
    return group


def _mistake(error: PortFailure | OSError, settings: Settings) -> UserError:
    """A full disk is nothing that the command line could mend; all else is about where the data lies."""
    if isinstance(error, PortFailure):
        return UserError(str(error), FAILED if isinstance(error, StorageFull) else USAGE)
    return UserError(f"the data folder {settings.data.dir} cannot be used: {why(error)}")
