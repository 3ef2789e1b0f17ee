"""What is shown of the processes of the platform."""

from collections.abc import Mapping
from datetime import datetime

from attrs import Factory, frozen


@frozen(kw_only=True)
class ProcessView:
    """A process that runs. `services` are those that it runs, `addresses` those that its workers serve, and `ailments`
    says of what cannot do its work, why."""

    id: str
    host: str
    pid: int
    version: str
    started_at: datetime
    services: tuple[str, ...]
    addresses: tuple[str, ...] = ()
    ailments: Mapping[str, str] = Factory(dict)


@frozen(kw_only=True)
class ProcessList:
    """All of them, in the order of their ids."""

    items: tuple[ProcessView, ...]
