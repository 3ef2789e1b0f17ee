"""A few processes that evaluate expressions, started when they are needed and ended when they take too long."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import anyio

from waygrid_core.codec.json_bytes import read_json, write_json
from waygrid_core.model.json_value import JsonValue
from waygrid_shell.hosting.apart.program import MAX_RESULT_BYTES, MAX_SECONDS
from waygrid_shell.hosting.attempt import Failed

PROCESSES: Final = min(4, os.cpu_count() or 1)
"""At once. Expressions compute, and nothing else: more than processors would only wait for each other."""

_PROGRAM: Final = "waygrid_shell.hosting.apart.program"
_LARGEST_ANSWER: Final = MAX_RESULT_BYTES + 64


class ExpressionProcesses:
    """Evaluates in processes of its own; `open_expression_processes` makes and ends it."""

    def __init__(self) -> None:
        self._places = anyio.Semaphore(PROCESSES)
        self._idle: list[Process] = []

    async def evaluate(self, language: str, expression: JsonValue, data: JsonValue) -> JsonValue:
        """The value of the expression over the data.

        Raises `Failed`: `bad-value` (no right expression, none for this data, or one that needs too much), `bad-output`
        (a result that is too large or no JSON), `timeout` (a machine that is too busy to come to an end in time).
        """
        request = write_json({"language": language, "expression": expression, "data": data})
        async with self._places:
            try:
                answer = await self._ask(request)
            except (asyncio.IncompleteReadError, ConnectionError):
                answer = await self._ask_again(request)
        assert isinstance(answer, dict)  # our own program wrote it
        if "output" in answer:
            output: JsonValue = answer["output"]
            return output
        raise Failed(str(answer["code"]), str(answer["message"]))

    async def _ask_again(self, request: bytes) -> JsonValue:
        """The process has ended, by somebody outside perhaps; if the next ends too, it is the expression."""
        try:
            return await self._ask(request)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            why = "the expression ends the process that evaluates it, most often for want of memory"
            raise Failed("bad-value", why) from error

    async def _ask(self, request: bytes) -> JsonValue:
        process = self._rested() or await _start()
        is_well = False
        try:
            with anyio.fail_after(MAX_SECONDS):
                answer = await _exchange(process, request)
            is_well = True
        except TimeoutError as error:
            raise Failed("timeout", f"the expression came to no end within {MAX_SECONDS} s") from error
        finally:
            if is_well:
                self._idle.append(process)
            else:
                await _end(process)
        return answer

    def _rested(self) -> Process | None:
        while self._idle:
            process = self._idle.pop()
            if process.returncode is None:
                return process
        return None

    async def close(self) -> None:
        """End the processes."""
        while self._idle:
            await _end(self._idle.pop())


@asynccontextmanager
async def open_expression_processes() -> AsyncIterator[ExpressionProcesses]:
    """The processes, as long as the context lasts; none is started before somebody needs it."""
    processes = ExpressionProcesses()
    try:
        yield processes
    finally:
        with anyio.CancelScope(shield=True):
            await processes.close()


async def _start() -> Process:
    # It finds the same modules, and has nothing else of this process's environment: there are secrets in it.
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    environment = {**kept, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",  # what lies in the folder that we happen to be in is no module
        "-m",
        _PROGRAM,
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        env=environment,
        start_new_session=True,  # Ctrl-C is for us: what is under way may come to its end
    )


async def _exchange(process: Process, request: bytes) -> JsonValue:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(len(request).to_bytes(4, "big") + request)
    await process.stdin.drain()
    size = int.from_bytes(await process.stdout.readexactly(4), "big")
    assert size <= _LARGEST_ANSWER, f"a process answers with {size} bytes"
    return read_json(await process.stdout.readexactly(size))


async def _end(process: Process) -> None:
    with anyio.CancelScope(shield=True):
        with suppress(ProcessLookupError):
            process.kill()
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
