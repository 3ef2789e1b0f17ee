"""The one table of metrics: name, kind, labels, and what each says. Times are in seconds, and the names say so."""

from typing import Final, Literal, TypeAlias

from attrs import frozen

Kind: TypeAlias = Literal["counter", "gauge", "histogram"]


@frozen
class Metric:
    """One metric, as Prometheus sees it."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    says: str


ACCEPTED: Final = Metric("waygrid_traversals_accepted_total", "counter", ("origin",), "Traversals taken in.")
ENDED: Final = Metric("waygrid_traversals_ended_total", "counter", ("status",), "Users' traversals that have ended.")
STEPS: Final = Metric("waygrid_steps_total", "counter", (), "Decisions of traversals and series.")
TRAVERSAL_SECONDS: Final = Metric(
    "waygrid_traversal_seconds", "histogram", ("status",), "From the begin of a user's traversal to its end."
)
ATTEMPTS: Final = Metric(
    "waygrid_attempts_total", "counter", ("address", "outcome"), "Attempts answered: succeeded, failed, canceled."
)
ATTEMPT_SECONDS: Final = Metric("waygrid_attempt_seconds", "histogram", ("address",), "What a handler took.")
IN_FLIGHT: Final = Metric("waygrid_attempts_in_flight", "gauge", ("address",), "Attempts that handlers work on.")
ABANDONED: Final = Metric(
    "waygrid_attempts_abandoned", "gauge", ("address",), "Attempts whose handlers go on although nobody waits for them."
)
TIMERS_SET: Final = Metric("waygrid_timers_set", "gauge", (), "Timers that are set.")
TIMER_LATE_SECONDS: Final = Metric("waygrid_timer_late_seconds", "histogram", (), "How late timers fired.")
UNFINISHED: Final = Metric("waygrid_traversals_unfinished", "gauge", (), "Traversals that have not ended.")
BACKLOG: Final = Metric("waygrid_backlog_messages", "gauge", ("topic",), "Messages that are not acknowledged.")
DEAD_LETTERS: Final = Metric("waygrid_dead_letters", "gauge", (), "Messages that nobody could handle.")
BATCH_SIZE: Final = Metric("waygrid_batch_messages", "histogram", (), "Messages that the waystation took at once.")
SWEPT: Final = Metric(
    "waygrid_swept_obligations_total", "counter", (), "What traversals wait for and was nowhere: it was sent again."
)
OVERDUE: Final = Metric(
    "waygrid_overdue_obligations_total",
    "counter",
    (),
    "What was sent again in case it was lost: nothing came of it.",
)
REQUESTS: Final = Metric("waygrid_http_requests_total", "counter", ("method", "route", "status"), "Requests answered.")
REQUEST_SECONDS: Final = Metric("waygrid_http_request_seconds", "histogram", ("route",), "What an answer took.")
ORIGIN_RECORDS: Final = Metric(
    "waygrid_origin_records_total", "counter", ("origin", "outcome"), "Records of Kafka origins: taken, dead-letter."
)
AUDIT_LOST: Final = Metric("waygrid_audit_lost_total", "counter", (), "Entries of the audit that could not be kept.")
EVENTS: Final = Metric("waygrid_events_received_total", "counter", (), "Events from outside.")

METRICS: Final = (
    ACCEPTED, ENDED, STEPS, TRAVERSAL_SECONDS, ATTEMPTS, ATTEMPT_SECONDS, IN_FLIGHT, ABANDONED, TIMERS_SET,
    TIMER_LATE_SECONDS, UNFINISHED, BACKLOG, DEAD_LETTERS, BATCH_SIZE, SWEPT, OVERDUE, REQUESTS, REQUEST_SECONDS,
    EVENTS, ORIGIN_RECORDS, AUDIT_LOST,
)  # fmt: skip
