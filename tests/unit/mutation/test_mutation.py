"""The list of mutants that nobody needs to kill is about lines that there are; the table counts what it is given."""

from pathlib import Path

import pytest

from tests.mutation.equivalent import Change, change_of, equivalent_changes
from tests.mutation.report import Fate, Mutant, share_to_kill, table, those_to_kill

REPOSITORY = Path(__file__).parents[3]
DIFF = """\
# waygrid_core.traversal.x_begin__mutmut_7: survived
--- src/a.py
+++ src/a.py
@@ -1,3 +1,3 @@
 def begin():
-    return 1
+    return 2
"""
CHANGE = Change("src/a.py", "begin", ("return 1",), ("return 2",))


@pytest.mark.parametrize("change", equivalent_changes(), ids=str)
def test_what_is_called_equivalent_changes_a_line_that_is_there(change: Change) -> None:
    source = (REPOSITORY / change.file).read_text("utf-8")
    lines = [line.strip() for line in source.splitlines()]
    assert f"def {change.function.rpartition('.')[2]}(" in source
    assert change.before != change.after
    assert [line for line in change.before if line not in lines] == []


def test_every_reason_is_a_sentence() -> None:
    assert [why for why in equivalent_changes().values() if len(why) < 20 or not why.endswith(".")] == []


def test_a_change_is_read_from_a_diff() -> None:
    assert change_of("src/a.py", "begin", DIFF) == CHANGE


def test_the_share_counts_neither_what_mypy_refuses_nor_what_makes_no_difference() -> None:
    fates: tuple[Fate, ...] = ("refused", "refused", "killed", "killed", "alive", "equivalent")
    mutants = [Mutant(str(n), "src/waygrid_core/a.py", fate) for n, fate in enumerate(fates)]
    assert share_to_kill(mutants) == 25.0
    assert share_to_kill([]) == 0.0
    _, row, whole = table(mutants)
    assert row.split() == ["a.py", "6", "2", "2", "2", "1", "25.0%"]
    assert whole.split()[1:] == row.split()[1:]


def test_what_is_left_to_kill_is_shown() -> None:
    mutants = [Mutant("x_1", "src/a.py", "alive", CHANGE), Mutant("x_2", "src/a.py", "equivalent", CHANGE)]
    assert list(those_to_kill(mutants)) == ["x_1\n  in begin of src/a.py", "  - return 1", "  + return 2"]
