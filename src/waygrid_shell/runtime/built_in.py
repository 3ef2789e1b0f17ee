"""What every plant serves by itself, unless the user's app serves the address."""

from collections.abc import Mapping
from typing import Final

from waygrid_core.model.address import ServiceAddress
from waygrid_shell.destinations.blackhole import blackhole
from waygrid_shell.destinations.webhook import WebhookDestination
from waygrid_shell.hosting.handler import Served
from waygrid_shell.hosting.http_client import CONNECTIONS, HttpClient
from waygrid_shell.processors.http import HttpProcessor
from waygrid_shell.runtime.wiring import Ports
from waygrid_shell.settings.settings import Settings

HTTP: Final = ServiceAddress("processor", "http")
WEBHOOK: Final = ServiceAddress("destination", "webhook")
BLACKHOLE: Final = ServiceAddress("destination", "blackhole")

BUILT_IN: Final = frozenset({HTTP, WEBHOOK, BLACKHOLE})
"""The addresses of `built_in`."""


def built_in(client: HttpClient, ports: Ports, settings: Settings) -> Mapping[ServiceAddress, Served]:
    """The handlers; `client` is what they connect outwards with."""
    return {
        HTTP: Served(handler=HttpProcessor(client), concurrency=CONNECTIONS),
        WEBHOOK: Served(handler=WebhookDestination(client, ports.clock), concurrency=CONNECTIONS),
        BLACKHOLE: Served(handler=blackhole),
    }
