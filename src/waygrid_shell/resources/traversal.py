"""What is shown of a traversal."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, TypeAlias

from attrs import Factory, frozen

from waygrid_core.model.json_value import JsonValue

Status: TypeAlias = Literal["accepted", "running", "paused", "completed", "failed", "canceled", "timed-out"]
"""`accepted`: it is kept, and nothing has been decided yet."""

ENDED: frozenset[Status] = frozenset({"completed", "failed", "canceled", "timed-out"})

NodeStatus: TypeAlias = Literal["waiting", "running", "succeeded", "failed", "timed-out", "canceled", "not-reached"]


@frozen(kw_only=True)
class ErrorView:
    """Why it failed."""

    code: str
    message: str = ""


@frozen(kw_only=True)
class TraversalSummary:
    """A line of a list. `dag` is None for one of which nothing but a cancel was heard."""

    id: str
    status: Status
    dag: str | None
    root: str
    version: int
    begun_at: datetime
    ended_at: datetime | None = None
    name: str | None = None
    labels: Mapping[str, str] = Factory(dict)
    error: ErrorView | None = None
    reason: str | None = None


@frozen(kw_only=True)
class TraversalPage:
    """The newest first; `next` is the path of the next page, None at the end."""

    items: tuple[TraversalSummary, ...]
    next: str | None = None


@frozen(kw_only=True)
class NodeView:
    """A node of a traversal, by its NodeId; `name` is its id in the Spec, else its label, else its service."""

    id: str
    name: str
    kind: str
    status: NodeStatus
    attempt: int = 0
    due_at: datetime | None = None
    input: JsonValue = None
    output: JsonValue = None
    error: ErrorView | None = None
    child: str | None = None
    """The traversal that runs for it, of a call, each or loop."""


@frozen(kw_only=True)
class SeriesView:
    """Where a series or loop is."""

    run: int
    child: str | None = None
    next_at: datetime | None = None


@frozen(kw_only=True)
class WaitView:
    """Something that it waits for: the `answer` of a service, an `event`, a `child`'s end, or a `timer`.

    `node` is the NodeId of whose wait it is, `name` what it is called. `why` says what a timer is for: `delivery`,
    `retry`, `timeout`, `traversal-timeout`, or the `start` of the next run of a series.
    """

    kind: Literal["answer", "event", "child", "timer"]
    node: str | None = None
    name: str | None = None
    attempt: int | None = None
    service: str | None = None
    event: str | None = None
    key: str | None = None
    child: str | None = None
    due_at: datetime | None = None
    why: str | None = None


@frozen(kw_only=True)
class TraversalView:
    """A traversal, whole: as it is, or as it was after its event number `version` of `events_in_all`.

    `waits_for` is what has to happen before it goes on.
    """

    id: str
    status: Status
    dag: str | None
    root: str
    version: int
    begun_at: datetime
    ended_at: datetime | None = None
    name: str | None = None
    labels: Mapping[str, str] = Factory(dict)
    parent: str | None = None
    payload: JsonValue = None
    output: JsonValue = None
    error: ErrorView | None = None
    reason: str | None = None
    nodes: tuple[NodeView, ...] = ()
    series: SeriesView | None = None
    waits_for: tuple[WaitView, ...] = ()
    events_in_all: int = 0
    links: Mapping[str, str] = Factory(dict)
