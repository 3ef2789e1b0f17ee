"""The ports of a worker elsewhere: the server's where it must be, its own where it may be."""

from collections.abc import Mapping

from attrs import Factory, frozen

from waygrid_core.model.address import ServiceAddress
from waygrid_shell.adapters.host.clock import HostClock
from waygrid_shell.adapters.host.secret_vault import EnvironmentSecretVault
from waygrid_shell.adapters.remote.event_log import RemoteEventLog
from waygrid_shell.adapters.remote.link import Link, ServerRefused
from waygrid_shell.adapters.remote.live_feed import RemoteLiveFeed
from waygrid_shell.adapters.remote.seen_ledger import RemoteSeenLedger
from waygrid_shell.ports.clock import Clock
from waygrid_shell.ports.event_log import EventLog
from waygrid_shell.ports.live_feed import LiveFeed
from waygrid_shell.ports.secret_vault import SecretVault
from waygrid_shell.ports.seen_ledger import SeenLedger
from waygrid_shell.resources.work import WORK_PATH

__all__ = ["Link", "RemotePorts", "ServerRefused", "remote_ports"]


@frozen(kw_only=True)
class RemotePorts:
    """What a worker needs of the world. Nothing comes or goes unless `link.run` runs."""

    link: Link
    event_log: EventLog
    seen_ledger: SeenLedger
    live_feed: LiveFeed
    clock: Clock = Factory(HostClock)
    secret_vault: SecretVault = Factory(EnvironmentSecretVault)
    """This process's own: the value of a secret is not sent."""


def remote_ports(server: str, *, serves: Mapping[ServiceAddress, int], key: str | None, name: str) -> RemotePorts:
    """Ports on the server of that base URL. Raises `ValueError` for what is no such URL."""
    link = Link(work_url(server), serves=serves, clock=HostClock(), key=key, name=name)
    return RemotePorts(
        link=link, event_log=RemoteEventLog(link), seen_ledger=RemoteSeenLedger(link), live_feed=RemoteLiveFeed(link)
    )


def work_url(server: str) -> str:
    """Where a server gives out work: `http://host:port` becomes `ws://host:port/v1/work`. Raises `ValueError`."""
    scheme, separator, rest = server.strip().rstrip("/").partition("://")
    schemes = {"http": "ws", "https": "wss"}
    if not separator or scheme.lower() not in schemes or not rest:
        raise ValueError(f"{server!r} is no address of a server; write one such as http://127.0.0.1:8400")
    return f"{schemes[scheme.lower()]}://{rest}{WORK_PATH}"
