"""The schema of workloads says what the reading says."""

from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from tests.unit.workload.specs import ORDER, compiled
from waygrid_core.outcome import Success
from waygrid_shell.simulation.workload.reading import read_workload
from waygrid_shell.simulation.workload.schema import workload_schema

VALIDATOR = jsonschema.Draft202012Validator(workload_schema())

RIGHT = [
    "arrivals: {rate: 5/s}",
    "arrivals: {type: Constant, rate: 300/m}",
    "arrivals: {type: Ramp, from: 0/s, to: 5/s, over: 10m}",
    "arrivals: {type: Burst, size: 10, every: 1m, rate: 1/s}",
    "arrivals: {type: Schedule, steps: [{for: 1m, rate: 5/s}, {for: 1m, from: 0/s, to: 5/s}]}",
    "specs: {order: {arrivals: {rate: 5/h}, payload: {id: {$number: true}}}}",
    "arrivals: {rate: 5/s}\nspecs: {order: {share: 2}}\nduration: 1h\ndrain: 2h\nfaults: true",
    "arrivals: {rate: 5/s}\nplatform: {processes: 2, partitions: 12, request: 1ms}\nfaults: 6/h",
    "arrivals: {rate: 5/s}\nevents: {approved: {after: 5s, share: 50%, data: {by: {$choice: [a, b]}}}}",
    "arrivals: {rate: 5/s}\nservices: {processor/payment: {latency: 5s, workers: 2, concurrency: 9, deadline: 1m}}",
    "arrivals: {rate: 5/s}\nservices: {processor/payment: {latency: {type: LogNormal, median: 1s, p99: 2s}}}",
    "arrivals: {rate: 5/s}\nservices: {processor/payment: {failures: {a: 1%, b: 0.5}, neverAnswers: 0.01}}",
    "arrivals: {rate: 5/s}\npayload: [{$whole: [1, 6]}, {$list: {$text: a}, length: 3}, {$literal: {$x: 1}}]",
]
WRONG = [
    "[]",
    "arrivals: {rate: 5}",
    "arrivals: {type: Poison, rate: 5/s}",
    "arrivals: {type: Ramp, from: 0/s, to: 5/s}",
    "arrivals: {type: Schedule, steps: []}",
    "arrivals: {type: Schedule, steps: [{for: 1m}]}",
    "arrivals: {type: Schedule, steps: [{for: 1m, rate: 1/s, from: 1/s, to: 2/s}]}",
    "arrivals: {rate: 5/s, size: 3}",
    "arrivals: {rate: 5/s}\nspecs: {order: {share: 0}}",
    "arrivals: {rate: 5/s}\nfaults: often",
    "arrivals: {rate: 5/s}\nunknown: 1",
    "arrivals: {rate: 5/s}\nplatform: {partitions: 1}",
    "arrivals: {rate: 5/s}\nservices: {processor/payment: {latency: {type: LogNormal, median: 1s}}}",
    "arrivals: {rate: 5/s}\nservices: {processor/payment: {failures: {a: 101}}}",
    "arrivals: {rate: 5/s}\nservices: {processor/payment: {workers: 0}}",
    "arrivals: {rate: 5/s}\npayload: {$nmber: true}",
    "arrivals: {rate: 5/s}\npayload: {$number: 1}",
    "arrivals: {rate: 5/s}\npayload: {$list: a}",
    "arrivals: {rate: 5/s}\npayload: {$text: a, b: c}",
]


def is_read(text: str) -> bool:
    return isinstance(read_workload(text.encode(), compiled(order=ORDER)), Success)


def document(text: str) -> Any:
    return yaml.safe_load(text)


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(workload_schema())


@pytest.mark.parametrize("text", RIGHT)
def test_what_is_read_is_valid(text: str) -> None:
    assert is_read(text)
    VALIDATOR.validate(document(text))


@pytest.mark.parametrize("text", WRONG)
def test_what_is_refused_is_not_valid(text: str) -> None:
    assert not is_read(text)
    assert not VALIDATOR.is_valid(document(text))
