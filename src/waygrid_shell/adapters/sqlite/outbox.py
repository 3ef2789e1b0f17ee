"""The outbox in SQLite: both or neither, in one commit."""

import sqlite3
from collections.abc import Sequence

from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_shell.adapters.sqlite.database import Database, Job
from waygrid_shell.adapters.sqlite.event_log import SqliteEventLog
from waygrid_shell.adapters.sqlite.journal import SqliteJournal
from waygrid_shell.adapters.sqlite.seen_ledger import SqliteSeenLedger
from waygrid_shell.ports.journal import Change
from waygrid_shell.ports.seen_ledger import Answer


class SqliteOutbox:
    """See `waygrid_shell.ports.outbox.Outbox`."""

    def __init__(
        self, database: Database, *, journal: SqliteJournal, seen_ledger: SqliteSeenLedger, event_log: SqliteEventLog
    ) -> None:
        self._database = database
        self._journal = journal
        self._ledger = seen_ledger
        self._log = event_log

    async def decide(self, changes: Sequence[Change], records: Sequence[TransportEnvelope]) -> None:
        await self._write(self._journal.committing(changes), records)

    async def answer(self, answers: Sequence[Answer], records: Sequence[TransportEnvelope]) -> None:
        await self._write(self._ledger.recording(answers), records)

    async def _write(self, first: Job[None], records: Sequence[TransportEnvelope]) -> None:
        publish, then = self._log.publishing(records)

        def job(connection: sqlite3.Connection) -> int:
            first(connection)
            return publish(connection)

        await self._database.run(job, then=then)
