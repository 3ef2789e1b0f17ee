"""The same seed gives the same run, whoever runs it."""

import os
import subprocess
import sys
from typing import Final

import pytest

from waygrid_core.model.digest import digest_hex
from waygrid_shell.simulation.run import run

SEEDS: Final = (3, 17, 30, 434)


def told(seed: int) -> str:
    """All that happens in a run, call by call."""
    return "\n".join(run(seed).transcript.lines())


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_gives_the_same_transcript_again(seed: int) -> None:
    assert told(seed) == told(seed)


def test_another_seed_gives_another_transcript() -> None:
    assert told(SEEDS[0]) != told(SEEDS[1])


_ELSEWHERE: Final = """
import sys
from waygrid_core.model.digest import digest_hex
from waygrid_shell.simulation.run import run
for seed in map(int, reversed(sys.argv[1:])):
    print(digest_hex("\\n".join(run(seed).transcript.lines()).encode()))
"""
"""In another order: what was run before changes nothing."""


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_a_seed_gives_the_same_transcript_in_a_process_that_hashes_texts_otherwise(hash_seed: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _ELSEWHERE, *map(str, SEEDS)],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split()[::-1] == [digest_hex(told(seed).encode()) for seed in SEEDS]
