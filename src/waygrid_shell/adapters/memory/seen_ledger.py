"""The seen ledger in memory."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from waygrid_shell.ports.seen_ledger import Answer


class MemorySeenLedger:
    """See `waygrid_shell.ports.seen_ledger.SeenLedger`."""

    def __init__(self) -> None:
        self._answers: dict[str, Answer] = {}

    async def record(self, answers: Sequence[Answer]) -> None:
        for answer in answers:
            self._answers.setdefault(answer.id, answer)

    async def recall(self, ids: Sequence[str]) -> Mapping[str, bytes]:
        return {each: self._answers[each].value for each in ids if each in self._answers}

    async def forget(self, before: datetime) -> int:
        old = [each.id for each in self._answers.values() if each.at < before]
        for each in old:
            del self._answers[each]
        return len(old)
