"""What `waygrid serve` does: reads the settings, reaches the servers, says what it serves, runs until asked to stop."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final

from attrs import frozen

from waygrid_core.model.address import ServiceAddress
from waygrid_core.outcome import Failure
from waygrid_shell.cli.cluster_given import cluster_extra, servers_of
from waygrid_shell.cli.extensions_given import extensions_given
from waygrid_shell.cli.given import apps_given, apps_that_load, settings_given
from waygrid_shell.cli.mistake import FAILED, UserError
from waygrid_shell.cli.output import complain, write_result
from waygrid_shell.cli.process_conduct import listening, others_of, run_process
from waygrid_shell.cli.source import why
from waygrid_shell.hosting.handler import Served
from waygrid_shell.origins.kafka.spec import origins_have_specs
from waygrid_shell.runtime.built_in import BUILT_IN
from waygrid_shell.runtime.one_process import Begun, OneProcess
from waygrid_shell.runtime.services_chosen import API, KAFKA_ORIGIN, ServicesChosen, parse_services
from waygrid_shell.runtime.unfinished import unfinished_among_others
from waygrid_shell.settings.cluster_checks import cluster_fits, cluster_is_named
from waygrid_shell.settings.reading import Check, open_doors
from waygrid_shell.settings.settings import Settings
from waygrid_shell.telemetry.logs import write_logs

_KEPT_IN: Final = "the cluster"


@frozen(kw_only=True)
class Request:
    """The command line of `waygrid serve`, as its help says."""

    services: Sequence[str]
    apps: Sequence[str] | None
    host: str | None
    port: int | None
    config: Path | None
    networks: Sequence[str] | None
    log_format: str | None
    log_level: str | None


def conduct(request: Request) -> int:
    """Carry it out; the exit code. Raises `UserError` for what is wrong with what was given."""
    chosen = _chosen(request.services)
    settings = _settings(request, chosen)
    write_logs(settings.log.level, settings.log.format)
    served = apps_given(settings.app)
    _all_can_be_served(chosen, served)
    with cluster_extra("serve"):
        from waygrid_shell.runtime.cluster_wiring import cluster_ports
    process = OneProcess(
        settings=settings,
        chosen=chosen,
        served=served,
        open_ports=partial(cluster_ports, settings, extensions_given(settings)),
        look=unfinished_among_others,
        tell=lambda begun: _tell(begun, settings, chosen),
    )
    with ExitStack() as stack:
        listener = None
        if chosen.has(API) or request.port is not None:
            listener = stack.enter_context(listening(settings.server.host, settings.server.port))
        return run_process(process, listener, kept_in=_KEPT_IN, mistake_of=_mistake)


def _chosen(services: Sequence[str]) -> ServicesChosen:
    parsed = parse_services(services)
    if isinstance(parsed, Failure):
        *others, last = parsed.failure()
        for problem in others:
            complain(problem)
        raise UserError(f"{last}. Try: waygrid serve --help")
    return parsed.unwrap()


def _settings(request: Request, chosen: ServicesChosen) -> Settings:
    checks: list[Check] = [cluster_is_named, cluster_fits, apps_that_load]
    if chosen.has(API):
        checks.append(open_doors)
    if chosen.has(KAFKA_ORIGIN):
        checks.append(origins_have_specs)

    return settings_given(
        request.config,
        {
            ("app", "--app"): request.apps,
            ("server.host", "--host"): request.host,
            ("server.port", "--port"): None if request.port is None else str(request.port),
            ("outbound.allowed_networks", "--allow-network"): request.networks,
            ("log.format", "--log-format"): request.log_format,
            ("log.level", "--log-level"): request.log_level,
        },
        checks,
    )


def _all_can_be_served(chosen: ServicesChosen, served: Mapping[ServiceAddress, Served]) -> None:
    known = BUILT_IN | served.keys()
    missing = sorted(str(address) for address in chosen.addresses if address not in known)
    if missing:
        raise UserError(
            f"nothing here can serve {', '.join(missing)}: it is neither built in nor of an app; name the app that "
            "registers it with --app module:app"
        )


def _tell(begun: Begun, settings: Settings, chosen: ServicesChosen) -> None:
    lines = [f"Waygrid serves {chosen} of the cluster on {servers_of(settings)}."]
    if begun.url is not None:
        lines.append(f"It listens on {begun.url}{others_of(settings.server.host)}.")
    if begun.served:
        lines.append(f"It works for {', '.join(sorted(map(str, begun.served)))}.")
    if begun.unfinished.unserved:
        unserved = ", ".join(map(str, begun.unfinished.unserved))
        lines.append(f"Nobody in the cluster serves {unserved}: what waits for it is kept.")
    for line in lines:
        write_result(line)


def _mistake(error: OSError) -> UserError:
    return UserError(f"the system failed: {why(error)}", FAILED)
