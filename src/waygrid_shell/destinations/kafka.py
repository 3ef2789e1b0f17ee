"""`waygrid://destination/kafka`: writes the node's input as JSON to a topic of the user's.

Parameters:

- `topic` (needed), `key` (a text, number or truth value: records of one key keep their order), `headers` (an object),
  `value` (instead of the input);
- `cloudEvent`: an object of attributes, `type` needed, `source`, `subject`, and others. Then the record is a CloudEvent
  in binary mode, whose `id` is the idempotency key of the delivery unless another is given.

Each record has the headers `idempotency-key`, the same for all attempts at one node of one traversal (a reader that
remembers it acts once, however often the delivery is made), `waygrid-traversal`, `content-type` and, inside a trace,
`traceparent`.

The verdict: written means that every replica that must has it; output `{"topic", "partition", "offset"}`. Failures:
`unreachable`, where Kafka does not answer: the retry policy makes the delivery again. `bad-value`, which no policy
retries: Kafka will not have that record (no such topic, too large, not allowed), a parameter is wrong, or the settings
name no Kafka.
"""

import re
from collections.abc import Mapping
from typing import Final

from waygrid_core.codec.json_bytes import write_json
from waygrid_core.model.instant import write_instant
from waygrid_core.model.json_value import JsonValue
from waygrid_shell.hosting.attempt import Attempt, Failed
from waygrid_shell.hosting.parameters import optional_object, record_headers, refuse_unknown
from waygrid_shell.ports.clock import Clock
from waygrid_shell.ports.failure import PortFailure
from waygrid_shell.ports.record_log import Posting, RecordLog, Refused
from waygrid_shell.telemetry.tracing import current_trace

_PARAMETERS: Final = frozenset({"topic", "key", "headers", "value", "cloudEvent"})
_TOPIC: Final = re.compile(r"[A-Za-z0-9._-]{1,249}")
_ATTRIBUTE: Final = re.compile("[a-z0-9]{1,20}")
_SPEC_VERSION: Final = "1.0"
_SOURCE: Final = "waygrid://destination/kafka"
_NO_KAFKA: Final = (
    'no Kafka is known to the worker of this address; write servers = ["..."] below [kafka] of the settings and start '
    "it again"
)


class KafkaDestination:
    """See the module. A `Handler` over the log of the users' topics; None: there is none."""

    def __init__(self, record_log: RecordLog | None, clock: Clock) -> None:
        self._log = record_log
        self._clock = clock

    async def __call__(self, attempt: Attempt) -> JsonValue:
        """Raises `Failed`, as the module says."""
        parameters = attempt.parameters
        refuse_unknown(parameters, _PARAMETERS)
        posting = Posting(
            topic=_topic(parameters),
            key=_key(parameters),
            value=write_json(parameters.get("value", attempt.input)),
            headers=self._headers(attempt),
        )
        if self._log is None:
            raise Failed("bad-value", _NO_KAFKA)
        try:
            partition, offset = await self._log.post(posting)
        except Refused as error:
            raise Failed("bad-value", f"topic {posting.topic}: {error}") from error
        except PortFailure as error:
            raise Failed("unreachable", f"topic {posting.topic}: {error}") from error
        return {"topic": posting.topic, "partition": partition, "offset": offset}

    def _headers(self, attempt: Attempt) -> Mapping[str, bytes]:
        """Those that are given go over ours, but for those by which a reader knows a delivery again."""
        trace = current_trace()
        traced = {} if trace is None else {"traceparent": trace.traceparent}
        if trace is not None and trace.tracestate:
            traced["tracestate"] = trace.tracestate
        headers = {
            "content-type": "application/json",
            **traced,
            **record_headers(attempt.parameters),
            **self._attributes(attempt),
            "idempotency-key": attempt.idempotency_key,
            "waygrid-traversal": attempt.traversal,
        }
        return {name: text.encode() for name, text in headers.items()}

    def _attributes(self, attempt: Attempt) -> Mapping[str, str]:
        given = optional_object(attempt.parameters, "cloudEvent")
        if given is None:
            return {}
        attributes = {
            "specversion": _SPEC_VERSION,
            "id": attempt.idempotency_key,
            "source": _SOURCE,
            "time": write_instant(self._clock.now()),
        }
        for name, value in given.items():
            if _ATTRIBUTE.fullmatch(name) is None or name in ("specversion", "datacontenttype", "data"):
                raise Failed("bad-value", f"cloudEvent: {name[:40]!r} is no attribute that a node can set")
            if value is not None:
                attributes[name] = _scalar(value, f"cloudEvent: the attribute {name}")
        if not attributes.get("type"):
            raise Failed("bad-value", "cloudEvent: its type is missing; write one such as com.example.order.paid")
        return {f"ce_{name}": text for name, text in attributes.items()}


def _topic(parameters: Mapping[str, JsonValue]) -> str:
    topic = parameters.get("topic")
    if not isinstance(topic, str) or _TOPIC.fullmatch(topic) is None:
        said = f"the parameter topic is {str(topic)[:60]!r}; write the name of a topic: letters, digits and . _ -"
        raise Failed("bad-value", said)
    return topic


def _key(parameters: Mapping[str, JsonValue]) -> bytes | None:
    key = parameters.get("key")
    return None if key is None else _scalar(key, "the parameter key").encode()


def _scalar(value: JsonValue, what: str) -> str:
    """A text as it is, numbers and truth values as JSON has them. Raises `Failed`."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return write_json(value).decode()
    raise Failed("bad-value", f"{what} is no text")
