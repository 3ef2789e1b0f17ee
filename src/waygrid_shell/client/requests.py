"""What calls of the client send: paths, queries, headers, and the documents of submissions."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

from waygrid_core.model.instant import write_instant
from waygrid_core.model.json_value import JsonValue
from waygrid_shell.client.given_spec import GivenSpec, spec_document
from waygrid_shell.resources.document import to_json
from waygrid_shell.resources.submission import Submission


def traversal_path(traversal_id: str, what: str = "") -> str:
    """Where a traversal is, or something of it. Raises `ValueError` for what can be no id."""
    return f"/v1/traversals/{path_part(traversal_id)}{f'/{what}' if what else ''}"


def path_part(text: str) -> str:
    """An id or a hash as one part of a path."""
    if not text or "/" in text or text in (".", ".."):
        raise ValueError(f"{text!r} is no id; ids have letters and digits only")
    return quote(text, safe="")


def chosen_spec(spec: GivenSpec | None, dag: str | None) -> JsonValue:
    """The Spec, where it is that and not a DAG that was given. Raises `ValueError` for both, or neither."""
    if (spec is None) == (dag is None):
        raise ValueError("give a spec, or the hash of a stored dag")
    return None if spec is None else spec_document(spec)


def submission_json(
    spec: GivenSpec | None,
    dag: str | None,
    payload: JsonValue,
    entry: int,
    name: str | None,
    labels: Mapping[str, str] | None,
) -> JsonValue:
    """A submission as JSON."""
    submission = Submission(
        spec=chosen_spec(spec, dag),
        dag=dag,
        payload={} if payload is None else payload,
        entry=entry,
        name=name,
        labels=labels or {},
    )
    return to_json(submission)


def request_headers(idempotency_key: str | None, traceparent: str | None = None) -> dict[str, str]:
    """The headers that a caller may give."""
    return dict(given(**{"Idempotency-Key": idempotency_key, "traceparent": traceparent}))


def given(**query: str | None) -> tuple[tuple[str, str], ...]:
    """Those of these that are given, as a query."""
    return tuple((name, value) for name, value in query.items() if value is not None)


def instant_text(instant: datetime | None) -> str | None:
    """An instant as it is sent. Raises `ValueError` for one without an offset."""
    if instant is not None and instant.tzinfo is None:
        raise ValueError(f"{instant} has no offset; give it a time zone, such as datetime.UTC")
    return None if instant is None else write_instant(instant)
