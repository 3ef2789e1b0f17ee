"""A folder with an app, and disks that are small or cannot be written."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

APP = '''
import asyncio
import logging
import pathlib

from waygrid_shell.processors.function import App, Attempt, Failed

app = App()


@app.processor("double")
def double(order):
    return {"n": order["n"] * 2}


@app.processor("slow")
async def slow(order):
    """Works until there is a file `go`."""
    pathlib.Path("working").touch()
    while not pathlib.Path("go").exists():
        await asyncio.sleep(0.01)
    return {"done": True}


@app.processor("stubborn")
async def stubborn(order):
    """Works for ever, and catches whatever would end it."""
    pathlib.Path("working").touch()
    while True:
        try:
            await asyncio.sleep(60)
        except BaseException:
            pass


@app.processor("chatty")
def chatty(order, attempt: Attempt):
    logging.getLogger("shop").info("one line")
    key = attempt.parameters["key"]
    logging.getLogger("shop").warning("calling with %s", key)
    try:
        raise ValueError(f"refused: {key}")
    except ValueError:
        logging.getLogger("shop").exception("it failed")
    raise RuntimeError(f"the bank said no to {key}")
'''

Mount: TypeAlias = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where commands run."""
    (tmp_path / "shop.py").write_text(APP)
    return tmp_path


@pytest.fixture
def mount(folder: Path) -> Iterator[Mount]:
    """Mounts a disk of the given options at `<folder>/disk`; skips the test where nobody lets us."""
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    place = folder / "disk"

    def mount(*options: str) -> Path:
        place.mkdir(exist_ok=True)
        owner = (f"uid={os.geteuid()}", f"gid={os.getegid()}")
        arguments = [*as_root, "mount", "-t", "tmpfs", "-o", ",".join((*options, *owner)), "waygrid-test", str(place)]
        try:
            done = subprocess.run(arguments, capture_output=True, text=True, timeout=30, check=False)
        except OSError as error:
            pytest.skip(f"nothing can be mounted here: {error}")
        if done.returncode:
            pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
        return place

    yield mount
    if os.path.ismount(place):
        subprocess.run([*as_root, "umount", "--lazy", str(place)], timeout=30, check=True)
