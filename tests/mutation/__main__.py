"""`python -m tests.mutation [--at DIRECTORY] [FILES...]`: paths of files or folders, by default all of the machine."""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from attrs import evolve

from tests.mutation.equivalent import Change, equivalent_changes
from tests.mutation.report import Mutant, share_to_kill, table, those_to_kill
from tests.mutation.trial import Trial

AT_MOST: Final = 5.0  # of a hundred mutants that mypy lets through, how many may be alive and make a difference


def main() -> int:
    """Prints the table and what is left to kill; 1 if that is too much."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("files", nargs="*", help="files or folders of src/ whose mutants are tried")
    parser.add_argument("--at", type=Path, help="where the copy of the tree is made, and stays (what is there goes)")
    arguments = parser.parse_args()
    if arguments.at is not None:
        return _try(arguments.at, arguments.files)
    with tempfile.TemporaryDirectory() as directory:
        return _try(Path(directory) / "tree", arguments.files)


def _try(directory: Path, files: list[str]) -> int:
    trial = Trial(directory)
    trial.run(files)
    judged = list(_judge(trial, equivalent_changes()))
    print("", *those_to_kill(judged), "", *table(judged), sep="\n", flush=True)
    return int(share_to_kill(judged) > AT_MOST)


def _judge(trial: Trial, equivalent: Mapping[Change, str]) -> Iterator[Mutant]:
    for mutant in trial.mutants():
        if mutant.change in equivalent:
            yield evolve(mutant, fate="equivalent")
        elif mutant.fate == "alive" and trial.is_killed_from_the_start(mutant):
            yield evolve(mutant, fate="killed", change=None)
        else:
            yield mutant


if __name__ == "__main__":
    sys.exit(main())
