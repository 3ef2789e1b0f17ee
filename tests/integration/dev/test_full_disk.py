"""A disk that is full: everybody is told, nothing is lost, and it goes on once there is room again."""

import sqlite3
from functools import partial
from pathlib import Path

from tests.integration.dev.conftest import Mount
from tests.integration.dev.process import Dev, run_to_end, running_dev, until

SPEC = {"entryPoints": [{"type": "pass", "output": {"$from": "/payload"}}]}
TEXT = "x" * 50_000


def fill(disk: Path) -> Path:
    """A file that takes all the room there is."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65_536, 4_096):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                pass
    return filler


def submit_until_full(dev: Dev) -> list[str]:
    """Hand traversals in until there is no room for one more; those that were accepted."""
    accepted: list[str] = []
    for _ in range(2_000):
        answer = dev.submit(SPEC, {"text": TEXT})
        if answer.status == 507:
            assert answer.body["code"] == "storage-full"
            assert "make room" in answer.body["detail"]
            return accepted
        assert answer.status == 202, answer.body
        accepted.append(answer.body["id"])
    raise AssertionError("the disk is never full")


def test_submissions_are_refused_while_it_is_full_and_what_was_accepted_ends_when_there_is_room(
    folder: Path, mount: Mount
) -> None:
    disk = mount("size=24m")
    with running_dev(folder, "--data-dir", "disk/data") as dev:
        first = dev.submit(SPEC, {"text": TEXT}, query="?wait=30s")
        assert first.body["status"] == "completed"
        filler = fill(disk)
        accepted = submit_until_full(dev)
        assert dev.process.poll() is None
        assert dev.status_of(first.body["id"]) == "completed"
        assert dev.ask("GET", "/health/live").status == 200
        filler.unlink()
        until(lambda: dev.submit(SPEC).status == 202, "it takes in again")
        until(lambda: dev.ask("GET", "/health/ready").status == 200, "it is ready again")
        for traversal in accepted:
            until(partial(dev.has_completed, traversal), f"{traversal} ends")
        assert dev.end() == 0
        assert all("Traceback" not in str(line) for line in dev.lines)
    with sqlite3.connect(disk / "data" / "waygrid.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_services_that_cannot_write_say_so_and_come_back_by_themselves(folder: Path, mount: Mount) -> None:
    disk = mount("size=24m")
    slow = {"entryPoints": [{"type": "standard", "address": "waygrid://processor/slow"}]}
    with running_dev(folder, "--app", "shop:app", "--data-dir", "disk/data") as dev:
        traversal = dev.submit(slow).body["id"]
        until((folder / "working").exists, "the attempt is under way")
        filler = fill(disk)
        submit_until_full(dev)
        (folder / "go").touch()  # the worker has an answer, and nowhere to keep it
        until(lambda: dev.ask("GET", "/health/ready").status == 503, "it says that it is not ready")
        (reason,) = dev.ask("GET", "/health/ready").body["reasons"][:1]
        assert "no room is left to write" in reason
        filler.unlink()
        until(lambda: dev.ask("GET", "/health/ready").status == 200, "it is ready again")
        until(lambda: dev.status_of(traversal) == "completed", "the attempt is answered")
        in_flight = 'waygrid_attempts_in_flight{address="waygrid://processor/slow"} 0.0'
        assert in_flight in dev.ask("GET", "/metrics").body
        assert any("is started again" in line["message"] for line in dev.lines)
        assert dev.end() == 0


def test_a_disk_without_any_room_is_said_at_the_start(folder: Path, mount: Mount) -> None:
    disk = mount("size=64k")
    done = run_to_end(folder, "dev", "--port", "0", "--data-dir", str(disk))
    assert done.code == 1
    assert "no room is left to write" in done.err
