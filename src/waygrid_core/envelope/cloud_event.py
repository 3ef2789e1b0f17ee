"""The attributes of a CloudEvent 1.0, and the headers that they are in binary mode on Kafka.

Attributes are headers with the prefix `ce_`; the type of the data is `content-type`. The trace stands without prefix,
as `traceparent`, where instrumentations of Kafka clients look for it.

Source: CloudEvents 1.0.2, its Kafka protocol binding, and W3C Trace Context.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Final

from attrs import frozen

from waygrid_core.codec.decode_error import DecodeError
from waygrid_core.envelope.stamps import NO_STAMPS, Stamps, parse_trace
from waygrid_core.model.instant import parse_instant, write_instant
from waygrid_core.outcome import Failure, Outcome, Success

SPEC_VERSION: Final = "1.0"
CONTENT_TYPE: Final = "application/json"
TYPE_PREFIX: Final = "io.waygrid."
_MAX_COUNT_DIGITS: Final = 9

_NEEDED: Final = ("ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time")

# What is sent in one batch is sent at one instant, and what belongs to one traversal in one trace.
_write_instant: Final = lru_cache(maxsize=64)(write_instant)
_parse_instant: Final = lru_cache(maxsize=1_024)(parse_instant)
_parse_trace: Final = lru_cache(maxsize=4_096)(parse_trace)


@frozen(kw_only=True)
class CloudEventAttributes:
    """What the headers of a record say. `type` is `io.waygrid.` and the tag of the message."""

    id: str
    type: str
    source: str
    time: datetime
    subject: str | None = None
    stamps: Stamps = NO_STAMPS


def write_headers(
    *, event_id: str, event_type: str, source: str, time: datetime, subject: str | None, stamps: Stamps
) -> dict[str, str]:
    """The headers of a record in binary mode; those that say nothing are left out."""
    headers = {
        "ce_specversion": SPEC_VERSION,
        "ce_id": event_id,
        "ce_type": event_type,
        "ce_source": source,
        "ce_time": _write_instant(time),
        "content-type": CONTENT_TYPE,
    }
    if subject is not None:
        headers["ce_subject"] = subject
    if stamps.causation is not None:
        headers["ce_causationid"] = stamps.causation
    if stamps.hops:
        headers["ce_hops"] = str(stamps.hops)
    if stamps.scheduled_at is not None:
        headers["ce_scheduledat"] = write_instant(stamps.scheduled_at)
    if stamps.delivery != 1:
        headers["ce_delivery"] = str(stamps.delivery)
    if stamps.trace is not None:
        headers["traceparent"] = stamps.trace.traceparent
        if stamps.trace.tracestate:
            headers["tracestate"] = stamps.trace.tracestate
    return headers


def read_headers(headers: Mapping[str, str]) -> Outcome[CloudEventAttributes, DecodeError]:
    """The attributes that such headers write. Headers that are not ours are passed over."""
    attributes = attributes_of(headers)
    return Failure(attributes) if isinstance(attributes, DecodeError) else Success(attributes)


def attributes_of(headers: Mapping[str, str]) -> CloudEventAttributes | DecodeError:
    """The same, without a container around what comes of it: every record that arrives is read by this."""
    get = headers.get
    event_id, event_type, source, sent = get("ce_id"), get("ce_type"), get("ce_source"), get("ce_time")
    version, content_type = get("ce_specversion"), get("content-type", CONTENT_TYPE)
    if not (version and event_id and event_type and source and sent):
        missing = next(name for name in _NEEDED if not get(name))
        return DecodeError(missing, "this header is missing")
    if version != SPEC_VERSION:
        return DecodeError("ce_specversion", f"CloudEvents {SPEC_VERSION} is expected")
    if content_type != CONTENT_TYPE and content_type.partition(";")[0].strip().lower() != CONTENT_TYPE:
        return DecodeError("content-type", f"{CONTENT_TYPE} is expected")
    time = _parse_instant(sent)
    if isinstance(time, Failure):
        return DecodeError("ce_time", time.failure())
    stamps = _read_stamps(headers)
    if isinstance(stamps, DecodeError):
        return stamps
    return CloudEventAttributes(
        id=event_id, type=event_type, source=source, time=time.unwrap(), subject=get("ce_subject"), stamps=stamps
    )


def _read_stamps(headers: Mapping[str, str]) -> Stamps | DecodeError:
    get = headers.get
    scheduled, hops, delivery, traceparent = map(get, ("ce_scheduledat", "ce_hops", "ce_delivery", "traceparent"))
    scheduled_at = None
    if scheduled is not None:
        parsed = parse_instant(scheduled)
        if isinstance(parsed, Failure):
            return DecodeError("ce_scheduledat", parsed.failure())
        scheduled_at = parsed.unwrap()
    for name, count in (("ce_hops", hops), ("ce_delivery", delivery)):
        if count is not None and not (count.isascii() and count.isdigit() and len(count) <= _MAX_COUNT_DIGITS):
            return DecodeError(name, "a whole number is expected")
    return Stamps(
        trace=None if traceparent is None else _parse_trace(traceparent, get("tracestate", "")),
        causation=get("ce_causationid"),
        hops=0 if hops is None else int(hops),
        scheduled_at=scheduled_at,
        delivery=1 if delivery is None else int(delivery),
    )
