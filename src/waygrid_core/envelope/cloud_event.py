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

_write_instant: Final = lru_cache(maxsize=64)(write_instant)  # what is sent in one batch is sent at one instant


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
    for name in ("ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time"):
        if not headers.get(name):
            return Failure(DecodeError(name, "this header is missing"))
    if headers["ce_specversion"] != SPEC_VERSION:
        return Failure(DecodeError("ce_specversion", f"CloudEvents {SPEC_VERSION} is expected"))
    content_type = headers.get("content-type", CONTENT_TYPE).partition(";")[0].strip().lower()
    if content_type != CONTENT_TYPE:
        return Failure(DecodeError("content-type", f"{CONTENT_TYPE} is expected"))
    time = _read_instant(headers, "ce_time")
    if isinstance(time, Failure):
        return time
    stamps = _read_stamps(headers)
    if isinstance(stamps, Failure):
        return stamps
    return Success(
        CloudEventAttributes(
            id=headers["ce_id"],
            type=headers["ce_type"],
            source=headers["ce_source"],
            time=time.unwrap(),
            subject=headers.get("ce_subject"),
            stamps=stamps.unwrap(),
        )
    )


def _read_stamps(headers: Mapping[str, str]) -> Outcome[Stamps, DecodeError]:
    scheduled_at = None
    if "ce_scheduledat" in headers:
        scheduled = _read_instant(headers, "ce_scheduledat")
        if isinstance(scheduled, Failure):
            return scheduled
        scheduled_at = scheduled.unwrap()
    hops, delivery = _read_count(headers, "ce_hops", 0), _read_count(headers, "ce_delivery", 1)
    if isinstance(hops, Failure):
        return hops
    if isinstance(delivery, Failure):
        return delivery
    return Success(
        Stamps(
            trace=parse_trace(headers.get("traceparent", ""), headers.get("tracestate", "")),
            causation=headers.get("ce_causationid"),
            hops=hops.unwrap(),
            scheduled_at=scheduled_at,
            delivery=delivery.unwrap(),
        )
    )


def _read_instant(headers: Mapping[str, str], name: str) -> Outcome[datetime, DecodeError]:
    parsed = parse_instant(headers[name])
    return Failure(DecodeError(name, parsed.failure())) if isinstance(parsed, Failure) else Success(parsed.unwrap())


def _read_count(headers: Mapping[str, str], name: str, default: int) -> Outcome[int, DecodeError]:
    text = headers.get(name)
    if text is None:
        return Success(default)
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_COUNT_DIGITS):
        return Failure(DecodeError(name, "a whole number is expected"))
    return Success(int(text))
