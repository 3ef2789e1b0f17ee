"""Runs what a process is for: on the quickest loop that is there, and with a collector that suits many small values."""

import gc
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from typing import Final, TypeVar, TypeVarTuple, Unpack

import anyio

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")

_THRESHOLDS: Final = (50_000, 20, 50)
"""Values between two collections of the young, and how often these come before one of the older. By default it is 700:
then a third of a step is spent looking at states and messages that are in use, or would have gone by themselves."""


def run_whole_process(function: Callable[[Unpack[Arguments]], Awaitable[T]], *arguments: *Arguments) -> T:
    """The result of `function`, an async one. For programs: it changes settings of the whole interpreter."""
    gc.collect()
    gc.freeze()  # modules and what they hold stay for ever
    gc.set_threshold(*_THRESHOLDS)
    return anyio.run(function, *arguments, backend_options={"use_uvloop": find_spec("uvloop") is not None})
