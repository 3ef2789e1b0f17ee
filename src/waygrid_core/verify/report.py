"""A verification as a document, for machines."""

from collections.abc import Mapping

from waygrid_core.model.json_value import JsonValue
from waygrid_core.verify.findings import Finding, LevelReport, Verification
from waygrid_core.verify.levels import Level
from waygrid_core.verify.telling import tell_run


def document_of(verification: Verification) -> Mapping[str, JsonValue]:
    """`{verdict, states, levels}`.

    A level is `{place, dag, verdict, states, transitions, exhaustive, guarantees, ends, findings}`, a finding `{code,
    severity, message, nodes, run?}`, a run its lines.
    """
    return {
        "verdict": verification.verdict,
        "states": sum(report.states for report in verification.reports),
        "levels": [_level(report) for report in verification.reports],
    }


def _level(report: LevelReport) -> dict[str, JsonValue]:
    return {
        "place": report.level.place.removesuffix("/"),
        "dag": report.level.dag.hash,
        "verdict": report.verdict,
        "states": report.states,
        "transitions": report.transitions,
        "exhaustive": report.is_exhaustive,
        "guarantees": report.guarantees,
        "ends": list(report.ends),
        "findings": [_finding(report.level, each) for each in report.findings],
    }


def _finding(level: Level, finding: Finding) -> dict[str, JsonValue]:
    document: dict[str, JsonValue] = {
        "code": finding.code,
        "severity": finding.severity,
        "message": finding.sentence,
        "nodes": list(finding.nodes),
    }
    if finding.run:
        document["run"] = list(tell_run(level, finding.run))
    return document
