"""What is kept, for how long, and what happens when somebody else holds the file."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.integration.dev.process import running_dev, until

DOUBLE = {"entryPoints": [{"type": "standard", "address": "waygrid://processor/double"}]}
WAIT = {"entryPoints": [{"type": "await", "event": "never"}]}


def test_what_has_ended_is_kept_unless_the_settings_say_for_how_long(folder: Path) -> None:
    with running_dev(folder, "--app", "shop:app") as dev:
        ended = dev.submit(DOUBLE, {"n": 1}, query="?wait=30s").body["id"]
        waiting = dev.submit(WAIT).body["id"]
        until(lambda: dev.status_of(waiting) == "running", "it waits")
        assert dev.end() == 0
    with running_dev(folder, "--app", "shop:app") as dev:
        assert dev.status_of(ended) == "completed"
        assert dev.end() == 0
    with running_dev(folder, "--app", "shop:app", environment={"WAYGRID_DATA_KEEP_ENDED": "1ms"}) as dev:
        until(lambda: dev.ask("GET", f"/v1/traversals/{ended}").status == 404, "it is forgotten")
        assert dev.status_of(waiting) == "running"
        assert dev.end() == 0


def test_a_file_that_somebody_else_locks_is_waited_for(folder: Path) -> None:
    with running_dev(folder, "--app", "shop:app") as dev:
        assert dev.submit(DOUBLE, {"n": 1}, query="?wait=30s").status == 200
        with closing(sqlite3.connect(folder / ".waygrid" / "waygrid.db", isolation_level=None)) as stranger:
            stranger.execute("BEGIN IMMEDIATE")
            refused = dev.submit(DOUBLE, {"n": 2})
            assert (refused.status, refused.body["code"]) == (503, "unavailable")
            assert "locked" in refused.body["detail"]
            assert int(refused.headers["retry-after"]) > 0
            stranger.execute("ROLLBACK")
        until(lambda: dev.submit(DOUBLE, {"n": 3}, query="?wait=30s").status == 200, "it goes on")
        until(lambda: dev.ask("GET", "/health/ready").status == 200, "it is ready")
        assert dev.end() == 0
