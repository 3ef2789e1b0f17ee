"""Whatever happens to a platform in virtual time, all that it accepted ends, once, as it must; and nothing is left.

`WAYGRID_SIMULATION_SEEDS` says how many runs there are, `WAYGRID_SIMULATION_FROM` the first of them: a night has time
for a million. Seeds that went wrong are said with what was wrong; `python -m waygrid_shell.simulation --seed N` tells
the story of one.
"""

import os
from typing import Final

import pytest

from waygrid_shell.simulation.run import run

SEEDS: Final = int(os.environ.get("WAYGRID_SIMULATION_SEEDS", "1000"))
FIRST: Final = int(os.environ.get("WAYGRID_SIMULATION_FROM", "1"))
_PARTS: Final = 20

pytestmark = pytest.mark.slow


@pytest.mark.timeout(max(300, SEEDS))
@pytest.mark.parametrize("part", range(_PARTS))
def test_whatever_happens_all_that_was_accepted_ends_once_and_nothing_is_left(part: int) -> None:
    wrong = {}
    for seed in range(FIRST + part, FIRST + SEEDS, _PARTS):
        if found := run(seed).wrong:
            wrong[f"python -m waygrid_shell.simulation --seed {seed}"] = found
    assert not wrong
