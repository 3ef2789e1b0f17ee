"""A scenario that a command is about to write, run first, so that it says what really happens."""

import json
from collections.abc import Mapping
from typing import Any

from waygrid_core.outcome import Failure
from waygrid_core.simulation.observation import Observation
from waygrid_core.simulation.reading import load_scenarios
from waygrid_core.simulation.runner import run_scenario
from waygrid_shell.cli.extensions_given import extensions_here
from waygrid_shell.cli.source import Source


def tried(spec: Source, document: Mapping[str, Any]) -> Observation | None:
    """What the scenario of that Spec leads to, whatever it expects; None if it cannot be run."""
    text = json.dumps({**document, "expect": {}}).encode()
    loaded = load_scenarios(text, lambda _: spec.content)
    return (
        None if isinstance(loaded, Failure) else run_scenario(loaded.unwrap()[0], extensions=extensions_here()).actual
    )
