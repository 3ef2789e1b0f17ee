"""What the API needs of the platform that it speaks for."""

from collections.abc import Callable

from attrs import Factory, frozen

from waygrid_shell.api.auditing import Auditor
from waygrid_shell.api.endings import Endings
from waygrid_shell.api.keys import Keys
from waygrid_shell.api.lookout import Lookout
from waygrid_shell.api.rates import Rates
from waygrid_shell.origins.acceptance.taking_in import Acceptance
from waygrid_shell.ports.audit_log import AuditLog
from waygrid_shell.ports.channel_log import ChannelLog
from waygrid_shell.ports.claim_book import ClaimBook
from waygrid_shell.ports.clock import Clock
from waygrid_shell.ports.dag_store import DagStore
from waygrid_shell.ports.event_log import EventLog
from waygrid_shell.ports.journal import Journal
from waygrid_shell.ports.live_feed import LiveFeed
from waygrid_shell.ports.presence import Presence
from waygrid_shell.ports.principal_store import PrincipalStore
from waygrid_shell.ports.rate_limiter import RateLimiter
from waygrid_shell.ports.seen_ledger import SeenLedger
from waygrid_shell.resources.platform import Health
from waygrid_shell.settings.reading import is_loopback
from waygrid_shell.settings.settings import ServerSettings
from waygrid_shell.telemetry.metrics import Metrics


@frozen(kw_only=True)
class Platform:
    """The ports that the API reads and writes, who takes traversals in, and how the platform is."""

    journal: Journal
    dag_store: DagStore
    event_log: EventLog
    claim_book: ClaimBook
    seen_ledger: SeenLedger
    channel_log: ChannelLog
    live_feed: LiveFeed
    principal_store: PrincipalStore
    audit_log: AuditLog
    presence: Presence
    rate_limiter: RateLimiter
    clock: Clock
    acceptance: Acceptance
    settings: ServerSettings
    metrics: Metrics
    health: Callable[[], Health]
    endings: Endings = Factory(lambda self: Endings(self.live_feed, self.journal), takes_self=True)
    """Who waits for the end of a traversal."""
    lookout: Lookout = Factory(lambda self: Lookout(self.live_feed), takes_self=True)
    """Who watches traversals live."""
    keys: Keys = Factory(lambda self: _keys_of(self.settings, self.principal_store), takes_self=True)
    """Whose a key is. Who can be reached from other machines needs one from everybody, whether there is one or not."""
    auditor: Auditor = Factory(
        lambda self: Auditor(self.audit_log, self.clock, self.metrics, is_on=self.settings.audit), takes_self=True
    )
    """Who keeps who asked for what."""
    rates: Rates = Factory(
        lambda self: Rates(self.rate_limiter, self.settings.max_requests_per_second), takes_self=True
    )
    """How many requests a key may send."""


def _keys_of(settings: ServerSettings, store: PrincipalStore) -> Keys:
    return Keys(settings.keys, store, are_always_needed=not is_loopback(settings.host))
