"""The processor `transform`, in its real processes."""

import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.integration.services.attempts import attempt, failure_of
from waygrid_shell.hosting.apart import processes as processes_module
from waygrid_shell.hosting.apart.processes import ExpressionProcesses, open_expression_processes
from waygrid_shell.processors.transform import TransformProcessor

pytestmark = pytest.mark.anyio

ORDER = {"id": "o-1", "items": [{"price": 2.5, "quantity": 2}, {"price": 10, "quantity": 1}], "note": None}


@pytest.fixture
async def processes() -> AsyncIterator[ExpressionProcesses]:
    async with open_expression_processes() as processes:
        yield processes


@pytest.fixture
def transform(processes: ExpressionProcesses) -> TransformProcessor:
    return TransformProcessor(processes)


@pytest.mark.parametrize(
    ("rule", "output"),
    [
        ({"var": "input.id"}, "o-1"),
        ({"map": [{"var": "input.items"}, {"*": [{"var": "price"}, {"var": "quantity"}]}]}, [5, 10]),
        (
            {"order": {"var": "input.id"}, "big": {">": [{"var": "input.items.1.price"}, 5]}},
            {"order": "o-1", "big": True},
        ),
        ({"@max": {"var": "input.id"}}, {"max": "o-1"}),
        ({"var": "input.nothing"}, None),
        ({"cat": ["hi ", {"var": "who"}]}, "hi Ada"),
        ([{"var": "who"}, 1.0], ["Ada", 1.0]),
        ("just a text", "just a text"),
        ({"reduce": [{"var": "input.items"}, {"+": [{"var": "accumulator"}, {"var": "current.price"}]}, 0]}, 12.5),
    ],
)
async def test_a_rule_of_jsonlogic_makes_data(transform: TransformProcessor, rule: Any, output: Any) -> None:
    assert await transform(attempt(ORDER, jsonlogic=rule, data={"who": "Ada"})) == output


@pytest.mark.parametrize(
    ("expression", "output"),
    [
        ("input.id", "o-1"),
        ("input.items.map(i, double(i.price) * double(i.quantity))", [5.0, 10.0]),
        ("{'order': input.id, 'who': who, 'has': has(input.note)}", {"order": "o-1", "who": "Ada", "has": True}),
        ("input.items.exists(i, i.quantity > 1) ? 'many' : 'one'", "many"),
        ("input.note", None),
        ("timestamp('2026-01-01T10:00:00+01:00')", "2026-01-01T09:00:00Z"),
        ("duration('90s')", "90s"),
        ("duration('1.5s')", "1.5s"),
        ("9223372036854775807u + 9u", 9223372036854775816),
        ("'é' + \"\\U0001F9F6\"", "é🧶"),
    ],
)
async def test_an_expression_of_cel_makes_data(transform: TransformProcessor, expression: str, output: Any) -> None:
    assert await transform(attempt(ORDER, cel=expression, data={"who": "Ada"})) == output


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({}, "jsonlogic and cel"),
        ({"cel": "1", "jsonlogic": 1}, "jsonlogic and cel"),
        ({"cel": 3}, "cel is no text"),
        ({"cel": " "}, "cel is no text"),
        ({"cel": "1" * 70_000}, "70000 characters"),
        ({"cel": "1", "data": []}, "data is no object"),
        ({"cel": "1", "data": {"a-b": 1}}, "'a-b'"),
        ({"cel": "1", "data": {"input": 1}}, "'input'"),
        ({"cel": "1", "sell": 1}, "'sell'"),
        ({"cel": "input.id +"}, "line 1, column 11: Syntax error"),
        ({"cel": "1 +\n  nobody + 1"}, "line 2, column 3: undeclared reference to 'nobody'"),
        ({"cel": "input.nothing"}, 'Key not found in map : "nothing"'),
        ({"cel": "input.items[9]"}, "index=9 size=2"),
        ({"cel": "1 / 0"}, "divide by zero"),
        ({"cel": "input.items[0].price + 1"}, "No matching overloads"),
        ({"cel": "(" * 200 + "1" + ")" * 200}, "recursion"),
        ({"jsonlogic": {"if": [True, {"map": [1]}]}}, "at /if/1"),
        ({"jsonlogic": {"a": {"+": [1, {"*": [{"var": "input.id"}, 2]}]}}}, "at /a/+/1"),
        ({"jsonlogic": {"throw": "no"}}, "no"),
    ],
)
async def test_what_is_wrong_is_a_bad_value_that_names_the_place(
    transform: TransformProcessor, parameters: dict[str, Any], words: str
) -> None:
    failed = await failure_of(transform, attempt(ORDER, **parameters))
    assert failed.code == "bad-value"
    assert words in failed.message


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"cel": "b'bytes'"}, "bytearray"),
        ({"cel": "{'a': [{1: 2}]}"}, "the output.a[0] has the key 1"),
        ({"cel": "1.0 / 0.0"}, "inf"),
        ({"cel": "type(1)"}, "Type"),
        ({"cel": "input.list.map(x, input.text)"}, "at most 1048576"),
        (
            {"jsonlogic": {"map": [{"var": "input.list"}, {"cat": [{"val": [[2], "input", "text"]}, "x"]}]}},
            "at most 1048576",
        ),
    ],
)
async def test_a_result_that_is_no_json_or_too_large_is_bad_output(
    transform: TransformProcessor, parameters: dict[str, Any], words: str
) -> None:
    failed = await failure_of(transform, attempt({"text": "x" * 20_000, "list": [1] * 100}, **parameters))
    assert failed.code == "bad-output", failed.message
    assert words in failed.message


@pytest.mark.parametrize(
    "parameters",
    [
        {"cel": "input.list.all(x, input.list.all(y, input.list.all(z, true)))"},
        {
            "jsonlogic": {
                "reduce": [{"var": "input.list"}, {"cat": [{"var": "accumulator"}, {"var": "accumulator"}]}, "x"]
            }
        },
        {"cel": "input.list.map(x, input.text + input.text).size()"},  # two gigabytes
    ],
    ids=["cel iterates", "jsonlogic doubles", "cel fills the memory"],
)
async def test_what_takes_too_much_is_given_up_and_the_next_expression_is_evaluated(
    transform: TransformProcessor, parameters: dict[str, Any]
) -> None:
    failed = await failure_of(transform, attempt({"list": [1] * 1000, "text": "x" * 1_000_000}, **parameters))
    assert failed.code == "bad-value", failed.message
    assert await transform(attempt(cel="1 + 1")) == 2


async def test_the_output_is_the_same_byte_for_byte_in_every_process(transform: TransformProcessor) -> None:
    members = ", ".join(f"'key{number}': {number}" for number in range(50))
    output = await transform(attempt(cel=f"{{{members}}}"))
    assert isinstance(output, dict)
    assert list(output) == sorted(output)
    assert len(output) == 50


async def test_a_long_whole_number_is_kept_by_neither_and_refused_by_both(transform: TransformProcessor) -> None:
    for parameters in ({"jsonlogic": {"var": "input"}}, {"cel": "input"}):
        failed = await failure_of(transform, attempt(10**30, **parameters))
        assert failed.code == "bad-value"
    assert await transform(attempt("1" * 30, jsonlogic={"var": "input"})) == "1" * 30
    assert await transform(attempt(2**63 - 1, jsonlogic={"var": "input"})) == 2**63 - 1


async def test_a_process_that_hangs_is_ended_and_the_attempt_times_out(
    transform: TransformProcessor, processes: ExpressionProcesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await transform(attempt(cel="1")) == 1
    (process,) = processes._idle
    os.kill(process.pid, signal.SIGSTOP)
    monkeypatch.setattr(processes_module, "MAX_SECONDS", 0.2)
    failed = await failure_of(transform, attempt(cel="1"))
    assert failed.code == "timeout"
    assert process.returncode == -signal.SIGKILL
    monkeypatch.undo()
    assert await transform(attempt(cel="2")) == 2


async def test_an_attempt_that_is_canceled_ends_its_process(
    transform: TransformProcessor, processes: ExpressionProcesses
) -> None:
    assert await transform(attempt(cel="1")) == 1
    (process,) = processes._idle
    os.kill(process.pid, signal.SIGSTOP)
    with anyio.move_on_after(0.1):
        await transform(attempt(cel="1"))
    assert process.returncode == -signal.SIGKILL
    assert await transform(attempt(cel="2")) == 2


async def test_a_process_that_was_killed_while_idle_costs_one_attempt_at_most(
    transform: TransformProcessor, processes: ExpressionProcesses
) -> None:
    assert await transform(attempt(cel="1")) == 1
    (process,) = processes._idle
    process.kill()
    await process.wait()
    assert await transform(attempt(cel="2")) == 2


async def test_many_at_once_share_few_processes(transform: TransformProcessor, processes: ExpressionProcesses) -> None:
    outputs = {}

    async def one(number: int) -> None:
        outputs[number] = await transform(attempt(number, cel="input * 2"))

    async with anyio.create_task_group() as tasks:
        for number in range(100):
            tasks.start_soon(one, number)
    assert outputs == {number: number * 2 for number in range(100)}
    assert len(processes._idle) <= processes_module.PROCESSES


async def test_processes_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    program = tmp_path / "parent.py"
    program.write_text(
        "import asyncio\n"
        "from waygrid_shell.hosting.apart.processes import ExpressionProcesses\n"
        "async def main():\n"
        "    processes = ExpressionProcesses()\n"
        "    assert await processes.evaluate('cel', '1', {}) == 1\n"
        "    print(processes._idle[0].pid, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    async with await anyio.open_process([sys.executable, str(program)], env=environment) as parent:
        assert parent.stdout is not None
        child = int(await parent.stdout.receive())
        parent.kill()
        await parent.wait()
        with anyio.fail_after(30):
            while is_alive(child):
                await anyio.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and waits to be noticed does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


async def test_expressions_see_no_environment(transform: TransformProcessor, processes: ExpressionProcesses) -> None:
    os.environ["WAYGRID_SECRET_TEST_ONLY"] = "hidden"
    try:
        assert await transform(attempt(cel="1")) == 1
        (process,) = processes._idle
        environ = await anyio.Path(f"/proc/{process.pid}/environ").read_bytes()
    finally:
        del os.environ["WAYGRID_SECRET_TEST_ONLY"]
    assert b"PYTHONPATH" in environ
    assert b"WAYGRID_SECRET" not in environ
