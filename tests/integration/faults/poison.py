"""Records that nobody can read."""

from typing import Final

from waygrid_core.envelope.transport import TransportEnvelope

_HEADERS: Final = {
    "ce_specversion": "1.0",
    "ce_type": "io.waygrid.NodeTraversalRequested.v1",
    "ce_source": "waygrid://system/waystation",
    "ce_time": "2026-01-31T08:00:00Z",
    "content-type": "application/json",
}


def poison(topic: str, name: str | None = None) -> list[TransportEnvelope]:
    """No JSON, no CloudEvent, and a message of the future. Their ids begin with `name`, or with the topic."""
    ids = [f"{name or topic}-{number}" for number in (1, 2, 3)]
    future = {"ce_id": ids[2], "ce_type": "io.waygrid.NodeTraversalRequested.v999"}
    value = b'{"type": "NodeTraversalRequested.v999"}'
    return [
        TransportEnvelope(topic=topic, key="k", headers={**_HEADERS, "ce_id": ids[0]}, value=b"\xff{"),
        TransportEnvelope(topic=topic, key="k", headers={"ce_id": ids[1]}, value=b"{}"),
        TransportEnvelope(topic=topic, key="k", headers={**_HEADERS, **future}, value=value),
    ]
