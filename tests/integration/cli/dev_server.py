"""`waygrid dev` as a process, with an app whose handlers tests know."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from attrs import define

APP: Final = """
from waygrid_shell.processors.function import App, Attempt, Failed

app = App()


@app.processor("double")
async def double(order, attempt: Attempt):
    attempt.tell({"seen": order["n"]})
    return {"n": order["n"] * 2}


@app.processor("declines")
async def declines(order):
    raise Failed("card-declined", "no funds")
"""


@define
class DevServer:
    """A process, its folder and its URL."""

    folder: Path
    url: str
    process: "subprocess.Popen[str]"

    @classmethod
    def start(cls, folder: Path, *options: str, port: int = 0) -> "DevServer":
        """Start it, and wait until it listens; on any free port, unless one is given."""
        (folder / "known.py").write_text(APP)
        arguments = ["dev", "--port", str(port), "--app", "known:app", *options]
        command = [sys.executable, "-m", "waygrid_shell.cli", *arguments]
        with (folder / "log").open("a") as log:
            process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True)
        assert process.stdout is not None
        words = process.stdout.readline().split()
        server = cls(folder, words[3] if len(words) > 3 else "", process)
        if words[:3] != ["Waygrid", "listens", "on"]:
            server.kill()
            raise AssertionError((words, (folder / "log").read_text()))
        return server

    def stop(self) -> None:
        """Ask it to end, and see that it ends well."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.stdout is not None
        self.process.stdout.read()
        assert self.process.wait(60) == 0, (self.folder / "log").read_text()

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait(60)
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextmanager
def dev_server(folder: Path, *options: str) -> Iterator[str]:
    """The URL of a server that keeps its data in the folder, and ends well when it is asked to."""
    server = DevServer.start(folder, *options)
    try:
        yield server.url
        server.stop()
    finally:
        server.kill()
