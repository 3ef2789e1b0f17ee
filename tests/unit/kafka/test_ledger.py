"""What of a partition is finished, however out of order."""

from hypothesis import given
from hypothesis import strategies as st

from waygrid_shell.adapters.kafka.ledger import Ledger


def ledger_of(count: int, begin: int = 0, epoch: int = 0) -> Ledger:
    ledger = Ledger("t", 0, epoch)
    ledger.read(count, ledger.base + begin, ledger.base + begin + count)
    return ledger


@given(st.lists(st.lists(st.integers(0, 40), max_size=12), max_size=30))
def test_the_lowest_that_is_not_finished_is_the_lowest_that_nobody_has_named(calls: list[list[int]]) -> None:
    """Planted bug: `_put` that does not join with the stretch on its left."""
    ledger, finished = ledger_of(40), set[int]()
    for places in calls:
        news = {place for place in places if place < 40} - finished
        assert ledger.finish(place for place in places if place < 40) == len(news)
        finished |= news
        assert ledger.offset() == min(set(range(41)) - finished)
        assert ledger.open == 40 - len(finished)


@given(st.permutations(range(30)))
def test_once_all_are_finished_nothing_else_is_remembered(order: list[int]) -> None:
    ledger = ledger_of(30, begin=7)
    for place in order:
        ledger.finish([7 + place])
    assert ledger.offset() == 37
    assert ledger.open == 0
    assert ledger._starts == ledger._ends == []


def test_what_is_nobodys_is_no_gap() -> None:
    """Marks of transactions, and what was compacted away, have offsets too."""
    ledger = ledger_of(2)
    ledger.read(1, 5, 6)
    assert ledger.finish([0]) == 1
    assert ledger.offset() == 1
    assert ledger.finish([1]) == 1
    assert ledger.offset() == 5
    assert ledger.finish([5]) == 1
    assert ledger.offset() == 6


def test_what_was_taken_before_the_partition_moved_counts_as_finished() -> None:
    old, new = ledger_of(10, epoch=1), ledger_of(10, epoch=2)
    assert new.finish(old.base + number for number in range(10)) == 0
    assert new.offset() == 0
    assert new.open == 10
