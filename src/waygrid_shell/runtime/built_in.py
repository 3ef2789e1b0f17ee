"""What every plant serves by itself, unless the user's app serves the address."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

from waygrid_core.model.address import ServiceAddress
from waygrid_shell.destinations.blackhole import blackhole
from waygrid_shell.destinations.kafka import KafkaDestination
from waygrid_shell.destinations.webhook import WebhookDestination
from waygrid_shell.destinations.websocket import WebsocketDestination
from waygrid_shell.hosting.apart.processes import open_expression_processes
from waygrid_shell.hosting.handler import Served
from waygrid_shell.hosting.http_client import CONNECTIONS, open_client
from waygrid_shell.processors.http import HttpProcessor
from waygrid_shell.processors.openai.processor import OpenaiProcessor
from waygrid_shell.processors.transform import TransformProcessor
from waygrid_shell.runtime.wiring import Ports
from waygrid_shell.settings.settings import Settings

HTTP: Final = ServiceAddress("processor", "http")
OPENAI: Final = ServiceAddress("processor", "openai")
TRANSFORM: Final = ServiceAddress("processor", "transform")
WEBHOOK: Final = ServiceAddress("destination", "webhook")
WEBSOCKET: Final = ServiceAddress("destination", "websocket")
KAFKA: Final = ServiceAddress("destination", "kafka")
BLACKHOLE: Final = ServiceAddress("destination", "blackhole")

_POSTINGS: Final = 1_000
"""Deliveries to Kafka at once: they wait for replicas, and share their requests."""

BUILT_IN: Final = frozenset({HTTP, OPENAI, TRANSFORM, WEBHOOK, WEBSOCKET, KAFKA, BLACKHOLE})
"""The addresses of `built_in`."""


@asynccontextmanager
async def built_in(ports: Ports, settings: Settings) -> AsyncIterator[Mapping[ServiceAddress, Served]]:
    """The handlers, which work as long as the context lasts."""
    clock = ports.clock
    async with open_client(settings.outbound) as client, open_expression_processes() as processes:
        yield {
            HTTP: Served(handler=HttpProcessor(client), concurrency=CONNECTIONS),
            OPENAI: Served(handler=OpenaiProcessor(client, processes, settings.openai)),
            TRANSFORM: Served(handler=TransformProcessor(processes)),
            WEBHOOK: Served(handler=WebhookDestination(client, clock), concurrency=CONNECTIONS),
            WEBSOCKET: Served(handler=WebsocketDestination(ports.channel_log, clock)),
            KAFKA: Served(handler=KafkaDestination(ports.record_log, clock), concurrency=_POSTINGS),
            BLACKHOLE: Served(handler=blackhole),
        }
