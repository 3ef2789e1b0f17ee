"""What the API is given of a plant."""

from waygrid_shell.api.platform import Platform
from waygrid_shell.origins.http.acceptance import Acceptance
from waygrid_shell.runtime.vitals import Vitals
from waygrid_shell.runtime.wiring import Ports
from waygrid_shell.settings.settings import ServerSettings
from waygrid_shell.telemetry.metrics import Metrics


def platform_over(ports: Ports, settings: ServerSettings, metrics: Metrics, vitals: Vitals) -> Platform:
    """The platform that stands on these ports."""
    acceptance = Acceptance(
        event_log=ports.event_log,
        claim_book=ports.claim_book,
        journal=ports.journal,
        dag_store=ports.dag_store,
        clock=ports.clock,
        settings=settings,
        metrics=metrics,
    )
    return Platform(
        journal=ports.journal,
        dag_store=ports.dag_store,
        event_log=ports.event_log,
        claim_book=ports.claim_book,
        seen_ledger=ports.seen_ledger,
        channel_log=ports.channel_log,
        live_feed=ports.live_feed,
        clock=ports.clock,
        acceptance=acceptance,
        settings=settings,
        metrics=metrics,
        health=vitals.health,
    )
