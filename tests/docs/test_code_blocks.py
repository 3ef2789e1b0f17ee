"""The code blocks of the README and of docs/ do what they say.

Each page runs in an empty folder of its own, block by block. A comment before a block says what it is for:

- `<!-- file: NAME -->`: the block is written to that file. A YAML block must be a valid Spec or hold scenarios that
  pass, unless a console block names it.
- `<!-- exit: N -->`: exit code of the last command of a `console` block, whose output must be what stands below each
  `$ command`; `...` stands for anything.
- `<!-- fragment -->`: the block is part of something larger, and is not looked at.

`python` blocks without a file are executed, one after another in one namespace; `sh` blocks are for people.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from attrs import frozen

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
_BLOCK = re.compile(
    r"(?:^<!-- (?P<kind>file|exit|fragment)(?:: (?P<argument>\S+))? -->\n+)?^```(?P<language>\w*)\n(?P<text>.*?)^```$",
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
def test_the_code_blocks_of_a_page_do_what_the_page_says(page: Path, tmp_path: Path) -> None:
    namespace: dict[str, object] = {"__name__": "page"}
    for block in blocks_of(page):
        if block.kind == "file":
            path = tmp_path / block.argument
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        if block.kind == "fragment":
            continue
        match block.language:
            case "yaml":
                assert block.kind == "file", f"a YAML block of {page.name} has no name:\n{block.text}"
            case "console":
                run_console(block, tmp_path)
            case "python" if block.kind != "file":
                run_python(block.text, namespace, tmp_path)
            case "python" | "json" | "sh" | "text" | "ini" | "":
                pass
            case other:
                pytest.fail(f"{page.name} has a block in {other!r}, and no test knows what to do with it")
    shown = "".join(block.text for block in blocks_of(page) if block.language == "console")
    for path in sorted(tmp_path.glob("*.yaml")):
        if path.name not in shown:  # what a console block shows, it says itself whether it is right
            check_yaml(path)


def check_yaml(path: Path) -> None:
    holds_scenarios = re.search(r"^expect:", path.read_text(encoding="utf-8"), re.MULTILINE) is not None
    result = command(["waygrid", "test" if holds_scenarios else "validate", path.name], path.parent)
    assert result.returncode == 0, result.stdout + result.stderr


def run_console(block: Block, folder: Path) -> None:
    commands = re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]
    assert commands, f"a console block has a line `$ command`:\n{block.text}"
    code = 0
    for each in commands:
        line, _, expected = each.partition("\n")
        result = command(["sh", "-c", line], folder)
        output = result.stdout + result.stderr
        pattern = ".*?".join(re.escape(part) for part in expected.rstrip("\n").split("..."))
        assert re.fullmatch(pattern, output.rstrip("\n"), re.DOTALL), f"$ {line}\n{output}\n--- instead of\n{expected}"
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
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    return subprocess.run(
        arguments,
        cwd=folder,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
