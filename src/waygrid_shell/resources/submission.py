"""What is handed in, and what is said of it at once."""

from collections.abc import Mapping
from typing import Literal

from attrs import Factory, frozen

from waygrid_core.model.json_value import JsonValue


@frozen(kw_only=True)
class Submission:
    """A traversal that somebody wants: of a Spec (its document, or its YAML or JSON as a text), or of a stored DAG.

    Exactly one of `spec` and `dag` is given. Without a `name`, it is called as its Spec is.
    """

    spec: JsonValue = None
    dag: str | None = None
    payload: JsonValue = Factory(dict)
    entry: int = 0
    name: str | None = None
    labels: Mapping[str, str] = Factory(dict)


@frozen(kw_only=True)
class Batch:
    """Many payloads of one Spec or DAG; `labels` are for each of them."""

    spec: JsonValue = None
    dag: str | None = None
    payloads: tuple[JsonValue, ...]
    entry: int = 0
    name: str | None = None
    labels: Mapping[str, str] = Factory(dict)


@frozen(kw_only=True)
class Accepted:
    """It is kept, and will run to its end.

    `links` are paths: self, history, live, cancel, pause, resume, signals, retry.
    """

    id: str
    dag: str
    links: Mapping[str, str]


@frozen(kw_only=True)
class AcceptedBatch:
    """All of them are kept, in the order of their payloads."""

    dag: str
    ids: tuple[str, ...]


@frozen(kw_only=True)
class RetryRequest:
    """Retry a traversal: with the same Spec or a corrected one, taking over what it did.

    Without `spec` and `dag` it is the same. `nodes` names (by id) what to take over; None: all that it may. `labels`
    are added to those that the traversal had.
    """

    spec: JsonValue = None
    dag: str | None = None
    nodes: tuple[str, ...] | None = None
    labels: Mapping[str, str] = Factory(dict)


@frozen(kw_only=True)
class CancelRequest:
    """Why it is canceled, for people."""

    reason: str | None = None


@frozen(kw_only=True)
class Steered:
    """What was asked of a traversal is kept, and will be heard after all that came before it."""

    id: str
    asked: Literal["cancel", "pause", "resume"]
    links: Mapping[str, str]


@frozen(kw_only=True)
class EventSent:
    """An event that is kept, for who waits for it now or later."""

    id: str
    event: str
    key: str


@frozen(kw_only=True)
class SignalToSend:
    """What is said to a traversal: the type of one of its Spec's signals, and data that this understands."""

    type: str
    data: JsonValue = Factory(dict)


@frozen(kw_only=True)
class SignalSent:
    """What was said to a traversal is kept, and will be heard, once, after all that came before it."""

    id: str
    type: str
    links: Mapping[str, str]


@frozen(kw_only=True)
class SpecError:
    """One problem of a Spec."""

    code: str
    pointer: str
    message: str


@frozen(kw_only=True)
class SpecVerdict:
    """Whether a Spec is right; `dag` is its hash then.

    `verification` is what `waygrid verify --format json` says of one file, if it was asked for.
    """

    valid: bool
    dag: str | None = None
    errors: tuple[SpecError, ...] = ()
    verification: JsonValue = None
