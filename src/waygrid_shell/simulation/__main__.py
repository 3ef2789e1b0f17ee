"""`python -m waygrid_shell.simulation`: runs of the platform in virtual time.

--seeds 1000 [--from 1] [--processes 2]     many runs; exits 1 if something is wrong in any of them
--seed 17 [--closely]                       one, with what happened; closely: each call of a port, too
"""

import argparse
import sys
import time
from typing import Final

from waygrid_shell.simulation.many import run_many
from waygrid_shell.simulation.run import run

_COMMAND: Final = "python -m waygrid_shell.simulation"
_TELL_EVERY_SECONDS: Final = 10.0


def main(arguments: list[str] | None = None) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog=_COMMAND, description="Runs the whole platform in virtual time.")
    parser.add_argument("--seed", type=int, help="run this one, and print what happened")
    parser.add_argument("--closely", action="store_true", help="print each call of a port, too")
    parser.add_argument("--seeds", type=int, default=1_000, help="run so many (1000)")
    parser.add_argument("--from", dest="first", type=int, default=1, help="the first of them (1)")
    parser.add_argument("--processes", type=int, help="side by side (as many as there are processors)")
    given = parser.parse_args(arguments)
    if given.seed is not None:
        return _one(given.seed, closely=given.closely)
    return _many(range(given.first, given.first + given.seeds), given.processes)


def _one(seed: int, *, closely: bool) -> int:
    done = run(seed)
    for line in done.transcript.lines(closely=closely):
        print(line)
    for wrong in done.wrong:
        print(f"WRONG: {wrong}")
    print(f"seed {seed}: {'wrong' if done.wrong else 'all is right'}, after {done.seconds:.1f} s of its own time")
    return 1 if done.wrong else 0


def _many(seeds: range, processes: int | None) -> int:
    began = told = time.monotonic()
    count = failed = 0
    seconds = 0.0
    for outcome in run_many(seeds, processes):
        count, seconds = count + 1, seconds + outcome.seconds
        if outcome.wrong:
            failed += 1
            print(f"seed {outcome.seed}: {'; '.join(outcome.wrong[:3])}")
            print(f"  {_COMMAND} --seed {outcome.seed}", flush=True)
        if time.monotonic() - told > _TELL_EVERY_SECONDS:
            told = time.monotonic()
            print(f"{count} of {len(seeds)} seeds, {failed} wrong", file=sys.stderr, flush=True)
    passed = time.monotonic() - began
    print(f"{count} seeds, {failed} wrong: {seconds / 3600:.1f} h of their own time in {passed:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
