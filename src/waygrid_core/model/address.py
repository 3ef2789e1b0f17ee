"""Where a service lives: `waygrid://<component>/<service>`."""

import re
from typing import Final, Literal, TypeAlias

from attrs import frozen

from waygrid_core.outcome import Failure, Outcome, Success

Component: TypeAlias = Literal["origin", "processor", "destination", "system"]

COMPONENTS: Final[tuple[Component, ...]] = ("origin", "processor", "destination", "system")
SERVICE_PATTERN: Final = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
ADDRESS_PATTERN: Final = rf"waygrid://(origin|processor|destination|system)/{SERVICE_PATTERN}"
_ADDRESS: Final = re.compile(ADDRESS_PATTERN)


@frozen(cache_hash=True)
class ServiceAddress:
    """The address of a service; `str()` gives its text."""

    component: Component
    service: str

    def __str__(self) -> str:
        return f"waygrid://{self.component}/{self.service}"

    @property
    def short(self) -> str:
        """The address without its scheme, as scenarios name nodes: `processor/openai`."""
        return f"{self.component}/{self.service}"


INBOX: Final = ServiceAddress("system", "inbox")
WAYSTATION: Final = ServiceAddress("system", "waystation")
SCHEDULER: Final = ServiceAddress("system", "scheduler")


def parse_address(text: str) -> Outcome[ServiceAddress, str]:
    """The address that `text` writes, or a sentence that says what would be right."""
    if _ADDRESS.fullmatch(text) is None:
        return Failure(
            f"{text!r} is no address; write waygrid://<component>/<service>, component one of "
            f"{', '.join(COMPONENTS)}, service of a-z, 0-9 and inner hyphens"
        )
    component, _, service = text.removeprefix("waygrid://").partition("/")
    for known in COMPONENTS:
        if component == known:
            return Success(ServiceAddress(known, service))
    raise AssertionError(component)
