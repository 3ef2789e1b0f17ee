"""Many runs, side by side in processes of this machine."""

import gc
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

from attrs import frozen

from waygrid_shell.simulation.run import run

_AT_ONCE = 10
"""Runs that a process is given together."""


@frozen
class Outcome:
    """What a run came to, without how; `wrong` is empty if all is right."""

    seed: int
    wrong: Sequence[str]
    seconds: float
    """How long it took, in its own time."""


def run_many(seeds: range, processes: int | None = None) -> Iterator[Outcome]:
    """The outcomes in the order of the seeds, as they come. `processes` None: as many as there are processors."""
    with ProcessPoolExecutor(processes or os.cpu_count(), initializer=_prepare) as pool:
        yield from pool.map(_outcome, seeds, chunksize=_AT_ONCE)


def _prepare() -> None:
    """What runs leave behind is in circles, and goes with them: a look at it now and then is enough."""
    gc.freeze()
    gc.set_threshold(200_000, 20, 20)


def _outcome(seed: int) -> Outcome:
    done = run(seed)
    return Outcome(seed, tuple(done.wrong), done.seconds)
