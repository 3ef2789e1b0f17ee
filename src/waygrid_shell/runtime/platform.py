"""What the API, and the origins beside it, are given of a plant."""

import secrets

from waygrid_shell.api.platform import Platform
from waygrid_shell.origins.acceptance.items import Entropy
from waygrid_shell.origins.acceptance.taking_in import Acceptance
from waygrid_shell.runtime.vitals import Vitals
from waygrid_shell.runtime.wiring import Ports
from waygrid_shell.settings.settings import ServerSettings
from waygrid_shell.telemetry.metrics import Metrics


def acceptance_over(
    ports: Ports, settings: ServerSettings, metrics: Metrics, entropy: Entropy = secrets.token_bytes
) -> Acceptance:
    """What takes traversals in, over these ports. One of a process is enough: it counts what is under way."""
    return Acceptance(
        event_log=ports.event_log,
        claim_book=ports.claim_book,
        journal=ports.journal,
        dag_store=ports.dag_store,
        clock=ports.clock,
        settings=settings,
        metrics=metrics,
        entropy=entropy,
    )


def platform_over(
    ports: Ports, settings: ServerSettings, metrics: Metrics, vitals: Vitals, acceptance: Acceptance | None = None
) -> Platform:
    """The platform that stands on these ports; `acceptance` is one of the process, if it has one already."""
    return Platform(
        journal=ports.journal,
        dag_store=ports.dag_store,
        event_log=ports.event_log,
        claim_book=ports.claim_book,
        seen_ledger=ports.seen_ledger,
        channel_log=ports.channel_log,
        live_feed=ports.live_feed,
        principal_store=ports.principal_store,
        audit_log=ports.audit_log,
        presence=ports.presence,
        rate_limiter=ports.rate_limiter,
        clock=ports.clock,
        acceptance=acceptance or acceptance_over(ports, settings, metrics),
        settings=settings,
        metrics=metrics,
        health=vitals.health,
    )
