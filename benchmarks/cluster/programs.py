"""Programs that do a piece of work together: started, waited for until they are ready, told to begin at once.

Such a program is a module. It is given JSON as its argument, prints a line when it is ready, waits for a line on its
standard input, and prints what came of it, in JSON.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Final

from attrs import frozen

from benchmarks.cluster.processor_time import ProcessorTime, between, reading

_END_SECONDS: Final = 30


@frozen
class Ran:
    """What each of them printed, and the processor time of all, from their beginning to their end."""

    results: Sequence[Any]
    used: ProcessorTime

    @property
    def seconds(self) -> float:
        """From when the first began until the last had ended; for results with `began` and `ended`."""
        return float(max(each["ended"] for each in self.results) - min(each["began"] for each in self.results))


def run_programs(
    module: str,
    given: Sequence[Mapping[str, Any]],
    *,
    name: str,
    beside: Mapping[str, Iterable[int]],
    environment: Mapping[str, str] | None = None,
) -> Ran:
    """Run the module once for each of `given`, all together; they are counted under `name`, `beside` under theirs."""
    with ExitStack() as stack:
        started = []
        for each in given:
            process = subprocess.Popen(
                [sys.executable, "-m", module, json.dumps(each)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, **(environment or {})},
            )
            stack.callback(_end, process)
            started.append(process)
            _line_of(process)
        pids = {**beside, name: [process.pid for process in started]}
        before = reading(pids)
        for process in started:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        results = [json.loads(_line_of(process)) for process in started]
        return Ran(results, between(before, reading(pids)))


def _line_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args!r} ended with {process.wait(_END_SECONDS)}")
    return line


def _end(process: "subprocess.Popen[str]") -> None:
    process.terminate()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(_END_SECONDS)
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
