"""What traversals and events are read from beside the HTTP API: the settings of origins."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from attrs import Factory, frozen

RecordFormat: TypeAlias = Literal["auto", "json", "text", "base64"]
"""How the value of a record is read. `auto`: as its content type says, and as JSON where it says nothing."""


@frozen(kw_only=True)
class KafkaOrigin:
    """Topics of the user's, and what becomes of each record: a traversal of `spec`, or the event `event`.

    Places in a record are JSON pointers into what `waygrid_shell.origins.kafka.record` makes of it. Where a text may
    stand too, one that begins with a slash is a pointer.
    """

    name: str
    topics: tuple[str, ...]
    group: str
    """The consumer group, as it is called in Kafka."""
    spec: str | None = None
    """The file of a Spec, or the hash of a DAG that is stored."""
    entry: int = 0
    event: str | None = None
    """The name of the event: a text or a pointer."""
    event_key: str | None = None
    """Where the key of the event is."""
    payload: str = "/value"
    """Where the payload is, or the data of the event."""
    idempotency_key: str | None = None
    """Where it is; None: source and id of a CloudEvent, and else topic, partition and offset."""
    traversal_name: str | None = None
    """A text or a pointer."""
    labels: Mapping[str, str] = Factory(dict)
    """Texts or pointers; a label whose pointer finds nothing is left out."""
    format: RecordFormat = "auto"


@frozen(kw_only=True)
class OriginsSettings:
    """All of them, by kind."""

    kafka: tuple[KafkaOrigin, ...] = ()
