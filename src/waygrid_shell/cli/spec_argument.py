"""The Spec that a command hands in: a file, or the hash of a DAG that the server has."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, TypeVar, cast

from attrs import frozen

from waygrid_core.spec.problem import ProblemCode, SpecProblem
from waygrid_shell.cli.mistake import FAILED, UserError
from waygrid_shell.cli.source import Source, read_source
from waygrid_shell.cli.specs import complain_of
from waygrid_shell.client import SpecRefused, SpecText

T = TypeVar("T")

_HASH: Final = re.compile("[0-9a-f]{64}")


@frozen
class GivenSpecFile:
    """A Spec in a file, which the server compiles: it knows the DAGs that bodies may name."""

    source: Source

    @property
    def text(self) -> SpecText:
        """What is sent of it."""
        return SpecText(self.source.text)


@frozen
class GivenDag:
    """A DAG that the server has."""

    hash: str


def spec_argument(name: str) -> GivenSpecFile | GivenDag:
    """What the argument names. Raises `UserError` for a file that cannot be read."""
    if _HASH.fullmatch(name) and not Path(name).exists():
        return GivenDag(name)
    return GivenSpecFile(read_source(name))


async def told_of_problems(given: GivenSpecFile | GivenDag, asked: Callable[[], Awaitable[T]]) -> T:
    """What is asked, with the problems of a refused Spec shown as those of its file. Raises `UserError` then."""
    try:
        return await asked()
    except SpecRefused as refused:
        if isinstance(given, GivenDag):
            raise
        problems = tuple(
            SpecProblem(each.pointer, cast("ProblemCode", each.code), each.message) for each in refused.errors
        )
        complain_of(given.source, problems)
        raise UserError(f"{given.source.name} is not right; nothing was submitted", FAILED) from refused
