"""What is shown of a traversal, made of what the journal and the claim book know."""

from datetime import UTC, datetime

from waygrid_core.history.status import shown_status
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.ulid import ulid_milliseconds
from waygrid_shell.api.platform import Platform
from waygrid_shell.ports.journal import Summary
from waygrid_shell.resources.links import links_of
from waygrid_shell.resources.traversal import ErrorView, TraversalSummary, TraversalView


async def view(platform: Platform, traversal_id: TraversalId, at: int | None = None) -> TraversalView | None:
    """The traversal, whole; None for one that nobody handed in."""
    del at
    summary = (await platform.journal.summaries([traversal_id])).get(traversal_id)
    if summary is None:
        if traversal_id not in await platform.claim_book.notes([traversal_id]):
            return None
        return TraversalView(
            id=traversal_id,
            status="accepted",
            dag=None,
            root=traversal_id,
            version=0,
            begun_at=datetime.fromtimestamp(ulid_milliseconds(traversal_id) / 1000, UTC),
            links=links_of(traversal_id),
        )
    shown = summary_of(summary)
    return TraversalView(
        id=shown.id,
        status=shown.status,
        dag=shown.dag,
        root=shown.root,
        version=shown.version,
        begun_at=shown.begun_at,
        ended_at=shown.ended_at,
        name=shown.name,
        labels=shown.labels,
        output=summary.output,
        error=shown.error,
        reason=shown.reason,
        links=links_of(traversal_id),
    )


def summary_of(summary: Summary) -> TraversalSummary:
    """A line of a list."""
    return TraversalSummary(
        id=summary.traversal,
        status=shown_status(summary.status),
        dag=summary.origin.dag,
        root=summary.origin.root,
        version=summary.version,
        begun_at=summary.begun_at,
        ended_at=summary.ended_at,
        name=summary.origin.name,
        labels=summary.origin.labels,
        error=None if summary.error is None else ErrorView(code=summary.error.code, message=summary.error.message),
        reason=summary.reason,
    )
