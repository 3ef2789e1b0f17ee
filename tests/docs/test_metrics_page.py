"""The page of metrics and traces says what is counted and reported, all of it and nothing else."""

import re
from pathlib import Path

from waygrid_shell.telemetry.names import METRICS

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "metrics-and-traces.md").read_text()
TRACING = Path(__file__).parents[2] / "src" / "waygrid_shell" / "telemetry" / "otlp_tracing.py"


def test_the_table_of_metrics_is_that_of_the_code() -> None:
    written = [line for line in PAGE.splitlines() if line.startswith("| `waygrid_")]
    assert written == [
        f"| `{metric.name}` | {metric.kind} | {', '.join(f'`{label}`' for label in metric.labels)} | {metric.says} |"
        for metric in METRICS
    ]


def test_the_attributes_of_spans_are_those_of_the_code() -> None:
    made = set(re.findall(r'"((?:waygrid|error)\.[a-z.]+)"', TRACING.read_text()))
    rows = [line for line in PAGE.splitlines() if line.startswith(("| `traversal ", "| `attempt "))]
    assert made == {name for row in rows for name in re.findall(r"`([a-z]+\.[a-z.]+)`", row)}
