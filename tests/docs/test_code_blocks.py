"""The code blocks of the README and of docs/ do what they say.

Each page runs in an empty folder of its own, block by block. A comment before a block says what it is for:

- `<!-- file: NAME -->`: the block is written to that file. A YAML block must be a valid Spec or hold scenarios that
  pass, unless a console block names it.
- `<!-- exit: N -->`: exit code of the last command of a `console` block, whose output must be what stands below each
  `$ command`; `...` stands for anything.
- `<!-- server -->`: the command of this `console` block is started and goes on until the page ends; what stands below
  it is what it says first. A page that says port 8400 is run on a free one.
- `<!-- fragment -->`: the block is part of something larger, and is not looked at.

`python` blocks without a file are executed, one after another in one namespace; `sh` blocks are for people.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import pytest
from attrs import evolve, frozen

from tests.free_port import free_port

DEFAULT_PORT: Final = "8400"

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
_BLOCK = re.compile(
    r"(?:^<!-- (?P<kind>file|exit|fragment|server)(?:: (?P<argument>\S+))? -->\n+)?"
    r"^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@frozen
class Block:
    """A code block, and what the comment before it says."""

    language: str
    text: str
    kind: str
    argument: str


def blocks_of(page: Path) -> list[Block]:
    return [
        Block(found["language"], found["text"], found["kind"] or "", found["argument"] or "")
        for found in _BLOCK.finditer(page.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_code_blocks_of_a_page_do_what_the_page_says(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv("WAYGRID_SERVER_PORT", str(port))
    monkeypatch.setenv("WAYGRID_SERVER", f"http://127.0.0.1:{port}")
    blocks = [evolve(block, text=block.text.replace(DEFAULT_PORT, str(port))) for block in blocks_of(page)]
    with ExitStack() as servers:
        run_blocks(page, blocks, tmp_path, servers)


def run_blocks(page: Path, blocks: list[Block], tmp_path: Path, servers: ExitStack) -> None:
    namespace: dict[str, object] = {"__name__": "page"}
    for block in blocks:
        if block.kind == "file":
            path = tmp_path / block.argument
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        if block.kind == "fragment":
            continue
        match block.language:
            case "yaml":
                assert block.kind == "file", f"a YAML block of {page.name} has no name:\n{block.text}"
            case "console" if block.kind == "server":
                servers.enter_context(running_server(block, tmp_path))
            case "console":
                run_console(block, tmp_path)
            case "python" if block.kind != "file":
                run_python(block.text, namespace, tmp_path)
            case "python" | "json" | "sh" | "text" | "toml" | "ini" | "":
                pass
            case other:
                pytest.fail(f"{page.name} has a block in {other!r}, and no test knows what to do with it")
    shown = "".join(block.text for block in blocks if block.language == "console")
    for path in sorted(tmp_path.glob("*.yaml")):
        if path.name not in shown:  # what a console block shows, it says itself whether it is right
            check_yaml(path)


def check_yaml(path: Path) -> None:
    holds_scenarios = re.search(r"^expect:", path.read_text(encoding="utf-8"), re.MULTILINE) is not None
    result = command(["waygrid", "test" if holds_scenarios else "validate", path.name], path.parent)
    assert result.returncode == 0, result.stdout + result.stderr


@contextmanager
def running_server(block: Block, folder: Path) -> Iterator[None]:
    """The one command of the block, from when it has said what the page shows until the page ends."""
    (shown,) = commands_of(block)
    line, _, expected = shown.partition("\n")
    told = folder / f".server-{len(list(folder.glob('.server-*.log')))}.log"
    with told.open("a+", encoding="utf-8") as log:
        process = subprocess.Popen(
            ["sh", "-c", f"exec {line}"], cwd=folder, env=environment(folder), stdout=log, stderr=log
        )
        try:
            wait_until_said(process, told, pattern_of(expected))
            yield
        finally:
            process.terminate()
            assert process.wait(timeout=60) == 0, told.read_text(encoding="utf-8")


def wait_until_said(process: "subprocess.Popen[bytes]", log: Path, pattern: str) -> None:
    ends_at = time.monotonic() + 60
    while re.match(pattern, said := log.read_text(encoding="utf-8"), re.DOTALL) is None:
        assert process.poll() is None, f"it ended:\n{said}"
        assert time.monotonic() < ends_at, f"instead of {pattern}:\n{said}"
        time.sleep(0.05)


def commands_of(block: Block) -> list[str]:
    commands = re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]
    assert commands, f"a console block has a line `$ command`:\n{block.text}"
    return commands


def pattern_of(expected: str) -> str:
    return ".*?".join(re.escape(part) for part in expected.rstrip("\n").split("..."))


def run_console(block: Block, folder: Path) -> None:
    commands = commands_of(block)
    code = 0
    for each in commands:
        line, _, expected = each.partition("\n")
        result = command(["sh", "-c", line], folder)
        output = result.stdout + result.stderr
        assert re.fullmatch(pattern_of(expected), output.rstrip("\n"), re.DOTALL), (
            f"$ {line}\n{output}\n--- instead of\n{expected}"
        )
        code = result.returncode
    assert code == int(block.argument or 0)


def run_python(text: str, namespace: dict[str, object], folder: Path) -> None:
    before = Path.cwd()
    os.chdir(folder)
    try:
        exec(compile(text, "<page>", "exec"), namespace)
    finally:
        os.chdir(before)


def command(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run it in that folder, with the `waygrid` of this environment first in the path."""
    return subprocess.run(
        arguments,
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def environment(folder: Path) -> dict[str, str]:
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    # A page that runs pytest needs none of the plugins that are installed here, and each takes its time to load.
    return {**os.environ, "PATH": path, "PYTHONPATH": str(folder), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
