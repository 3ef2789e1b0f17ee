"""A user's functions: what they are given, what they may return, and what becomes of it when they do not."""

import asyncio
import math
import threading
from typing import Any

import anyio
import pytest

from tests.integration.plant.running import run_one, run_spec, work
from waygrid_core.traversal.error import ErrorDetail
from waygrid_shell.processors.function import App, Attempt, Failed
from waygrid_shell.runtime.wiring import Ports

pytestmark = pytest.mark.anyio


async def test_a_function_is_given_its_input_and_answers(ports: Ports) -> None:
    app = App()

    @app.processor("double")
    def double(given: Any) -> Any:
        return {"n": given["n"] * 2}

    ended = await run_one(ports, {"entryPoints": [work("double")]}, app, {"n": 21})
    assert ended.output == {"n": 42}
    assert double({"n": 1}) == {"n": 2}  # the function itself is unchanged


async def test_a_second_argument_is_the_attempt(ports: Ports) -> None:
    app = App()
    attempts: list[Attempt] = []

    @app.destination("ledger")
    async def book(given: Any, attempt: Attempt) -> None:
        attempts.append(attempt)
        if len(attempts) == 1:
            raise Failed("busy")

    node = {
        "type": "standard",
        "address": "waygrid://destination/ledger",
        "parameters": {"account": {"$from": "/payload/account"}, "fixed": [1]},
        "retryPolicy": {"type": "Linear", "base": "1ms", "maxRetries": 1},
    }
    ended = await run_one(ports, {"entryPoints": [node]}, app, {"account": "a-1"})
    assert ended.output == {}
    first, second = attempts
    assert (first.attempt, second.attempt) == (1, 2)
    assert first.parameters == {"account": "a-1", "fixed": [1]}
    assert first.traversal == ended.traversal
    assert first.idempotency_key == second.idempotency_key
    assert first.attempt_key != second.attempt_key


async def test_a_raised_exception_is_a_failure_with_its_type_and_text(ports: Ports) -> None:
    app = App()

    @app.processor("broken")
    def broken(given: Any) -> Any:
        return given["nowhere"]

    ended = await run_one(ports, {"entryPoints": [work("broken")]}, app)
    assert ended.error == ErrorDetail("handler-error", "KeyError: 'nowhere'")


async def test_an_exception_that_cannot_be_shown_is_a_failure_like_any_other(ports: Ports) -> None:
    class UnspeakableError(Exception):
        def __str__(self) -> str:
            raise ValueError("no text")

    app = App()

    @app.processor("broken")
    def broken(given: Any) -> Any:
        raise UnspeakableError

    ended = await run_one(ports, {"entryPoints": [work("broken")]}, app)
    assert ended.error == ErrorDetail("handler-error", "UnspeakableError")


async def test_a_failure_may_be_told_with_the_exception_that_led_to_it(ports: Ports) -> None:
    app = App()

    @app.processor("broken")
    def broken(given: Any) -> Any:
        raise Failed(404, ValueError("no such article"))  # type: ignore[arg-type]  # as users do

    ended = await run_one(ports, {"entryPoints": [work("broken")]}, app)
    assert ended.error == ErrorDetail("404", "no such article")


async def test_an_output_that_changes_while_it_is_read_fails_its_attempt_and_nothing_else(ports: Ports) -> None:
    class Shared(dict[str, int]):
        def items(self) -> Any:
            raise RuntimeError("dictionary changed size during iteration")

    app = App()

    @app.processor("cache")
    def cache(given: Any) -> Any:
        return Shared(a=1)

    ended = await run_one(ports, {"entryPoints": [work("cache")]}, app)
    assert ended.error is not None
    assert ended.error.code == "bad-output"
    assert "dictionary changed size" in ended.error.message


async def test_a_function_that_calls_sys_exit_fails_its_attempt_and_nothing_else(ports: Ports) -> None:
    app = App()

    @app.processor("leaving")
    def leaving(given: Any) -> Any:
        raise SystemExit(3)

    @app.processor("leaving-async")
    async def leaving_async(given: Any) -> Any:
        raise SystemExit(3)

    for service in ("leaving", "leaving-async"):
        ended = await run_one(ports, {"entryPoints": [work(service)]}, app)
        assert ended.error == ErrorDetail("handler-error", "RuntimeError: the function called sys.exit(3)")


@pytest.mark.parametrize("raised", [KeyboardInterrupt("no"), GeneratorExit("no"), asyncio.CancelledError("no")])
async def test_a_function_that_raises_what_ends_others_fails_its_attempt_and_nothing_else(
    ports: Ports, raised: BaseException
) -> None:
    app = App()

    @app.processor("plain")
    def plain(given: Any) -> Any:
        raise raised

    @app.processor("async")
    async def in_loop(given: Any) -> Any:
        raise raised

    for service in ("plain", "async"):
        ended = await run_one(ports, {"entryPoints": [work(service)]}, app)
        assert ended.error is not None
        assert ended.error.code == "handler-error"
        assert type(raised).__name__ in ended.error.message


async def test_a_function_whose_own_task_was_canceled_fails_its_attempt(ports: Ports) -> None:
    app = App()

    @app.processor("impatient")
    async def impatient(given: Any) -> Any:
        task = asyncio.create_task(asyncio.sleep(60))
        asyncio.get_running_loop().call_soon(task.cancel)
        await task

    ended = await run_one(ports, {"entryPoints": [work("impatient")]}, app)
    assert ended.error == ErrorDetail("handler-error", "RuntimeError: the function raised CancelledError")


async def test_failed_gives_its_own_code(ports: Ports) -> None:
    app = App()

    @app.processor("card")
    async def card(given: Any) -> Any:
        raise Failed("declined", "no funds")

    ended = await run_one(ports, {"entryPoints": [work("card")]}, app)
    assert ended.error == ErrorDetail("declined", "no funds")


@pytest.mark.parametrize(
    "output",
    [object(), {"a": {1, 2}}, {1: "a"}, math.nan, b"bytes", "\ud800", [[[]]] * 3 + [lambda: 1], "x" * 2_000_000],
    ids=["object", "set", "number as key", "nan", "bytes", "surrogate", "function", "too large"],
)
async def test_an_output_that_is_no_json_is_a_failure(ports: Ports, output: Any) -> None:
    app = App()

    @app.processor("odd")
    def odd(given: Any) -> Any:
        return output

    ended = await run_one(ports, {"entryPoints": [work("odd")]}, app)
    assert ended.error is not None
    assert ended.error.code == "bad-output"


async def test_an_output_that_holds_itself_is_a_failure(ports: Ports) -> None:
    app = App()

    @app.processor("ring")
    def ring(given: Any) -> Any:
        output: list[Any] = []
        output.append(output)
        return output

    ended = await run_one(ports, {"entryPoints": [work("ring")]}, app)
    assert ended.error is not None
    assert ended.error.code == "bad-output"


async def test_whole_numbers_keep_every_digit(ports: Ports) -> None:
    app = App()

    @app.processor("big")
    def big(given: Any) -> Any:
        return {"n": given["n"] + 1}

    assert (await run_one(ports, {"entryPoints": [work("big")]}, app, {"n": 10**40})).output == {"n": 10**40 + 1}


async def test_what_a_function_does_to_its_output_afterwards_changes_nothing(ports: Ports) -> None:
    app = App()
    kept: dict[str, Any] = {"n": 1}

    @app.processor("first")
    def first(given: Any) -> Any:
        return kept

    @app.processor("second")
    def second(given: Any) -> Any:
        kept["n"] = 99
        return given

    assert (await run_one(ports, {"entryPoints": [work("first", onSuccess=work("second"))]}, app)).output == {"n": 1}


async def test_a_function_that_hangs_is_given_up_by_the_timeout_of_its_node(ports: Ports) -> None:
    app = App()
    release = threading.Event()

    @app.processor("stuck")
    def stuck(given: Any) -> Any:
        release.wait(30)

    ended = await run_one(ports, {"entryPoints": [work("stuck", timeout="50ms")]}, app)
    release.set()
    assert ended.error is not None
    assert ended.error.code == "timeout"


async def test_an_async_function_that_hangs_is_canceled_by_the_timeout_of_its_node(ports: Ports) -> None:
    app = App()
    canceled = anyio.Event()

    @app.processor("stuck")
    async def stuck(given: Any) -> Any:
        try:
            await anyio.sleep_forever()
        finally:
            canceled.set()

    ended = await run_one(ports, {"entryPoints": [work("stuck", timeout="50ms")]}, app)
    assert ended.error is not None
    assert ended.error.code == "timeout"
    assert canceled.is_set()


async def test_a_deadline_of_the_app_bounds_an_attempt_without_a_timeout(ports: Ports) -> None:
    app = App()

    @app.processor("slow", timeout="30ms")
    async def slow(given: Any) -> Any:
        await anyio.sleep_forever()

    ended = await run_one(ports, {"entryPoints": [work("slow")]}, app)
    assert ended.error == ErrorDetail("timeout", "no answer within 0.03 s")


async def test_a_function_that_does_not_heed_its_deadline_is_canceled_once_and_keeps_nobody_busy(ports: Ports) -> None:
    app = App()
    cancels: list[asyncio.CancelledError] = []

    @app.processor("stubborn", timeout="10ms")
    async def stubborn(given: Any) -> Any:
        while not cancels:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError as error:
                cancels.append(error)
        try:
            await asyncio.sleep(0.05)
        except asyncio.CancelledError as error:
            cancels.append(error)
        return {"cancels": len(cancels)}

    ended = await run_one(ports, {"entryPoints": [work("stubborn")]}, app)
    assert ended.output == {"cancels": 1}


async def test_a_timeout_error_of_a_function_itself_is_its_own(ports: Ports) -> None:
    app = App()

    @app.processor("db")
    async def database(given: Any) -> Any:
        raise TimeoutError("the database")

    ended = await run_one(ports, {"entryPoints": [work("db")]}, app)
    assert ended.error == ErrorDetail("handler-error", "TimeoutError: the database")


async def test_no_more_attempts_run_at_once_than_the_app_allows(ports: Ports) -> None:
    app = App()
    now, most = 0, 0

    @app.processor("narrow", concurrency=3)
    async def narrow(given: Any) -> Any:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await anyio.sleep(0.001)
        now -= 1

    await run_spec(ports, {"entryPoints": [work("narrow")]}, app, payloads=list(range(30)))
    assert most == 3


async def test_losers_of_a_race_are_canceled(ports: Ports) -> None:
    app = App()
    canceled = anyio.Event()

    @app.processor("quick")
    async def quick(given: Any) -> Any:
        return {"winner": "quick"}

    @app.processor("slow")
    async def slow(given: Any) -> Any:
        try:
            await anyio.sleep_forever()
        except BaseException:
            canceled.set()
            raise

    race = {
        "type": "fork",
        "joinNodeId": "first",
        "branches": {"a": work("quick"), "b": work("slow")},
        "join": {"type": "join", "joinNodeId": "first", "strategy": {"type": "Or"}},
    }
    ended = await run_one(ports, {"entryPoints": [race]}, app)
    assert ended.output == {"a": {"winner": "quick"}}
    assert canceled.is_set()


async def test_a_secret_is_revealed_to_the_function_and_to_nobody_else(
    ports: Ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAYGRID_SECRET_BANK_API_KEY", "hunter2")
    app = App()
    seen: list[Any] = []

    @app.processor("bank")
    def bank(given: Any, attempt: Attempt) -> Any:
        seen.append(attempt.parameters["key"])

    node = work("bank", parameters={"key": {"$secret": {"path": "bank/api-key"}}})
    ended = await run_one(ports, {"entryPoints": [node]}, app)
    assert seen == ["hunter2"]
    decisions = await ports.journal.decisions(ended.traversal)
    assert "hunter2" not in repr(decisions)


async def test_a_secret_in_the_message_of_a_failure_is_taken_out(ports: Ports, monkeypatch: pytest.MonkeyPatch) -> None:
    """A webhook's URL is often a secret, and stands in every message about it."""
    monkeypatch.setenv("WAYGRID_SECRET_HOOK", "http://127.0.0.1:1/hunter2")
    node = {
        "type": "standard",
        "address": "waygrid://destination/webhook",
        "parameters": {"url": {"$secret": {"path": "hook"}}},
    }
    ended = await run_one(ports, {"entryPoints": [node]})
    assert ended.error is not None
    assert ended.error.code == "unreachable"
    assert ended.error.message.startswith("POST [url]: ")
    assert "hunter2" not in repr(await ports.journal.decisions(ended.traversal))


async def test_a_function_that_cancels_its_own_task_fails_its_attempt_and_no_more(ports: Ports) -> None:
    app = App()

    @app.processor("rash")
    async def rash(given: Any, attempt: Attempt) -> Any:
        if attempt.attempt < 3:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await asyncio.sleep(60)
        return given

    node = {
        "type": "standard",
        "address": "waygrid://processor/rash",
        "retryPolicy": {"type": "Linear", "base": "1ms", "maxRetries": 2},
    }
    ended = await run_one(ports, {"entryPoints": [node]}, app)
    assert ended.status == "Completed"
    assert "canceled the task that it ran in" in repr(await ports.journal.decisions(ended.traversal))


async def test_no_part_of_a_secret_is_in_a_failure_however_long_it_is(
    ports: Ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAYGRID_SECRET_KEY", "hunter2-and-more")
    app = App()

    @app.processor("leaky")
    def leaky(given: Any, attempt: Attempt) -> None:
        key = str(attempt.parameters["key"])
        raise Failed(f"no-{key}", "x" * 1_990 + key)

    node = {
        "type": "standard",
        "address": "waygrid://processor/leaky",
        "parameters": {"key": {"$secret": {"path": "key"}}},
    }
    ended = await run_one(ports, {"entryPoints": [node]}, app)
    assert ended.error is not None
    assert ended.error.code == "no-[key]"
    assert "hunter" not in repr(await ports.journal.decisions(ended.traversal))


async def test_a_missing_secret_fails_the_attempt_and_names_the_variable(ports: Ports) -> None:
    app = App()

    @app.processor("bank")
    def bank(given: Any) -> Any:
        raise AssertionError("never called")

    node = work("bank", parameters={"key": {"$secret": {"path": "no/such", "field": "f", "version": 2}}})
    ended = await run_one(ports, {"entryPoints": [node]}, app)
    assert ended.error is not None
    assert ended.error.code == "unreachable"
    assert "WAYGRID_SECRET_NO_SUCH_F_V2" in ended.error.message


def test_a_wrong_registration_is_refused_at_once() -> None:
    app = App()
    with pytest.raises(ValueError, match="no address"):
        app.processor("Not A Name")
    with pytest.raises(ValueError, match="not positive"):
        app.processor("x", timeout="0s")
    with pytest.raises(ValueError, match="at least 1"):
        app.processor("x", concurrency=0)
    with pytest.raises(ValueError, match="processor/x: a concurrency of 5001 is too large; write at most 5000"):
        app.processor("x", concurrency=5_001)
    with pytest.raises(ValueError, match="must take"):
        app.processor("x")(lambda: 1)
    with pytest.raises(ValueError, match="must take"):
        app.processor("x")(lambda a, b, c: 1)
    app.processor("x")(lambda given: given)
    with pytest.raises(ValueError, match="served already"):
        app.processor("x")
