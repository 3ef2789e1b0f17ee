"""`waygrid run` as a person meets it: what it prints, what it refuses, how it stops and goes on."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

APP = """
from waygrid_shell.processors.function import App, Failed

app = App()

@app.processor("double")
def double(order):
    return {"n": order["n"] * 2}

@app.processor("wait")
async def wait(order):
    import anyio, pathlib
    pathlib.Path("working").touch()
    if not pathlib.Path("go").exists():
        await anyio.sleep_forever()
    return {}

@app.processor("stubborn")
async def stubborn(order):
    import anyio, pathlib
    while True:
        try:
            pathlib.Path("working").touch()
            await anyio.sleep_forever()
        except BaseException:
            pass
"""
DOUBLE = {"entryPoints": [{"type": "standard", "address": "waygrid://processor/double"}]}
WAIT = {"entryPoints": [{"type": "standard", "address": "waygrid://processor/wait"}]}
AWAIT = {"entryPoints": [{"type": "await", "event": "approved"}]}


@frozen
class Done:
    code: int
    out: str
    err: str

    @property
    def outcomes(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Done]


def command(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "waygrid_shell.cli", "run", *arguments]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    (tmp_path / "shop.py").write_text(APP)
    for name, spec in (("double", DOUBLE), ("wait", WAIT), ("await", AWAIT)):
        (tmp_path / f"{name}.json").write_text(json.dumps(spec))

    def run(*arguments: str, stdin: str = "") -> Done:
        done = subprocess.run(
            command(arguments), cwd=tmp_path, input=stdin, capture_output=True, text=True, timeout=60, check=False
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    return run


def test_a_json_text_is_one_payload(run: Run) -> None:
    done = run("double.json", "--payload", '{"n": 21}', "--app", "shop:app")
    assert done.code == 0
    assert done.out.startswith("completed ")
    assert done.out.endswith('{"n":42}\n')
    assert "1 traversal: 1 completed, 0 not completed (1 accepted now)" in done.err


def test_what_a_users_code_prints_is_not_among_the_outcomes(run: Run, tmp_path: Path) -> None:
    (tmp_path / "chatty.py").write_text(f'{APP}\n\nprint("hello")\n')
    done = run("double.json", "--payload", '{"n": 1}', "--app", "chatty:app", "--json")
    assert [each["output"] for each in done.outcomes] == [{"n": 2}]
    assert "hello" in done.err


def test_lines_on_standard_input_are_payloads(run: Run) -> None:
    done = run("double.json", "--payload", "-", "--app", "shop:app", "--json", stdin='{"n": 1}\n\n{"n": 2}\n')
    assert sorted((each["source"], each["status"], each["output"]["n"]) for each in done.outcomes) == [
        ("<stdin>:1", "completed", 2),
        ("<stdin>:3", "completed", 4),
    ]


def test_a_json_file_is_one_payload_whatever_it_holds(run: Run, tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text('{\n  "n": [1]\n}')
    done = run("double.json", "--payload", "p.json", "--app", "shop:app", "--json", "--quiet")
    assert done.outcomes[0]["output"] == {"n": [1, 1]}
    assert done.err == ""


def test_any_traversal_that_does_not_complete_gives_exit_code_1(run: Run) -> None:
    done = run("double.json", "--payload", "-", "--app", "shop:app", "--json", stdin='{"n": 1}\n{}\n')
    assert done.code == 1
    failed = next(each for each in done.outcomes if each["status"] == "failed")
    assert failed["error"] == {"code": "handler-error", "message": "KeyError: 'n'"}
    assert "1 completed, 1 not completed" in done.err


def test_bad_lines_are_named_and_nothing_is_accepted(run: Run, tmp_path: Path) -> None:
    (tmp_path / "o.jsonl").write_bytes(b'{"n": 1}\n{"n": }\n\xff\xfe\n' + b"[" * 5000 + b"]" * 5000 + b"\n")
    done = run("double.json", "--payload", "o.jsonl", "--app", "shop:app", "--data-dir", "data")
    assert (done.code, done.out) == (2, "")
    for line in ("o.jsonl:2: ", "o.jsonl:3: no JSON: byte 1 is not UTF-8", "o.jsonl:4: it nests deeper"):
        assert line in done.err
    assert "nothing was accepted" in done.err
    assert not (tmp_path / "data").exists()
    done = run("double.json", "--payload", "o.jsonl", "--app", "shop:app", "--skip-bad-lines", "--json")
    assert [each["source"] for each in done.outcomes] == ["o.jsonl:1"]
    assert "3 bad lines skipped" in done.err


def test_a_service_that_nobody_serves_is_found_before_anything_is_accepted(run: Run, tmp_path: Path) -> None:
    done = run("double.json", "--payload", '{"n": 1}', "--data-dir", "data")
    assert (done.code, done.out) == (2, "")
    assert 'waygrid://processor/double: decorate a function with @app.processor("double")' in done.err
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("app", "sentence"),
    [
        ("shop", "write module:app"),
        ("nowhere:app", "there is no module 'nowhere'"),
        ("shop.py:app", "without .py"),
        ("shop:nothing", "has no 'nothing'"),
        ("shop:double", "not a waygrid_shell.processors.function.App"),
        ("broken:app", "ZeroDivisionError: division by zero"),
        ("syntax:app", "line 2"),
        ("imports:app", "No module named 'not_installed_here'"),
    ],
)
def test_an_app_that_cannot_be_had_is_explained(run: Run, tmp_path: Path, app: str, sentence: str) -> None:
    (tmp_path / "broken.py").write_text("def f():\n    return 1 / 0\nf()\n")
    (tmp_path / "syntax.py").write_text("x = 1\ny = = 2\n")
    (tmp_path / "imports.py").write_text("import not_installed_here\n")
    done = run("double.json", "--payload", '{"n": 1}', "--app", app)
    assert done.code == 2
    assert sentence in done.err


def test_a_wrong_spec_is_said_in_full(run: Run, tmp_path: Path) -> None:
    (tmp_path / "wrong.json").write_text('{"entryPoints": [{"type": "pass", "x": 1}, {"type": "nope"}]}')
    done = run("wrong.json")
    assert done.code == 2
    assert "unknown-field" in done.err
    assert "unknown-type" in done.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["missing.json"], "there is no such file"),
        (["double.json", "--payload", "missing.jsonl"], "cannot read missing.jsonl: there is no such file"),
        (["double.json", "--entry", "3", "--app", "shop:app"], "there is no entry point 3"),
        (["double.json", "--concurrency", "0", "--app", "shop:app"], "write at least 1"),
        (["-", "--payload", "-"], "standard input"),
        (["await.json", "--event", "=1"], "write NAME"),
        (["await.json", "--event", "a={"], "--event a: "),
        (["await.json", "--data-dir", "shop.py"], "--data-dir shop.py: it is a file, or lies below one; name a folder"),
        (["await.json", "--data-dir", "shop.py/data"], "--data-dir shop.py/data: it is a file, or lies below one"),
        (["await.json", "--payload", ""], "--payload: it is empty; write a JSON text"),
        (["await.json", "--payload", " "], "--payload: it is empty; write a JSON text"),
        (["await.json", "--allow-network", "home"], "--allow-network: 'home' does not appear to be an IPv4 or IPv6"),
        (["await.json", "--config", "none.toml"], "none.toml: it cannot be read: No such file"),
    ],
)
def test_a_slip_is_a_sentence(run: Run, arguments: list[str], sentence: str) -> None:
    done = run(*arguments, stdin=json.dumps(DOUBLE))
    assert done.code == 2
    assert sentence in done.err


def test_a_missing_secret_is_found_before_anything_is_accepted(run: Run, tmp_path: Path) -> None:
    node = {**DOUBLE["entryPoints"][0], "parameters": {"key": {"$secret": {"path": "bank/key"}}}}
    (tmp_path / "secret.json").write_text(json.dumps({"entryPoints": [node]}))
    done = run("secret.json", "--app", "shop:app")
    assert done.code == 2
    assert "set WAYGRID_SECRET_BANK_KEY" in done.err


def test_another_process_on_the_same_folder_is_refused(run: Run, tmp_path: Path) -> None:
    with _started(tmp_path, ["wait.json", "--payload", "{}", "--app", "shop:app", "--data-dir", "data"]) as process:
        done = run("wait.json", "--app", "shop:app", "--data-dir", "data")
        assert done.code == 2
        assert f"in use by another process (pid {process.pid})" in done.err
        process.kill()


def test_a_folder_with_something_else_in_it_is_left_alone(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "waygrid.db").write_text("not a database, " * 100)
    done = run("await.json", "--data-dir", "data")
    assert done.code == 2
    assert "no data of Waygrid" in done.err


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_is_clean_and_says_how_to_go_on(run: Run, tmp_path: Path, stop: signal.Signals) -> None:
    arguments = ["wait.json", "--payload", "{}", "--app", "shop:app", "--data-dir", "data", "--json"]
    with _started(tmp_path, arguments) as process:
        process.send_signal(stop)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "stopped with 1 traversal not at an end" in err
    assert "run the same command again" in err
    (tmp_path / "go").touch()
    done = run(*arguments)
    assert (done.code, [each["history"] for each in done.outcomes]) == (0, ["resumed"])
    done = run(*arguments)
    assert (done.code, [each["history"] for each in done.outcomes]) == (0, ["ended-before"])
    assert "1 ended before" in done.err


def test_a_stop_ends_the_run_although_a_handler_will_not_be_canceled(run: Run, tmp_path: Path) -> None:
    (tmp_path / "stubborn.json").write_text(json.dumps(WAIT).replace("processor/wait", "processor/stubborn"))
    with _started(tmp_path, ["stubborn.json", "--payload", "{}", "--app", "shop:app"]) as process:
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "stopped with 1 traversal not at an end" in err


def test_what_waits_for_an_event_is_said_with_the_way_to_give_it(run: Run) -> None:
    done = run("await.json", "--payload", "{}", "--data-dir", "data")
    assert done.code == 1
    assert "waits for the event 'approved'" in done.out
    hint = next(line for line in done.err.splitlines() if "--event" in line)
    given = hint.rpartition("--event '")[2].removesuffix("'").replace("JSON", '{"by": "Ada"}')
    done = run("await.json", "--data-dir", "data", "--event", given, "--json")
    assert done.code == 0
    assert done.outcomes[0]["output"] == {"by": "Ada"}
    done = run("await.json", "--payload", "{}", "--event", "approved", "--json")
    assert done.outcomes[0]["output"] == {}


def test_events_come_from_a_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "e.jsonl").write_text('{"event": "approved", "data": 1}\n')
    assert run("await.json", "--payload", "{}", "--events", "e.jsonl", "--json").outcomes[0]["output"] == 1
    (tmp_path / "e.jsonl").write_text('{"event": "approved", "dta": 1}\n[]\n{"event": 1}\n')
    done = run("await.json", "--payload", "{}", "--events", "e.jsonl")
    assert done.code == 2
    assert "no field 'dta'" in done.err


def test_a_reader_that_has_enough_ends_the_run_quietly(run: Run, tmp_path: Path) -> None:
    (tmp_path / "o.jsonl").write_text("".join(f'{{"n": {number}}}\n' for number in range(500)))
    arguments = command(["double.json", "--payload", "o.jsonl", "--app", "shop:app", "--quiet"])
    with subprocess.Popen(arguments, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        err = process.stderr.read().decode()
        process.wait(timeout=30)
    assert "Traceback" not in err


@contextmanager
def _started(folder: Path, arguments: Sequence[str]) -> Iterator["subprocess.Popen[str]"]:
    """A run whose handler has begun to work."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command(arguments), cwd=folder, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            while not (folder / "working").exists():
                assert process.poll() is None, process.communicate()
                time.sleep(0.02)
            yield process
        finally:
            process.kill()
