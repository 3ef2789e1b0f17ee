"""What `waygrid verify` says: for people, as JSON, as SARIF (2.1.0, which code scanning services read)."""

import json
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any, Final

from attrs import frozen

from waygrid_core.spec.problem import SpecErrors
from waygrid_core.verify.findings import CODES

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


@frozen(kw_only=True)
class Checked:
    """A file, and what came of it: a report, or what is wrong with the Spec, or why it cannot be read."""

    name: str
    report: Mapping[str, Any] | None = None
    problems: SpecErrors = ()
    unreadable: str = ""

    def is_bad(self, *, strict: bool) -> bool:
        """Whether something is broken; `strict`: or warned of."""
        if self.report is None:
            return True
        return self.report["verdict"] == "broken" or (strict and any(True for _ in _findings(self.report)))


def as_text(checked: Sequence[Checked]) -> str:
    """A line a file, and below it what was found, with its runs."""
    return "\n".join(line for each in checked if each.report is not None for line in _lines(each.name, each.report))


def _lines(name: str, report: Mapping[str, Any]) -> Iterator[str]:
    yield f"{name}: {report['verdict']}: {_summary(report)}"
    for finding in sorted(_findings(report), key=lambda each: str(each["severity"])):
        yield f"  {finding['severity']} {finding['code']}: {finding['message']}"
        for number, step in enumerate(finding.get("run", ()), 1):
            yield f"    {number}. {step}"


def _summary(report: Mapping[str, Any]) -> str:
    levels = report["levels"]
    guarantees = sum(level["guarantees"] for level in levels)
    broken = sum(finding["code"] == "guarantee-broken" for finding in _findings(report))
    found = [f"{_counted(report['states'], 'state')} of {_counted(len(levels), 'graph')}"]
    is_exhaustive = all(level["exhaustive"] for level in levels)
    if not is_exhaustive:
        found[0] += ", and runs drawn at random beyond the budget"
    if guarantees:
        holds = ("holds" if guarantees == 1 else "hold") if is_exhaustive else "held in these"
        found.append(f"{guarantees - broken} of {_counted(guarantees, 'guarantee')} {holds}")
    found.append(f"it ends {' or '.join(levels[0]['ends'])}" if levels[0]["ends"] else "it never ends")
    return "; ".join(found)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _findings(report: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for level in report["levels"]:
        yield from level["findings"]


def as_json(checked: Sequence[Checked]) -> str:
    """A list of `{file, verdict, states, levels}`; of a wrong Spec `{file, verdict: invalid, errors}`."""
    return json.dumps([_document(each) for each in checked], indent=2, ensure_ascii=False)


def _document(checked: Checked) -> dict[str, Any]:
    if checked.report is not None:
        return {"file": checked.name, **checked.report}
    errors = [{"code": each.code, "pointer": each.pointer, "message": each.message} for each in checked.problems]
    if checked.unreadable:
        errors = [{"code": "unreadable", "pointer": "", "message": checked.unreadable}]
    return {"file": checked.name, "verdict": "invalid", "errors": errors}


def as_sarif(checked: Sequence[Checked]) -> str:
    """One run of one tool; a run that shows a finding stands in its message."""
    rules = [
        {"id": code, "shortDescription": {"text": text}, "defaultConfiguration": {"level": severity}}
        for code, (severity, text) in CODES.items()
    ]
    driver = {"name": "waygrid verify", "version": version("waygrid"), "rules": rules}
    results = [result for each in checked for result in _results(each)]
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}
    return json.dumps(log, indent=2, ensure_ascii=False)


def _results(checked: Checked) -> Iterator[dict[str, Any]]:
    if checked.unreadable:
        yield _result(checked.name, "unreadable", "error", checked.unreadable, ())
    for problem in checked.problems:
        yield _result(checked.name, problem.code, "error", f"{problem.pointer}: {problem.message}", ())
    for finding in _findings(checked.report) if checked.report is not None else ():
        told = [f"{number}. {step}" for number, step in enumerate(finding.get("run", ()), 1)]
        text = "\n".join([finding["message"], *told])
        yield _result(checked.name, finding["code"], finding["severity"], text, finding["nodes"])


def _result(name: str, code: str, severity: str, text: str, nodes: Sequence[str]) -> dict[str, Any]:
    place = {
        "physicalLocation": {"artifactLocation": {"uri": name}},
        "logicalLocations": [{"name": node, "kind": "node"} for node in nodes],
    }
    return {"ruleId": code, "level": severity, "message": {"text": text}, "locations": [place]}
