"""Specs that workloads of tests are for."""

from collections.abc import Mapping
from typing import Any

from waygrid_core.compile.pipeline import compile_document
from waygrid_core.dag.dag import CompiledDag
from waygrid_core.outcome import Failure
from waygrid_core.spec.problem import SpecErrors
from waygrid_shell.simulation.workload.description import Workload
from waygrid_shell.simulation.workload.reading import read_workload

ONE: Mapping[str, Any] = {"entryPoints": [{"type": "standard", "id": "pay", "address": "waygrid://processor/payment"}]}
"""One step."""

ORDER: Mapping[str, Any] = {
    "entryPoints": [
        {
            "type": "standard",
            "id": "reserve",
            "address": "waygrid://processor/stock",
            "onSuccess": {
                "type": "await",
                "id": "approval",
                "event": "approved",
                "timeout": "10m",
                "onSuccess": {"type": "standard", "id": "pay", "address": "waygrid://processor/payment"},
            },
        }
    ]
}
"""Two services and an event."""


def compiled(**documents: Mapping[str, Any]) -> Mapping[str, CompiledDag]:
    """The DAGs, by name."""
    return {name: compile_document(document).unwrap() for name, document in documents.items()}


def workload(text: str, **documents: Mapping[str, Any]) -> Workload:
    """What a right workload says."""
    return read_workload(text.encode(), compiled(**documents)).unwrap()


def problems(text: str, **documents: Mapping[str, Any]) -> SpecErrors:
    """What is wrong with a wrong one."""
    outcome = read_workload(text.encode(), compiled(**documents))
    assert isinstance(outcome, Failure), "it is right"
    return outcome.failure()
