"""Takes traversals and events in: what this returns from is kept, and will run to its end."""

from collections.abc import Mapping, Sequence

from attrs import Factory, frozen

from waygrid_core.dag.dag import CompiledDag
from waygrid_core.envelope.stamps import Trace
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.traversal.signals import Known


class NoRoom(Exception):  # noqa: N818 - it says what happened
    """Too much waits already. Nothing was taken in; try again after `retry_after_seconds`."""

    def __init__(self, reason: str, retry_after_seconds: int) -> None:
        super().__init__(reason)
        self.retry_after_seconds = retry_after_seconds


class KeyReused(Exception):  # noqa: N818 - it says what happened
    """An idempotency key came again with another request."""


@frozen(kw_only=True)
class Wanted:
    """A traversal that somebody wants. `idempotency_key` None: another one each time it is asked for."""

    compiled: CompiledDag
    payload: JsonValue
    entry: int = 0
    name: str | None = None
    labels: Mapping[str, str] = Factory(dict)
    known: Known = Factory(dict)
    idempotency_key: str | None = None
    trace: Trace | None = None


class Acceptance:
    """See the module."""

    async def take_in(self, wanted: Sequence[Wanted]) -> Sequence[TraversalId]:
        """Keep them all, or none; their traversals, in order. Raises `NoRoom`, `KeyReused` and what ports raise."""
        raise NotImplementedError

    async def take_event(self, event: str, key: str, data: JsonValue, *, idempotency_key: str | None) -> str:
        """Keep an event for whoever waits for it, now or later; its id. Raises as `take_in`."""
        raise NotImplementedError
