"""The processor time of processes and all that they started, as the kernel counts it (Linux: /proc)."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from attrs import frozen

_TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK")
_PROC: Final = Path("/proc")


@frozen
class ProcessorTime:
    """Seconds of processor time by name, between two readings."""

    seconds: Mapping[str, float]

    @property
    def total(self) -> float:
        """Of all of them."""
        return sum(self.seconds.values())


def reading(pids: Mapping[str, Iterable[int]]) -> dict[str, float]:
    """Seconds that these processes, under each name, have used since they began, with all their descendants."""
    children = _children()
    return {name: sum(_seconds_of(pid, children) for pid in under) for name, under in pids.items()}


def between(before: Mapping[str, float], after: Mapping[str, float]) -> ProcessorTime:
    """What was used between two readings."""
    return ProcessorTime({name: after[name] - before.get(name, 0.0) for name in after})


def resident_bytes(pid: int) -> int:
    """The memory that a process holds now."""
    pages = int((_PROC / str(pid) / "statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _children() -> dict[int, list[int]]:
    children: dict[int, list[int]] = {}
    for path in _PROC.iterdir():
        if path.name.isdigit() and (fields := _fields(int(path.name))):
            children.setdefault(int(fields[1]), []).append(int(path.name))
    return children


def _seconds_of(pid: int, children: Mapping[int, list[int]]) -> float:
    fields = _fields(pid)
    if not fields:
        return 0.0
    # Its own, and that of children that have ended and were waited for; those that live are counted one by one.
    own = sum(int(field) for field in fields[11:15]) / _TICKS_A_SECOND
    return own + sum(_seconds_of(child, children) for child in children.get(pid, ()))


def _fields(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name, which may hold spaces; none if the process is gone."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
