"""Listens to what a call does besides computing: whether it reads a clock, draws at random, or looks at the machine.

Two calls within a microsecond see the same clock, so asking twice does not find it. What is called is seen: every
function in C that Python calls is told to a profile function, and the environment is a class in Python.
"""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, Final, TypeVar

T = TypeVar("T")

_CLOCKS: Final = frozenset(
    {
        *(
            f"time.{name}"
            for name in ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns")
        ),
        *(f"time.{name}" for name in ("process_time", "process_time_ns", "gmtime", "localtime", "ctime", "sleep")),
        *(f"datetime.{name}" for name in ("now", "utcnow", "today")),
    }
)
_MACHINE: Final = ("posix", "nt", "io", "_io", "_socket", "_ssl", "_posixsubprocess")
"""Modules in C with what a process may do to the machine that it runs on."""
_PURE: Final = frozenset({"posix.fspath", "nt.fspath"})


def listen(call: Callable[[], T]) -> tuple[T, str | None]:
    """What `call` gives, and what it did besides, in words; None if it only computed. What it raises, it raises."""
    heard: list[str] = []

    def profile(frame: FrameType, event: str, argument: Any) -> None:
        if str(frame.f_globals.get("__name__")).startswith("hypothesis"):
            return  # which measures how long the garbage collector takes
        if event == "c_call":
            said = _said_of(argument)
        elif event == "call" and frame.f_code.co_qualname.startswith("_Environ."):
            said = "reads the environment"
        else:
            return
        if said is not None:
            heard.append(said)

    before = sys.getprofile()
    if before is not None and not callable(before):
        return call(), None  # a profiler in C, which nobody but itself can set again
    sys.setprofile(profile)
    try:
        value = call()
    finally:
        sys.setprofile(before)
    return value, heard[0] if heard else None


def _said_of(function: Any) -> str | None:
    owner = getattr(function, "__self__", None)
    if isinstance(owner, type):  # a class method in C: `datetime.now`
        name = f"{owner.__module__}.{function.__name__}"
    else:
        name = f"{getattr(function, '__module__', '')}.{function.__name__}"
    shared = getattr(sys.modules.get("random"), "_inst", None)
    if name in _CLOCKS:
        return f"reads a clock ({name})"
    if (shared is not None and owner is shared) or function.__name__ == "urandom":
        return f"draws at random ({function.__name__})"
    if name.partition(".")[0] in _MACHINE and name not in _PURE:
        return f"looks at the machine that it runs on ({name})"
    return None
