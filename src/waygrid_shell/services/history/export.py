"""The journal of a traversal, and of all that it began, out of the ports as one document, and in again."""

from collections.abc import Sequence

from waygrid_core.children.either import fold_either, new_either
from waygrid_core.history.journal_file import JournalFile, RecordedDecision, RecordedTraversal
from waygrid_core.model.identifiers import TraversalId
from waygrid_shell.ports.dag_store import DagStore
from waygrid_shell.ports.failure import VersionConflict
from waygrid_shell.ports.journal import Change, Decision, Journal, Origin, Summary
from waygrid_shell.services.history.relatives import family_of


class NotImported(Exception):  # noqa: N818 - it says what happened
    """Why a journal cannot be taken in: a sentence."""


async def exported(journal: Journal, dag_store: DagStore, traversal: TraversalId) -> JournalFile | None:
    """The journal of that traversal and of all below it; None for an unknown one. Raises what ports raise."""
    summary = (await journal.summaries([traversal])).get(traversal)
    if summary is None:
        return None
    relatives = await family_of(journal, dag_store, summary.origin.root)
    below = sorted(relatives.of(traversal), key=lambda each: (each.traversal != traversal, each.traversal))
    dags = {}
    for each in below:
        dag_hash = each.origin.dag
        if dag_hash is not None and dag_hash not in dags:
            compiled = await dag_store.get_compiled(dag_hash)
            if compiled is not None:
                dags[dag_hash] = compiled
    recorded = [await _recorded(journal, each) for each in below]
    return JournalFile(traversal=traversal, traversals=tuple(recorded), dags=dags)


async def _recorded(journal: Journal, summary: Summary) -> RecordedTraversal:
    decisions = await journal.decisions(summary.traversal)
    return RecordedTraversal(
        traversal=summary.traversal,
        root=summary.origin.root,
        plan=summary.origin.plan,
        parent=summary.origin.parent,
        name=summary.origin.name,
        labels=summary.origin.labels,
        decisions=tuple(
            RecordedDecision(
                version=each.version, cause=each.cause, at=each.at, events=each.events, effects=each.effects
            )
            for each in decisions
        ),
    )


async def take_in(journal: Journal, dag_store: DagStore, file: JournalFile) -> None:
    """Keep the traversals of a journal, all of which have ended, to be looked at.

    One that has not ended would be run a second time, here. Raises `NotImported`, and what ports raise.
    """
    first = file.traversals[0]
    if first.root != first.traversal:
        raise NotImported(f"{first.traversal} is a part of {first.root}; export and import that one")
    changes = [_change(recorded) for recorded in file.traversals]
    running = [change.state.traversal for change in changes if not change.state.has_ended]
    if running:
        raise NotImported(f"{running[0]} has not ended, and would be run a second time; export it again when it has")
    known = await journal.summaries([change.state.traversal for change in changes])
    if known:
        raise NotImported(f"{next(iter(known))} is here already")
    for compiled in file.dags.values():
        await dag_store.put(compiled)
    try:
        await journal.commit(changes)
    except VersionConflict as conflict:
        raise NotImported("one of its traversals has come meanwhile") from conflict


def _change(recorded: RecordedTraversal) -> Change:
    state = new_either(recorded.traversal, recorded.plan)
    decisions: Sequence[Decision] = [
        Decision(version=each.version, cause=each.cause, at=each.at, events=each.events, effects=each.effects)
        for each in recorded.decisions
    ]
    for decision in decisions:
        try:
            state = fold_either(decision.events, state)
        except Exception as error:  # the seam: it is somebody's file, and its events may tell of anything
            raise NotImported(f"the decisions of {recorded.traversal} do not follow from each other") from error
        if state.version != decision.version:
            raise NotImported(f"the decisions of {recorded.traversal} do not follow from each other: one is missing")
    if not decisions:
        raise NotImported(f"{recorded.traversal} has no decisions")
    origin = Origin(
        plan=recorded.plan,
        parent=recorded.parent,
        root=recorded.root,
        name=recorded.name,
        labels=recorded.labels,
    )
    return Change(origin=origin, base=0, decisions=tuple(decisions), state=state)
