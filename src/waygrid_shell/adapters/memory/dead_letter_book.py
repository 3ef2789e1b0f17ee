"""The book of dead letters in memory."""

from collections import Counter
from collections.abc import Mapping, Sequence

from waygrid_shell.ports.dead_letter_book import FoundLetter
from waygrid_shell.ports.event_log import DeadLetter


class MemoryDeadLetterBook:
    """See `waygrid_shell.ports.dead_letter_book.DeadLetterBook`; it lives as long as the object."""

    def __init__(self) -> None:
        self._letters: dict[int, DeadLetter] = {}
        self._progress: dict[tuple[str, int], int] = {}
        self._last = 0

    async def progress(self) -> Mapping[tuple[str, int], int]:
        return dict(self._progress)

    async def enter(self, letters: Sequence[FoundLetter]) -> None:
        for letter in letters:
            place = (letter.record.topic, letter.partition)
            if letter.offset < self._progress.get(place, 0):
                continue
            self._progress[place] = letter.offset + 1
            self._last += 1
            self._letters[self._last] = DeadLetter(self._last, letter.record, letter.reason)

    async def read(self, *, after: int, limit: int) -> Sequence[DeadLetter]:
        return [letter for position, letter in self._letters.items() if position > after][:limit]

    async def get(self, positions: Sequence[int]) -> Sequence[DeadLetter]:
        return [self._letters[position] for position in sorted(set(positions)) if position in self._letters]

    async def remove(self, positions: Sequence[int]) -> int:
        return sum(self._letters.pop(position, None) is not None for position in positions)

    async def count(self) -> Mapping[str, int]:
        return Counter(letter.record.topic for letter in self._letters.values())
