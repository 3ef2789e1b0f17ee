"""The journal of a traversal, and of all that it began, out of the ports as one document, and in again."""

from collections.abc import AsyncGenerator, Sequence
from typing import Final

from waygrid_core.children.either import fold_either, new_either
from waygrid_core.codec.json_bytes import write_json
from waygrid_core.dag.flat import dag_to_json
from waygrid_core.history.journal_file import (
    FORMAT,
    JournalFile,
    RecordedDecision,
    RecordedTraversal,
    write_decision,
    write_head,
)
from waygrid_core.model.identifiers import DagHash, TraversalId
from waygrid_shell.ports.dag_store import DagStore
from waygrid_shell.ports.failure import VersionConflict
from waygrid_shell.ports.journal import Change, Decision, Journal, Origin, Summary
from waygrid_shell.services.history.relatives import family_of

_DECISIONS_AT_ONCE: Final = 200


class NotImported(Exception):  # noqa: N818 - it says what happened
    """Why a journal cannot be taken in: a sentence."""


async def exported(journal: Journal, dag_store: DagStore, traversal: TraversalId) -> AsyncGenerator[bytes, None] | None:
    """The journal of that traversal and of all below it, as JSON text, in pieces; None for an unknown one.

    So much is in memory of it as one piece is, however long it is. Raises what ports raise; a DAG that cannot be read
    before the first piece.
    """
    summary = (await journal.summaries([traversal])).get(traversal)
    if summary is None:
        return None
    relatives = await family_of(journal, dag_store, summary.origin.root)
    below = sorted(relatives.of(traversal), key=lambda each: (each.traversal != traversal, each.traversal))
    for dag_hash in _dags_of(below):
        await dag_store.get_compiled(dag_hash)
    return _pieces(journal, dag_store, below)


def _dags_of(below: Sequence[Summary]) -> Sequence[DagHash]:
    return list(dict.fromkeys(each.origin.dag for each in below if each.origin.dag is not None))


async def _pieces(journal: Journal, dag_store: DagStore, below: Sequence[Summary]) -> AsyncGenerator[bytes, None]:
    """What `core.history.journal_file.write_journal` makes of all of it."""
    yield b'{"format":%b,"traversal":%b,"traversals":[' % (write_json(FORMAT), write_json(below[0].traversal))
    for index, summary in enumerate(below):
        head = write_json(write_head(_recorded(summary)))
        yield b'%b%b,"decisions":[' % (b"," if index else b"", head.removesuffix(b"}"))
        after = 0
        while decisions := await journal.decisions(summary.traversal, after=after, limit=_DECISIONS_AT_ONCE):
            written = b",".join(write_json(write_decision(_recorded_decision(each))) for each in decisions)
            yield b"," + written if after else written
            after = decisions[-1].version
        yield b"]}"
    yield b'],"dags":['
    is_first = True
    for dag_hash in _dags_of(below):
        compiled = await dag_store.get_compiled(dag_hash)
        if compiled is not None:
            yield (b"" if is_first else b",") + write_json(dag_to_json(compiled))
            is_first = False
    yield b"]}"


def _recorded(summary: Summary) -> RecordedTraversal:
    """It, without its decisions."""
    return RecordedTraversal(
        traversal=summary.traversal,
        root=summary.origin.root,
        plan=summary.origin.plan,
        parent=summary.origin.parent,
        name=summary.origin.name,
        labels=summary.origin.labels,
        decisions=(),
    )


def _recorded_decision(decision: Decision) -> RecordedDecision:
    return RecordedDecision(
        version=decision.version,
        cause=decision.cause,
        at=decision.at,
        events=decision.events,
        effects=decision.effects,
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
        state = fold_either(decision.events, state)
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
