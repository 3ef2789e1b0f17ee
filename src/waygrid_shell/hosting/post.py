"""How a message goes into a record of the event log, and how it comes out again."""

from typing import Final

from waygrid_core.codec.wire import decode_message, encode_message

from waygrid_core.message.identity import ordering_key
from waygrid_core.message.messages import Message
from waygrid_core.model.address import ServiceAddress
from waygrid_core.model.topic import dead_letter_topic, topic_name
from waygrid_core.outcome import Failure, Outcome, Success
from waygrid_shell.ports.event_log import LogRecord

REASON_HEADER: Final = "waygrid-dead-letter-reason"


def seal(receiver: ServiceAddress, message: Message, message_id: str) -> LogRecord:
    """The record that takes `message` to `receiver`."""
    return LogRecord(topic_name(receiver), ordering_key(receiver, message), message_id, encode_message(message))


def unseal(record: LogRecord) -> Outcome[Message, str]:
    """The message in a record, or why there is none."""
    decoded = decode_message(record.value)
    return Failure(str(decoded.failure())) if isinstance(decoded, Failure) else Success(decoded.unwrap())


def dead_letter(record: LogRecord, reason: str) -> LogRecord:
    """The record on its way to where those go that nobody can handle, with the reason for whoever looks there."""
    headers = {**record.headers, REASON_HEADER: reason}
    return LogRecord(dead_letter_topic(record.topic), record.key, record.id, record.value, headers)
