"""What `waygrid dev` and `waygrid serve` have in common: they run one process of the platform until asked to stop."""

import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from waygrid_shell.cli.mistake import FAILED, INTERRUPTED, OK, USAGE, UserError
from waygrid_shell.ports.failure import PortFailure, StorageFull
from waygrid_shell.runtime.one_process import OneProcess
from waygrid_shell.runtime.server import CannotListen, listen
from waygrid_shell.runtime.supervisor import leaves_of
from waygrid_shell.runtime.whole_process import run_whole_process

MistakeOf: TypeAlias = Callable[[OSError], UserError]
"""What a failure of the operating system means for who gave the command."""

_log = logging.getLogger(__name__)


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens there. Raises `UserError` where it cannot."""
    try:
        listener = listen(host, port)
    except CannotListen as error:
        raise UserError(str(error)) from error
    with listener:
        yield listener


def run_process(process: OneProcess, listener: socket.socket | None, *, kept_in: str, mistake_of: MistakeOf) -> int:
    """Run it until it is asked to stop; the exit code. `kept_in` says where what was accepted is kept.

    Raises `UserError` where it could not begin or cannot go on.
    """
    try:
        is_finished = run_whole_process(process.run, listener)
    except (PortFailure, OSError) as error:
        raise _mistake(error, mistake_of) from error
    except BaseExceptionGroup as group:
        raise _one_of(group, kept_in, mistake_of) from group
    return OK if is_finished else INTERRUPTED


def others_of(host: str) -> str:
    """What to say beside the URL of a process that listens on every address."""
    return " (and on every other address of this machine)" if host in ("0.0.0.0", "::") else ""


def _one_of(group: BaseExceptionGroup[BaseException], kept_in: str, mistake_of: MistakeOf) -> BaseException:
    """The exception that ended the process; a failure of a port before whatever followed from it."""
    leaves = list(leaves_of(group))
    for leaf in leaves:
        if isinstance(leaf, PortFailure | OSError):
            return _mistake(leaf, mistake_of)
    for leaf in leaves:
        if isinstance(leaf, UserError | BrokenPipeError | KeyboardInterrupt):
            return leaf
    _log.critical("a bug ended the process", exc_info=group)
    bug = next((leaf for leaf in leaves if isinstance(leaf, Exception)), group)
    return UserError(
        f"a bug of Waygrid's own ended it ({type(bug).__name__}: {bug}); what was accepted is kept in {kept_in} and "
        "goes on at the next start; the log has all of it",
        FAILED,
    )


def _mistake(error: PortFailure | OSError, mistake_of: MistakeOf) -> UserError:
    """A full disk is nothing that the command line could mend; all else is about where the data lies."""
    if isinstance(error, PortFailure):
        return UserError(str(error), FAILED if isinstance(error, StorageFull) else USAGE)
    return mistake_of(error)
