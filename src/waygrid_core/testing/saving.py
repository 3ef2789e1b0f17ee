"""Stories that broke a law, as scenario files in the folder that `WAYGRID_SAVE_STORIES` names."""

import os
import re
from pathlib import Path
from typing import Final

from attrs import evolve

from waygrid_core.testing.law_broken import Breach

SAVE_VARIABLE: Final = "WAYGRID_SAVE_STORIES"
"""The environment's name for that folder."""

_LONGEST_NAME: Final = 60


def kept(breach: Breach) -> Breach:
    """The breach, with its scenario written if the environment asks for it, and a sentence about that."""
    if breach.scenario is None:
        return breach
    folder = os.environ.get(SAVE_VARIABLE)
    if not folder:
        return evolve(
            breach, kept=f"To keep it: {SAVE_VARIABLE}=FOLDER writes a scenario file that `waygrid test` runs."
        )
    path = Path(folder) / f"{_slug(breach.law)}.scenarios.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(breach.scenario, encoding="utf-8")
    return evolve(breach, kept=f"Kept as {path}: `waygrid test {path}` runs it.")


def _slug(law: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", law.lower()).strip("-")[:_LONGEST_NAME].strip("-")
