"""Where a command's result goes: standard output, or a file. What is said about it goes to standard error."""

import os
import sys
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Final, TextIO

from waygrid_shell.cli.mistake import FAILED, UserError
from waygrid_shell.cli.source import STANDARD_INPUT, why

_RESULTS: Final[ContextVar[TextIO | None]] = ContextVar("results", default=None)
"""Where results go while `results_apart` holds."""


@contextmanager
def results_apart() -> Iterator[None]:
    """Results keep standard output for themselves; what a user's code prints meanwhile goes to standard error.

    On a terminal both may share it: nobody parses that.
    """
    if sys.stdout.isatty():
        yield
        return
    token = _RESULTS.set(sys.stdout)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        _RESULTS.reset(token)


def write_result(text: str, output: str | None = None) -> None:
    """Write the result, with a newline at its end, to the file `output` or (None or `-`) to standard output."""
    text = text if text.endswith("\n") else text + "\n"
    if output is None or output == STANDARD_INPUT:
        _write(text)
        flush_output()
        return
    try:
        Path(output).write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
    except (OSError, ValueError) as error:
        raise UserError(f"cannot write {output}: {why(error)}") from error


@contextmanager
def result_in_pieces(output: str | None = None) -> Iterator[Callable[[bytes], None]]:
    """Write the result, in UTF-8, piece by piece, to the file `output` or (None or `-`) to standard output.

    The file is there, under its name, once all of it is; it stays as it was if the body raises.
    """
    if output is None or output == STANDARD_INPUT:
        decoder = getincrementaldecoder("utf-8")("backslashreplace")
        yield lambda piece: _write(decoder.decode(piece))
        flush_output()
        return
    target = Path(output)
    if target.exists() and not target.is_file():  # a pipe, say: what cannot be replaced
        with _pieces_to(target, output) as write:
            yield write
        return
    part = target.with_name(f"{target.name}.part")
    try:
        with _pieces_to(part, output) as write:
            yield write
        with _written_to(output):
            part.replace(target)
    finally:
        with suppress(OSError, ValueError):
            part.unlink(missing_ok=True)


@contextmanager
def _pieces_to(path: Path, output: str) -> Iterator[Callable[[bytes], None]]:
    with _written_to(output):
        file = path.open("wb")

    def write(piece: bytes) -> None:
        with _written_to(output):
            file.write(piece)

    try:
        yield write
        with _written_to(output):
            file.flush()
    finally:
        with suppress(OSError):
            file.close()


def _write(text: str) -> None:
    try:
        _results().write(text)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _refused(error) from error


@contextmanager
def _written_to(output: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        raise UserError(f"cannot write {output}: {why(error)}") from error


def flush_output() -> None:
    """Have standard output written. Raises `UserError`, or `BrokenPipeError` if its reader has gone."""
    try:
        _results().flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _refused(error) from error


def abandon_output() -> None:
    """Turn standard output into a void: else Python would try, and complain, once more at its exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), _results().fileno())


def _results() -> TextIO:
    return _RESULTS.get() or sys.stdout


def _refused(error: OSError) -> UserError:
    abandon_output()
    return UserError(f"cannot write to standard output: {why(error)}", FAILED)


def complain(line: str) -> None:
    """One line to standard error."""
    sys.stderr.write(f"{line}\n")
