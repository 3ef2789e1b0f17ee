"""The commands that talk to a server, where none is, or none that can serve; and how they look on a terminal."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.free_port import free_port
from tests.integration.cli.command import Ran, run_waygrid
from tests.integration.client.misbehaving import (
    ID,
    Act,
    answers,
    event,
    refuses,
    sends,
    served,
    streams,
    traversal,
)

COMMANDS = (
    ["submit", "spec.yaml"],
    ["list"],
    ["show", ID],
    ["history", ID],
    ["watch", ID],
    ["replay", ID, "--at", "1"],
    ["send", "e@k"],
    ["cancel", ID],
    ["pause", ID],
    ["resume", ID],
    ["retry", ID],
    ["dead-letters", "list"],
    ["dead-letters", "show", "1"],
    ["dead-letters", "redrive", "--all"],
    ["dead-letters", "discard", "1"],
)
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and terminals as Unix has them")


@pytest.fixture
def nowhere() -> str:
    """Where nobody listens."""
    return f"http://127.0.0.1:{free_port()}"


def waygrid(folder: Path, *arguments: str) -> Ran:
    (folder / "spec.yaml").write_text("entryPoints: [{type: pass}]\n")
    ran = run_waygrid(folder, *arguments)
    assert not ran.has_traceback, ran.err
    return ran


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command[:2]))
def test_where_no_server_is_it_says_how_to_start_one(tmp_path: Path, nowhere: str, command: list[str]) -> None:
    ran = waygrid(tmp_path, *command, "--server", nowhere, "--timeout", "500ms")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        f"waygrid: no Waygrid server answers at {nowhere}: nobody listens there; start one with `waygrid dev`, or set "
        "WAYGRID_SERVER to where it is\n"
    )


@pytest.mark.parametrize(
    ("act", "code", "said"),
    [
        (sends(b"<html>"), 2, "answered with what is no JSON; is it a Waygrid server"),
        (refuses(401, "no-key", "send a key"), 2, "send a key; give a key that may, as WAYGRID_KEY"),
        (refuses(503, "unavailable", "the disk sleeps", Retry_After="60"), 2, "the disk sleeps"),
        (refuses(404, "not-found", "no such traversal"), 1, "no such traversal"),
        (refuses(500, "internal", "the log says more"), 1, "the log says more"),
    ],
)
def test_what_a_server_answers_decides_the_exit_code(tmp_path: Path, act: Act, code: int, said: str) -> None:
    with served(act) as server:
        ran = waygrid(tmp_path, "show", ID, "--server", server.url)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err


def test_a_key_is_sent_and_not_shown(tmp_path: Path) -> None:
    with served(refuses(403)) as server:
        ran = waygrid(tmp_path, "show", ID, "--server", server.url, "--key", "wg_sesame")
    assert server.heard[0].headers["authorization"] == "Bearer wg_sesame"
    assert "sesame" not in ran.err


@pytest.mark.parametrize("server", ["localhost:8400", "", "http://"])
def test_what_is_no_url_is_said_to_be_none(tmp_path: Path, server: str) -> None:
    ran = waygrid(tmp_path, "list", "--server", server)
    assert (ran.code, ran.out) == (2, "")
    assert "write one like http://127.0.0.1:8400" in ran.err


AT_A_TERMINAL = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from waygrid_shell.cli.main import main
main()
"""
"""Hears Ctrl-C, even where the tests run in the background of a shell: what a shell starts there ignores it."""


def test_ctrl_c_ends_a_watch_without_a_traceback(tmp_path: Path) -> None:
    act = streams(event("state", 1, traversal("running", 1)), then_hangs=True)
    command = [sys.executable, "-c", AT_A_TERMINAL, "watch", ID, "--server"]
    with (
        served(act) as server,
        subprocess.Popen([*command, server.url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process,
    ):
        assert process.stdout is not None
        assert process.stdout.readline().startswith("running")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "waygrid: interrupted\n")


def test_what_would_move_the_hand_of_a_terminal_is_shown_as_text(tmp_path: Path) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J"
    nodes = [{"id": "1", "name": evil, "kind": "standard", "status": "running"}]
    error = {"code": "c", "message": evil}
    view = traversal("failed", 1, name=evil, labels={"a": evil}, nodes=nodes, error=error, payload=evil)
    entry = {"traversal": ID, "version": 1, "at": "2026-01-01T00:00:00Z", "cause": "c", "events": [], "effects": []}
    history = {"traversal": ID, "entries": [{**entry, "lines": [evil]}]}
    for command, act in (
        ("show", answers(view)),
        ("history", answers(history)),
        ("list", answers({"items": [{**view}]})),
        ("watch", streams(event("state", 1, {**view, "status": "running"}), event("ended", 2, {**view, "version": 2}))),
    ):
        with served(act) as server:
            ran = waygrid(tmp_path, command, *([] if command == "list" else [ID]), "--server", server.url)
        assert "owned" in ran.out, (command, ran)
        assert "\x1b" not in ran.out + ran.err


def on_a_terminal(*arguments: str, environment: dict[str, str] | None = None) -> tuple[int, str]:
    """The exit code, and all that a terminal was sent."""
    ours, theirs = os.openpty()
    variables = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", **(environment or {})}
    variables.pop("NO_COLOR", None) if environment is None else None
    process = subprocess.Popen(
        [sys.executable, "-m", "waygrid_shell.cli", *arguments], stdout=theirs, stderr=theirs, env=variables
    )
    os.close(theirs)
    sent = bytearray()
    try:
        while part := os.read(ours, 65536):
            sent += part
    except OSError:
        pass  # how a terminal says that nobody will write any more
    finally:
        os.close(ours)
    return process.wait(60), sent.decode()


def test_statuses_have_colours_on_a_terminal_unless_nobody_wants_them() -> None:
    with served(answers({"items": [traversal("completed", 1)]})) as server:
        code, sent = on_a_terminal("list", "--server", server.url)
        assert (code, "\x1b[32mcompleted\x1b[0m" in sent) == (0, True)
        code, sent = on_a_terminal("list", "--server", server.url, environment={"NO_COLOR": "1"})
        assert (code, "\x1b" in sent, "completed" in sent) == (0, False, True)


def test_a_watch_on_a_terminal_draws_the_nodes_and_leaves_the_outcome() -> None:
    nodes = [
        {"id": "1", "name": "reserve", "kind": "standard", "status": "succeeded"},
        {"id": "2", "name": "refund", "kind": "standard", "status": "not-reached"},
    ]
    ended = traversal("completed", 3, output={"n": 1}, nodes=nodes)
    act = streams(event("state", 1, traversal("running", 1, nodes=nodes)), event("ended", 3, ended))
    with served(act) as server:
        code, sent = on_a_terminal("watch", ID, "--server", server.url)
    assert code == 0
    assert re.search(r"succeeded.*reserve", sent)
    assert re.search(r"not-reached.*refund", sent)
    assert sent.rstrip().splitlines()[-1].endswith(f'completed\x1b[0m  {ID}  {{"n":1}}')


def test_a_file_that_was_submitted_in_part_says_how_to_go_on(tmp_path: Path) -> None:
    (tmp_path / "many.jsonl").write_text("{}\n" * 1001)
    first = answers({"dag": "ab" * 32, "ids": [ID] * 1000}, 202)
    with served(first, refuses(507, "storage-full", "there is no room on the disk")) as server:
        ran = waygrid(tmp_path, "submit", "spec.yaml", "--payload", "many.jsonl", "--server", server.url)
    assert (ran.code, ran.out) == (1, f"{ID}\n" * 1000)
    keys = [heard.headers["idempotency-key"] for heard in server.heard]
    hint, refusal = ran.err.splitlines()
    assert "the first 1000 of 1001 payloads are accepted" in hint
    key = re.search(r"--idempotency-key (\S+)", hint)
    assert key is not None
    assert keys == [f"{key[1]}/1", f"{key[1]}/2"]
    assert refusal == "waygrid: there is no room on the disk"
