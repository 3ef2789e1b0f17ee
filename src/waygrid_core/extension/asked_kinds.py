"""What the machine asks a node kind, so that whatever the kind does is an answer."""

from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen

from waygrid_core.extension.answers import Ask, Done, Heard, Refuse
from waygrid_core.extension.calling import Broken, guarded, require_json
from waygrid_core.extension.extension import NodeKind
from waygrid_core.extension.plain import plain_copy
from waygrid_core.model.address import INBOX, ServiceAddress
from waygrid_core.model.json_value import JsonValue

MOST_ROUNDS: Final = 10_000
"""No kind asks more often, whatever it says: every traversal ends in a bounded number of steps."""


@frozen
class Memory:
    """What a kind remembers."""

    value: JsonValue


@frozen
class Question:
    """What a round's dispatch is given besides its input; to the inbox, the event that it waits for."""

    parameters: Mapping[str, JsonValue]


def address_of(kind: NodeKind) -> ServiceAddress:
    """Who is asked. Of a kind that cannot say it, the inbox: no question is put then, see `question_of`."""
    address = _address_of(kind)
    return INBOX if isinstance(address, Broken) else address


def fault_of(kind: NodeKind) -> str | None:
    """What is wrong with whom it asks, in a sentence; None if nothing is."""
    address = _address_of(kind)
    asked = _event_of(kind) if address == INBOX else address
    return asked.message if isinstance(asked, Broken) else None


def event_of(kind: NodeKind) -> str | None:
    """The event that answers it; None for a kind that a service answers, or that cannot say it."""
    event = _event_of(kind) if _address_of(kind) == INBOX else None
    return None if isinstance(event, Broken) else event


def first_memory_of(kind: NodeKind, given: JsonValue) -> Memory | Broken:
    """What it remembers before the first answer."""
    return guarded(kind, "start", lambda: kind.start(given), lambda memory: Memory(_own(memory)), "JSON")


def question_of(kind: NodeKind, memory: JsonValue, given: JsonValue) -> Question | Broken:
    """What it asks while it remembers `memory`."""
    address = _address_of(kind)
    if isinstance(address, Broken):
        return address
    parameters = guarded(
        kind, "parameters", lambda: kind.parameters(plain_copy(memory), given), _parameters, "an object of JSON by name"
    )
    if isinstance(parameters, Broken) or address != INBOX:
        return parameters
    event = _event_of(kind)
    if isinstance(event, Broken):
        return event
    return Question({**parameters.parameters, "event": event})


def heard_by(kind: NodeKind, memory: JsonValue, answer: JsonValue) -> Heard | Broken:
    """What an answer means."""
    return guarded(kind, "heard", lambda: kind.heard(plain_copy(memory), answer), _heard, "Done, Refuse or Ask")


def most_rounds_of(kind: NodeKind) -> int:
    """How often it may ask."""
    most = kind.most_rounds
    return max(1, min(most, MOST_ROUNDS))


def _event_of(kind: NodeKind) -> str | Broken:
    return guarded(kind, "signal", lambda: kind.signal, _event, "the name of an event, since it asks the inbox")


def _address_of(kind: NodeKind) -> ServiceAddress | Broken:
    wanted = "the address of an origin, a processor, a destination or the inbox"
    return guarded(kind, "address", lambda: kind.address, _who_can_be_asked, wanted)


def _who_can_be_asked(address: Any) -> ServiceAddress | None:
    if not isinstance(address, ServiceAddress) or (address.component == "system" and address != INBOX):
        return None
    return address


def _event(name: Any) -> str | None:
    return name if isinstance(name, str) and name else None


def _parameters(given: Any) -> Question | None:
    if not isinstance(given, Mapping):
        return None
    parameters = _own(given)
    assert isinstance(parameters, dict), "the copy of an object is one"
    if not isinstance(parameters.get("key", ""), str):
        raise ValueError("the key of an event is a text")
    return Question(parameters)


def _heard(answer: Any) -> Heard | None:
    match answer:
        case Done(output=output):
            return Done(_own(output))
        case Ask(memory=memory):
            return Ask(_own(memory))
        case Refuse(code=str(), message=str()) if answer.code:
            return answer
        case _:
            return None


def _own(value: Any) -> JsonValue:
    return plain_copy(require_json(value))
