"""The client, and a server that is killed and started again under it."""

import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.integration.cli.dev_server import DevServer
from waygrid_shell.client import SyncWaygridClient
from waygrid_shell.resources.traversal import TraversalView

APPROVAL = {"entryPoints": [{"type": "await", "id": "approval", "event": "approved"}]}
DOUBLE = {"entryPoints": [{"type": "standard", "address": "waygrid://processor/double"}]}


class Restartable:
    """A server that comes back where it was."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.folder = folder
        self.server = DevServer.start(folder, port=self.port)

    def start(self) -> None:
        """Start it again."""
        self.server = DevServer.start(self.folder, port=self.port)


@pytest.fixture
def restartable(tmp_path: Path) -> Iterator[Restartable]:
    restartable = Restartable(tmp_path)
    yield restartable
    restartable.server.kill()


def test_a_watch_goes_on_when_its_server_was_killed_and_started_again(restartable: Restartable) -> None:
    with SyncWaygridClient(restartable.server.url, timeout=timedelta(seconds=60)) as client:
        traversal = client.submit(APPROVAL).id
        story = client.watch(traversal)
        assert isinstance(next(story), TraversalView)
        restartable.server.kill()
        restartable.start()
        client.send_event("approved", {"by": "Ada"}, traversal=traversal)
        last = list(story)[-1]
    assert isinstance(last, TraversalView)
    assert (last.status, last.output) == ("completed", {"by": "Ada"})


def test_what_is_submitted_while_the_server_is_away_is_done_when_it_is_back(restartable: Restartable) -> None:
    results: list[object] = []
    with SyncWaygridClient(restartable.server.url, timeout=timedelta(seconds=60)) as client:
        assert client.health().ready
        restartable.server.kill()
        thread = threading.Thread(target=lambda: results.append(client.run(DOUBLE, {"n": 4}).output))
        thread.start()
        restartable.start()
        thread.join(60)
    assert results == [{"n": 8}]
