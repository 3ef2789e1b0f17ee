"""Topics: where the messages to a service stand. `<component>.<service>`, with an optional prefix before it."""

from typing import Final

from waygrid_core.model.address import ServiceAddress, parse_address
from waygrid_core.outcome import Failure, Outcome, Success

DEAD_LETTER_SUFFIX: Final = ".dead-letter"


def topic_name(address: ServiceAddress, prefix: str = "") -> str:
    """The topic of a service: `system.waystation`; with prefix `acme`, `acme.system.waystation`."""
    name = f"{address.component}.{address.service}"
    return f"{prefix}.{name}" if prefix else name


def dead_letter_topic(topic: str) -> str:
    """Where records of `topic` go that nobody can handle."""
    return topic + DEAD_LETTER_SUFFIX


def parse_topic(topic: str, prefix: str = "") -> Outcome[ServiceAddress, str]:
    """The service whose topic this is, or a sentence that says why it is nobody's."""
    name = topic
    if prefix:
        name = topic.removeprefix(f"{prefix}.")
        if name == topic:
            return Failure(f"topic {topic!r} does not begin with {prefix + '.'!r}")
    component, _, service = name.partition(".")
    parsed = parse_address(f"waygrid://{component}/{service}")
    if isinstance(parsed, Failure):
        return Failure(f"{topic!r} is no service's topic; write <component>.<service>, such as processor.openai")
    return Success(parsed.unwrap())
