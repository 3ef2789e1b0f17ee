"""`waygrid dev` stops as it is asked to, and goes on where it was."""

import signal
import urllib.request
from functools import partial
from pathlib import Path

import pytest

from tests.integration.dev.process import running_dev, until

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


def test_streams_and_waiting_requests_do_not_hold_it_up(folder: Path) -> None:
    with running_dev(folder, "--app", "shop:app", environment={"WAYGRID_SERVER_DRAIN": "50ms"}) as dev:
        traversal = dev.submit(SLOW).body["id"]
        until((folder / "working").exists, "the attempt is under way")
        with urllib.request.urlopen(f"{dev.url}/v1/traversals/{traversal}/live", timeout=60) as stream:
            assert stream.readline()
            assert dev.end() == 0
