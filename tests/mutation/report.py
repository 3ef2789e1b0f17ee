"""What became of each mutant, and the table: refused by mypy, killed, alive, of those equivalent, by file."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias

from attrs import frozen

from tests.mutation.equivalent import Change

Fate: TypeAlias = Literal["refused", "killed", "alive", "equivalent"]
COLUMNS = ("mutants", "refused", "killed", "alive", "equivalent", "to kill")


@frozen
class Mutant:
    """One mutant. `name` is mutmut's, `file` a path in the tree; `change` is there if it is alive or equivalent."""

    name: str
    file: str
    fate: Fate
    change: Change | None = None


def share_to_kill(mutants: Iterable[Mutant]) -> float:
    """Of the mutants that mypy lets through, how many in a hundred are alive and make a difference."""
    counted = Counter(mutant.fate for mutant in mutants)
    tried = counted.total() - counted["refused"]
    return 100 * counted["alive"] / tried if tried else 0.0


def table(mutants: Iterable[Mutant]) -> Iterator[str]:
    """A line a file, and one for all of them."""
    by_file: dict[str, list[Mutant]] = {}
    for mutant in mutants:
        by_file.setdefault(mutant.file.removeprefix("src/waygrid_core/"), []).append(mutant)
    yield f"{'file':<40}" + "".join(f"{column:>11}" for column in COLUMNS)
    for file in sorted(by_file):
        yield _row(file, by_file[file])
    yield _row("all", [mutant for found in by_file.values() for mutant in found])


def those_to_kill(mutants: Iterable[Mutant]) -> Iterator[str]:
    """The mutants that are alive and make a difference, each with what it changes."""
    for mutant in mutants:
        if mutant.fate == "alive" and mutant.change is not None:
            yield f"{mutant.name}\n  in {mutant.change.function} of {mutant.file}"
            yield from (f"  - {line}" for line in mutant.change.before)
            yield from (f"  + {line}" for line in mutant.change.after)


def _row(name: str, mutants: list[Mutant]) -> str:
    counted = Counter(mutant.fate for mutant in mutants)
    alive = counted["alive"] + counted["equivalent"]
    figures = (counted.total(), counted["refused"], counted["killed"], alive, counted["equivalent"])
    return f"{name:<40}" + "".join(f"{figure:>11}" for figure in figures) + f"{share_to_kill(mutants):>10.1f}%"
