"""What `waygrid worker` does: loads the app, connects, says whom it serves, and works until asked to stop."""

import os
import platform
from collections.abc import Mapping
from datetime import timedelta

from attrs import evolve, frozen

from waygrid_core.model.address import ServiceAddress
from waygrid_shell.cli.given import settings_given
from waygrid_shell.cli.mistake import FAILED, INTERRUPTED, OK, UserError
from waygrid_shell.cli.output import complain, write_result
from waygrid_shell.cli.server import duration_of
from waygrid_shell.client.asynchronous import DEFAULT_SERVER
from waygrid_shell.hosting.handler import Served, concurrency_problem
from waygrid_shell.ports.failure import PortFailure
from waygrid_shell.runtime.app_loading import load_app
from waygrid_shell.runtime.remote_wiring import ServerRefused, remote_ports
from waygrid_shell.runtime.remote_worker import RemoteWorker
from waygrid_shell.runtime.supervisor import leaves_of
from waygrid_shell.runtime.whole_process import run_whole_process
from waygrid_shell.telemetry.logs import write_logs
from waygrid_shell.user_code import NotLoaded


@frozen(kw_only=True)
class Request:
    """The command line of `waygrid worker`, as its help says."""

    app: str
    server: str | None
    key: str | None
    concurrency: int | None
    drain: str
    name: str | None
    log_format: str | None
    log_level: str | None


def conduct(request: Request) -> int:
    """Carry it out; the exit code. Raises `UserError` for what is wrong with what was given, or refused."""
    drain = _drain(request.drain)
    settings = settings_given(
        None, {("log.level", "--log-level"): request.log_level, ("log.format", "--log-format"): request.log_format}
    )
    write_logs(settings.log.level, settings.log.format)
    served = _served(request)
    server = request.server or os.environ.get("WAYGRID_SERVER") or DEFAULT_SERVER
    serves = {address: each.concurrency for address, each in served.items()}
    try:
        ports = remote_ports(
            server,
            serves=serves,
            key=request.key or os.environ.get("WAYGRID_KEY") or None,
            name=request.name or platform.node(),
        )
    except ValueError as error:
        raise UserError(str(error)) from error
    worker = RemoteWorker(
        ports=ports,
        served=served,
        tracing=settings.tracing,
        drain=drain,
        tell_stopping=lambda: _tell_stopping(drain),
    )
    write_result(f"Serves {', '.join(sorted(map(str, served)))} for {server}.")
    try:
        is_patient = run_whole_process(worker.run)
    except BaseExceptionGroup as group:
        for leaf in leaves_of(group):
            if isinstance(leaf, ServerRefused | PortFailure):
                raise UserError(str(leaf), FAILED) from group
        raise
    return OK if is_patient else INTERRUPTED


def _served(request: Request) -> Mapping[ServiceAddress, Served]:
    try:
        app = load_app(request.app)
    except NotLoaded as error:
        raise UserError(f"the app {request.app}: {error}") from error
    if not app.served:
        raise UserError(f"the app {request.app} serves nothing; register a function with @app.processor(...)")
    if request.concurrency is None:
        return dict(app.served)
    problem = concurrency_problem(request.concurrency)
    if problem is not None:
        raise UserError(f"a concurrency of {problem}")
    return {address: evolve(each, concurrency=request.concurrency) for address, each in app.served.items()}


def _drain(text: str) -> timedelta:
    if text.strip() in ("0", "0s"):
        return timedelta(0)
    return duration_of("--drain", text)


def _tell_stopping(drain: timedelta) -> None:
    seconds = drain.total_seconds()
    complain(f"waygrid: stopping; attempts under way have {seconds:g} s to end (a second signal ends at once)")
