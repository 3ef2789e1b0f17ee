"""A copy of the tree, in which mutmut makes mutants and tries the tests on each."""

import os
import resource
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.mutation.equivalent import change_of
from tests.mutation.report import Fate, Mutant

REPOSITORY: Final = Path(__file__).parents[2]
COPIED: Final = ("src", "tests", "examples", "pyproject.toml")
MOST_MEMORY: Final = 4 * 1024**3  # bytes; a mutant that collects for ever ends there
FATES: Final[Mapping[str, Fate]] = {
    "caught by type check": "refused",
    "killed": "killed",
    "timeout": "killed",
    "suspicious": "killed",
    "segfault": "killed",
}
"""By mutmut's words. A test may notice by failing, by taking too long, or by the end of its process."""


class Trial:
    """Mutants in a directory of their own; what lies there already goes."""

    def __init__(self, directory: Path) -> None:
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        for name in COPIED:
            source = REPOSITORY / name
            if source.is_dir():
                shutil.copytree(source, directory / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, directory / name)
        self.directory = directory
        self._environment = {**os.environ, "HYPOTHESIS_PROFILE": "mutation"}

    def run(self, files: Sequence[str]) -> None:
        """Try all mutants of those files (paths in the tree, or of folders); of none given, all that are configured."""
        self._mutmut("run", "--max-children", "1", *(f"{_module(file)}.*" for file in files))

    def mutants(self) -> Iterator[Mutant]:
        """Those that were tried; of those that are alive, what they change."""
        for line in self._output("results", "--all", "true").splitlines():
            name, _, status = line.strip().rpartition(": ")
            if name and status != "not checked":
                file, fate = _file(name), FATES.get(status, "alive")
                change = change_of(file, _function(name), self._output("show", name)) if fate == "alive" else None
                yield Mutant(name, file, fate, change)

    def is_killed_from_the_start(self, mutant: Mutant) -> bool:
        """Whether a process notices the mutant that has it from its first import on.

        mutmut imports the original, forks, and then calls the mutant: what a module computes when it is imported (a
        table, say) is computed by then.
        """
        configured = tomllib.loads((self.directory / "pyproject.toml").read_text("utf-8"))["tool"]["mutmut"]
        selection, arguments = configured["pytest_add_cli_args_test_selection"], configured["pytest_add_cli_args"]
        mutated = self.directory / "mutants"
        environment = {**self._environment, "MUTANT_UNDER_TEST": mutant.name, "PYTHONPATH": str(mutated / "src")}
        command = [sys.executable, "-m", "pytest", "-x", "-q", *arguments, *selection]
        return subprocess.run(command, cwd=mutated, env=environment, capture_output=True, check=False).returncode != 0

    def _mutmut(self, *arguments: str) -> None:
        subprocess.run(
            ["mutmut", *arguments], cwd=self.directory, env=self._environment, check=True, preexec_fn=_bound_memory
        )

    def _output(self, *arguments: str) -> str:
        command = ["mutmut", *arguments]
        return subprocess.run(command, cwd=self.directory, check=True, capture_output=True, text=True).stdout


def _bound_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


def _file(name: str) -> str:
    module, _, _ = name.rpartition(".")
    return f"src/{module.replace('.', '/')}.py"


def _function(name: str) -> str:
    mangled, _, _ = name.rpartition(".")[2].partition("__mutmut_")
    return ".".join(mangled.split("ǁ")[1:]) or mangled.removeprefix("x_")


def _module(file: str) -> str:
    return file.removeprefix("src/").removesuffix(".py").strip("/").replace("/", ".")
