"""All scenario files of the repository, read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from review_rules import EXTENSIONS as REVIEW_RULES

from waygrid_core.extension.registry import Extensions
from waygrid_core.outcome import Failure
from waygrid_core.simulation import Scenario, load_scenarios

REPOSITORY: Final = Path(__file__).parents[3]
EXTENSIONS: Final = Extensions.of(*REVIEW_RULES)
"""What the Specs of the examples are read with."""


def scenario_files() -> tuple[Path, ...]:
    """The files of `tests/scenarios`, and those beside the examples."""
    files = [*REPOSITORY.glob("tests/scenarios/*.yaml"), *REPOSITORY.glob("examples/**/*.scenarios.yaml")]
    return tuple(sorted(files))


def scenarios_of(path: Path) -> tuple[Scenario, ...]:
    """The scenarios of one file. Raises `ValueError` for one that cannot be read."""
    loaded = load_scenarios(path.read_bytes(), lambda name: (path.parent / name).read_bytes())
    if isinstance(loaded, Failure):
        raise ValueError(f"{path}: " + "; ".join(map(str, loaded.failure())))
    return loaded.unwrap()


def all_scenarios() -> Iterator[tuple[str, Scenario]]:
    """Every scenario, with a name that no other has."""
    for path in scenario_files():
        for scenario in scenarios_of(path):
            yield f"{path.relative_to(REPOSITORY)}: {scenario.name}", scenario
