"""`waygrid dev` in a process of its own, as a person starts it; and requests to it, as any program sends them."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import define, frozen

LONG = 60.0
"""How long anything may take at most, in seconds."""


@frozen
class Answer:
    """What the server answered; `body` is JSON, where it is."""

    status: int
    headers: Mapping[str, str]
    body: Any


@define(eq=False)
class Dev:
    """A `waygrid dev` that runs. Standard output and error go to files beside its data."""

    process: "subprocess.Popen[bytes]"
    folder: Path
    url: str = ""

    @property
    def out(self) -> str:
        """What it has said."""
        return (self.folder / "out").read_text()

    @property
    def err(self) -> str:
        """What it has logged."""
        return (self.folder / "err").read_text()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Its log, each line as JSON."""
        return [json.loads(line) for line in self.err.splitlines()]

    def ask(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Answer:
        """A request and its answer, whatever that is. Raises `OSError` if there is none."""
        data = None if body is None else json.dumps(body).encode()
        given = {"Content-Type": "application/json", **(headers or {})}
        request = urllib.request.Request(self.url + path, data=data, headers=given, method=method)
        try:
            with urllib.request.urlopen(request, timeout=LONG) as response:
                return _answer(response.status, dict(response.headers), response.read())
        except urllib.error.HTTPError as error:
            with error:
                return _answer(error.code, dict(error.headers), error.read())

    def submit(self, spec: object, payload: object = None, *, query: str = "") -> Answer:
        """Hand in a traversal."""
        document = {"spec": spec, "payload": {} if payload is None else payload}
        return self.ask("POST", f"/v1/traversals{query}", document)

    def status_of(self, traversal: str) -> str:
        """The status of a traversal."""
        return str(self.ask("GET", f"/v1/traversals/{traversal}").body["status"])

    def has_completed(self, traversal: str) -> bool:
        """Whether it ended well."""
        return self.status_of(traversal) == "completed"

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop; its exit code."""
        self.process.send_signal(number)
        return self.process.wait(LONG)


def _answer(status: int, headers: Mapping[str, str], content: bytes) -> Answer:
    try:
        body: Any = json.loads(content)
    except ValueError:
        body = content.decode()
    return Answer(status, {name.lower(): value for name, value in headers.items()}, body)


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait until it holds; a test that waits in vain says for what."""
    deadline = time.monotonic() + LONG
    while not holds():
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(0.02)


def command(*arguments: str) -> list[str]:
    """The command line."""
    return [sys.executable, "-m", "waygrid_shell.cli", *arguments]


@contextmanager
def running_dev(folder: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Iterator[Dev]:
    """Run `waygrid dev ARGUMENTS` in that folder on a free port, once it listens; killed if it is left."""
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        process = subprocess.Popen(
            command("dev", "--port", "0", *arguments),
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdout=out,
            stderr=err,
        )
    dev = Dev(process, folder)
    try:
        until(lambda: "It serves" in dev.out or process.poll() is not None, "it listens")
        found = re.search(r"listens on (http://\S+)", dev.out)
        assert found is not None, dev.err
        dev.url = found[1]
        yield dev
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


@frozen
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str


def run_to_end(folder: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Done:
    """A command that ends by itself, without a traceback."""
    done = subprocess.run(
        command(*arguments),
        cwd=folder,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Done(done.returncode, done.stdout, done.stderr)
