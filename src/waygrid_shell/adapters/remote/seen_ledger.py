"""The seen ledger of a worker elsewhere: what the server has not confirmed. The rest the server remembers itself."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from waygrid_core.message.identity import work_of
from waygrid_shell.adapters.remote.link import Link
from waygrid_shell.ports.seen_ledger import Answer


class RemoteSeenLedger:
    """See `waygrid_shell.ports.seen_ledger.SeenLedger`.

    The server records each answer before it confirms it, and answers requests for it by itself. Until then it is
    remembered here, as long as the process lives: after that the attempt is made again.
    """

    def __init__(self, link: Link) -> None:
        self._link = link

    async def record(self, answers: Sequence[Answer]) -> None:
        for answer in answers:
            self._link.remember(work_of(answer.id), answer.value)

    async def recall(self, ids: Sequence[str]) -> Mapping[str, bytes]:
        remembered = ((each, self._link.recall(work_of(each))) for each in ids)
        return {each: value for each, value in remembered if value is not None}

    async def forget(self, before: datetime) -> int:
        """Nothing: what is confirmed is forgotten at once."""
        del before
        return 0
