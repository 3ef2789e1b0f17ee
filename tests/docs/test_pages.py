"""What the pages say is so."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

import pytest

from waygrid_core.spec.problem import PROBLEM_CODES
from waygrid_shell.cli.main import COMMANDS

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")])
_LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
_HEADING: Final = re.compile(r"^#+ +(.+)$", re.MULTILINE)


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def anchor_of(heading: str) -> str:
    """The anchor that a heading has on a code host: small letters, hyphens, no other signs."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_or_a_heading_leads_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$|`[^`\n]+`", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for link in _LINK.findall(text):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = page if not name else page.parent / name
        assert target.exists(), f"{page.name} links to {link}"
        if anchor:
            assert anchor in map(anchor_of, _HEADING.findall(target.read_text(encoding="utf-8"))), link


def test_the_picture_in_the_readme_is_that_of_its_spec(tmp_path: Path) -> None:
    found = re.search(r"<!-- file: order.yaml -->\n```yaml\n(.*?)```", read("README.md"), re.DOTALL)
    assert found is not None
    (tmp_path / "order.yaml").write_text(found[1], encoding="utf-8")
    drawn = subprocess.run(
        [sys.executable, "-m", "waygrid_shell.cli", "graph", "order.yaml", "--format", "svg"],
        cwd=tmp_path,
        capture_output=True,
        timeout=60,
        check=True,
    )
    picture = ROOT / "docs" / "pictures" / "order.svg"
    assert picture.read_bytes() == drawn.stdout, (
        "draw it anew: waygrid graph order.yaml --format svg -o docs/pictures/order.svg"
    )


def test_every_error_code_has_its_cause_and_its_cure_once() -> None:
    problems = read("docs/reference/error-codes.md").partition("## Failures of a traversal")[0]
    rows = re.findall(r"^\| `([a-z-]+)` \|(.+)\|(.+)\|$", problems, re.MULTILINE)
    assert sorted(code for code, _, _ in rows) == sorted(PROBLEM_CODES)
    assert all(cause.strip() and cure.strip() for _, cause, cure in rows)


def test_every_command_is_described() -> None:
    page = read("docs/reference/command-line.md")
    for command in COMMANDS:
        assert re.search(rf"^## waygrid {command.name}\b", page, re.MULTILINE), command.name


def test_ci_runs_the_test_command_of_the_readme() -> None:
    commands = [line for line in read(".ci/run").splitlines() if line and not line.startswith(("#", "set ", "cd "))]
    assert len(commands) == 1
    assert commands[0] in read("README.md").splitlines()


def test_the_changelog_knows_the_version_or_what_comes_next() -> None:
    version = tomllib.loads(read("pyproject.toml"))["project"]["version"]
    changelog = read("CHANGELOG.md")
    assert f"## [{version}]" in changelog or "## [Unreleased]" in changelog
