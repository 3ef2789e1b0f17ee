"""`waygrid serve` in a process of its own, as a person starts it."""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.integration.dev.process import Dev, command, until


@contextmanager
def running_serve(folder: Path, cluster: Mapping[str, str], name: str, *arguments: str) -> Iterator[Dev]:
    """Run `waygrid serve ARGUMENTS` in the folder, once it serves; killed if it is left. Its files are below `name`."""
    place = folder / name
    place.mkdir(exist_ok=True)
    with (place / "out").open("wb") as out, (place / "err").open("wb") as err:
        process = subprocess.Popen(
            command("serve", *arguments), cwd=folder, env={**os.environ, **cluster}, stdout=out, stderr=err
        )
    serve = Dev(process, place)
    try:
        until(lambda: "Waygrid serves" in serve.out or process.poll() is not None, "it serves")
        assert process.poll() is None, serve.err
        found = re.search(r"listens on (http://\S+?)\.?$", serve.out, re.MULTILINE)
        serve.url = found[1] if found is not None else ""
        yield serve
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
