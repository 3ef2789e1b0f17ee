"""`waygrid dev` as a process, with an app whose handlers tests know."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

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


@contextmanager
def dev_server(folder: Path, *options: str) -> Iterator[str]:
    """The URL of a server that keeps its data in the folder, and ends well when it is asked to."""
    (folder / "known.py").write_text(APP)
    command = [sys.executable, "-m", "waygrid_shell.cli", "dev", "--port", "0", "--app", "known:app"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([*command, *options], cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True)
    assert process.stdout is not None
    try:
        words = process.stdout.readline().split()
        assert words[:3] == ["Waygrid", "listens", "on"], (words, (folder / "log").read_text())
        yield words[3]
        process.send_signal(signal.SIGTERM)
        process.stdout.read()
        assert process.wait(60) == 0, (folder / "log").read_text()
    finally:
        process.kill()
        process.stdout.close()
        process.wait(60)
