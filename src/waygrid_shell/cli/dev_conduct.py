"""What `waygrid dev` does: reads the settings, opens what it needs, says where it is, and runs until asked to stop."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import anyio
from attrs import evolve, frozen

from waygrid_core.model.address import ServiceAddress
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
from waygrid_shell.settings.settings import Settings


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
    settings = Settings()
    server = evolve(settings.server, host=request.host or settings.server.host)
    server = evolve(server, port=settings.server.port if request.port is None else request.port)
    data = evolve(settings.data, dir=request.data_dir or settings.data.dir)
    return evolve(settings, server=server, data=data, app=tuple(request.apps or ()))


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
