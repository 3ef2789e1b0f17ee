"""`waygrid doctor`: whether a cluster is well, and what to do where it is not."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal

import anyio
from cyclopts import Parameter

from waygrid_shell.cli.cluster_given import cluster_extra
from waygrid_shell.cli.findings import show_findings, worst_of
from waygrid_shell.cli.given import apps_given, apps_that_load, settings_given
from waygrid_shell.cli.mistake import FAILED, OK
from waygrid_shell.cli.options import ConfigOption
from waygrid_shell.cli.output import write_result
from waygrid_shell.ports.finding import Finding
from waygrid_shell.settings.cluster_checks import cluster_fits, cluster_is_named

EXAMPLES: Final = """\
Examples:
  waygrid doctor
  waygrid doctor --app shop:app
  waygrid doctor --format json | jq '.findings[] | select(.verdict != "ok")'
"""


def doctor_command(
    *,
    app: Annotated[
        list[str] | None,
        Parameter(negative="", help="An app whose addresses are looked at, as module:app. May be given several times."),
    ] = None,
    config: ConfigOption = None,
    format: Annotated[Literal["text", "json"], Parameter(help="Lines for people, or JSON for programs.")] = "text",  # noqa: A002 # the option's name
) -> int:
    """Look at everything that a cluster stands on, and say what is amiss and what cures it.

    It reaches PostgreSQL, Kafka and Redis as the settings name them; it looks at their versions, at the migrations of
    the database, at topics, clocks, and settings of the servers by which something could be lost; and it lists the
    processes that are there and the addresses that nobody serves. It changes nothing, and may run at any time.

    Each line begins with `ok`, `warn` (it works, but not as well or as safely as it should) or `fail`.
    Exits 1 if anything fails, 2 if the settings are wrong.
    """
    settings = settings_given(config, {("app", "--app"): app}, [cluster_is_named, cluster_fits, apps_that_load])
    served = apps_given(settings.app)
    with cluster_extra("doctor"):
        from waygrid_shell.runtime.examination import examine
    parts = anyio.run(examine, settings, frozenset(served))
    worst = worst_of(each for findings in parts.values() for each in findings)
    match format:
        case "json":
            write_result(_as_json(parts, worst))
        case "text":
            for part, findings in parts.items():
                show_findings(findings, part)
    return FAILED if worst == "fail" else OK


def _as_json(parts: Mapping[str, Sequence[Finding]], worst: str) -> str:
    findings = [
        {"part": part, "verdict": each.verdict, "what": each.what, "cure": each.cure}
        for part, findings in parts.items()
        for each in findings
    ]
    return json.dumps({"verdict": worst, "findings": findings}, indent=2, ensure_ascii=False)
