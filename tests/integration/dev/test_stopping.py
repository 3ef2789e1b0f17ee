"""`waygrid dev` stops as it is asked to, and goes on where it was."""

import json
import signal
import sqlite3
import subprocess
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from tests.integration.dev.process import running_dev, until

BUG = """
import anyio
from waygrid_shell.cli.main import run
from waygrid_shell.services.scheduler.service import Scheduler

async def broken(self):
    await anyio.sleep(0.5)
    raise AssertionError("planted")

Scheduler.run = broken
raise SystemExit(run(["dev", "--port", "0"]))
"""
SLOW = {
    "entryPoints": [
        {
            "type": "standard",
            "address": "waygrid://processor/slow",
            "onSuccess": {"type": "standard", "address": "waygrid://processor/slow"},
        }
    ]
}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_attempt_under_way_ends_and_nothing_new_is_taken_in(folder: Path, number: signal.Signals) -> None:
    with running_dev(folder, "--app", "shop:app") as dev:
        traversal = dev.submit(SLOW).body["id"]
        until((folder / "working").exists, "the attempt is under way")
        dev.process.send_signal(number)
        until(lambda: dev.ask("GET", "/health/ready").status == 503, "it says that it is not ready")
        assert dev.ask("GET", "/health/ready").body["reasons"] == ["it is stopping"]
        assert dev.ask("GET", "/health/live").status == 200
        refused = dev.submit(SLOW)
        assert (refused.status, refused.body["code"]) == (503, "stopping")
        assert int(refused.headers["retry-after"]) > 0
        assert dev.status_of(traversal) == "running"
        assert dev.process.poll() is None
        (folder / "go").touch()
        assert dev.process.wait(60) == 0
    (folder / "working").unlink()
    with running_dev(folder, "--app", "shop:app") as dev:
        assert "1 traversal from before goes on." in dev.out
        until(lambda: dev.status_of(traversal) == "completed", "it ends after the restart")
        history = dev.ask("GET", f"/v1/traversals/{traversal}/history").body
        events = [event for entry in history["entries"] for event in entry["events"]]
        assert sum("NodeSucceeded" in str(event) for event in events) == 2
        assert dev.end() == 0


def test_an_attempt_that_takes_longer_than_the_drain_is_made_again(folder: Path) -> None:
    environment = {"WAYGRID_SERVER_DRAIN": "50ms"}
    with running_dev(folder, "--app", "shop:app", environment=environment) as dev:
        traversal = dev.submit(SLOW).body["id"]
        until((folder / "working").exists, "the attempt is under way")
        assert dev.end() == 0
    (folder / "go").touch()
    with running_dev(folder, "--app", "shop:app") as dev:
        until(lambda: dev.status_of(traversal) == "completed", "it ends after the restart")


def test_a_second_signal_ends_at_once_and_loses_nothing(folder: Path) -> None:
    with running_dev(folder, "--app", "shop:app") as dev:
        traversal = dev.submit(SLOW).body["id"]
        until((folder / "working").exists, "the attempt is under way")
        dev.process.send_signal(signal.SIGTERM)
        until(lambda: dev.ask("GET", "/health/ready").status == 503, "it is stopping")
        assert dev.end() == 130
    (folder / "go").touch()
    with running_dev(folder, "--app", "shop:app") as dev:
        until(lambda: dev.status_of(traversal) == "completed", "it ends after the restart")


def test_a_handler_that_cannot_be_canceled_does_not_keep_the_process(folder: Path) -> None:
    stubborn = {"entryPoints": [{"type": "standard", "address": "waygrid://processor/stubborn"}]}
    with running_dev(folder, "--app", "shop:app", environment={"WAYGRID_SERVER_DRAIN": "50ms"}) as dev:
        traversal = dev.submit(stubborn).body["id"]
        until((folder / "working").exists, "the attempt is under way")
        assert dev.end() == 0
        assert "goes on although it was canceled" in dev.err
    with running_dev(folder) as dev:
        assert dev.status_of(traversal) == "running"


def test_killed_it_goes_on_where_it_was(folder: Path) -> None:
    with running_dev(folder, "--app", "shop:app") as dev:
        traversals = [dev.submit(SLOW).body["id"] for _ in range(20)]
        until((folder / "working").exists, "an attempt is under way")
        assert dev.end(signal.SIGKILL) == -signal.SIGKILL
    (folder / "go").touch()
    with running_dev(folder, "--app", "shop:app") as dev:
        assert "traversals from before go on." in dev.out
        for traversal in traversals:
            until(partial(dev.has_completed, traversal), "it ends after the restart")


def test_what_nobody_serves_any_more_is_said_and_kept(folder: Path) -> None:
    with running_dev(folder, "--app", "shop:app") as dev:
        traversal = dev.submit(SLOW).body["id"]
        until((folder / "working").exists, "the attempt is under way")
        dev.end(signal.SIGKILL)
    with running_dev(folder) as dev:
        assert "Nobody here serves waygrid://processor/slow" in dev.out
        assert dev.status_of(traversal) == "running"
        assert dev.end() == 0


def test_what_was_cleared_from_the_log_of_messages_is_sent_again(folder: Path) -> None:
    with running_dev(folder, "--app", "shop:app") as dev:
        traversal = dev.submit(SLOW).body["id"]
        until((folder / "working").exists, "the attempt is under way")
        dev.end(signal.SIGKILL)
    with closing(sqlite3.connect(folder / ".waygrid" / "waygrid.db", isolation_level=None)) as connection:
        assert connection.execute("DELETE FROM message_batch").rowcount > 0
    (folder / "go").touch()
    with running_dev(folder, "--app", "shop:app") as dev:
        until(partial(dev.has_completed, traversal), "it ends after the restart")
        assert "waygrid_swept_obligations_total 0.0" not in dev.ask("GET", "/metrics").body
        assert dev.end() == 0


def test_a_bug_of_a_service_ends_the_process_with_a_sentence_and_all_of_it_in_the_log(folder: Path) -> None:
    (folder / "bug.py").write_text(BUG)
    done = subprocess.run([sys.executable, "bug.py"], cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "Waygrid listens on" in done.stdout
    log, last = done.stderr.splitlines()[:-1], done.stderr.splitlines()[-1]
    assert last == (
        "waygrid: a bug of Waygrid's own ended it (AssertionError: planted); what was accepted is kept in .waygrid and "
        "goes on at the next start; the log has all of it"
    )
    (critical,) = [line for line in map(json.loads, log) if line["level"] == "critical"]
    assert "AssertionError: planted" in critical["exception"]


def test_streams_and_waiting_requests_do_not_hold_it_up(folder: Path) -> None:
    with running_dev(folder, "--app", "shop:app", environment={"WAYGRID_SERVER_DRAIN": "50ms"}) as dev:
        traversal = dev.submit(SLOW).body["id"]
        until((folder / "working").exists, "the attempt is under way")
        with (
            urllib.request.urlopen(f"{dev.url}/v1/traversals/{traversal}/live", timeout=60) as stream,
            ThreadPoolExecutor(1) as waiter,
        ):
            assert stream.readline()
            waiting = waiter.submit(dev.submit, SLOW, query="?wait=60s")
            until(lambda: len(dev.ask("GET", "/v1/traversals").body["items"]) == 2, "the other one is accepted")
            assert dev.end() == 0
            assert waiting.result(60).status == 202
