"""Traversals that a list may show: users' and their children, by whatever a query asks for."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from attrs import evolve

from tests.contract.traversals import NOON, Story, chain
from waygrid_core.children.plan import SinglePlan
from waygrid_core.envelope.stamps import Trace
from waygrid_core.message.parent import NodeParent
from waygrid_core.model.digest import digest_bytes
from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_core.model.ulid import child_id, ulid_from
from waygrid_core.traversal.signals import Cancel, Pause
from waygrid_core.traversal.state import TraversalStatus
from waygrid_shell.ports.journal import Change, Origin

SHORT, LONG = chain(1), chain(2)


def id_of(number: int, made_at: datetime = NOON) -> TraversalId:
    """An id of that time; of two of one time, the one with the higher number is the newer."""
    entropy = number.to_bytes(4, "big") + digest_bytes(str(number).encode())[:6]
    return TraversalId(ulid_from(round(made_at.timestamp() * 1_000), entropy))


def child_of(parent: TraversalId, number: int) -> TraversalId:
    """The id of a child."""
    return child_id(parent, str(number))


def listed(
    traversal: TraversalId,
    *,
    status: TraversalStatus = "Completed",
    begun_at: datetime = NOON,
    ended_after: timedelta = timedelta(0),
    name: str | None = None,
    labels: Mapping[str, str] | None = None,
    is_long: bool = False,
    root: TraversalId | None = None,
    trace: Trace | None = None,
) -> Change:
    """A traversal that has run from its beginning to that status."""
    compiled = LONG if is_long else SHORT
    story = Story(compiled, traversal).begin({"id": traversal})
    match status:
        case "Completed":
            while not story.state.has_ended:
                story.succeed({"done": traversal})
        case "Failed":
            story.fail()
        case "Canceled":
            story.hear(Cancel(traversal, "not wanted"))
        case "Paused":
            story.hear(Pause(traversal))
        case _:
            pass
    assert story.state.status == status, "the story ends as it should"
    change = story.change()
    first, *others = change.decisions
    late = begun_at + ended_after
    return evolve(
        change,
        origin=Origin(
            plan=SinglePlan(compiled.dag.hash),
            parent=None if root is None else NodeParent(root, NodeId("0" * 16), 1),
            root=root or traversal,
            name=name,
            labels=labels or {},
            trace=trace,
        ),
        decisions=(evolve(first, at=begun_at), *(evolve(each, at=late) for each in others)),
    )
