"""Specs for the tests of `verify`, and what is found about them."""

from collections.abc import Mapping
from typing import Any

from waygrid_core.compile.pipeline import compile_document
from waygrid_core.verify.findings import Finding, Verification
from waygrid_core.verify.levels import Level
from waygrid_core.verify.telling import tell_run
from waygrid_core.verify.verification import verify

Document = dict[str, Any]


def task(name: str, **fields: Any) -> Document:
    return {"type": "standard", "id": name, "address": "waygrid://processor/work", **fields}


def spec(*nodes: Document, **fields: Any) -> Document:
    return {"entryPoints": list(nodes), **fields}


def fork(branches: Mapping[str, Document], strategy: Document, **fields: Any) -> Document:
    join = {"type": "join", "joinNodeId": "both", "strategy": strategy, **fields}
    return {"type": "fork", "joinNodeId": "both", "branches": dict(branches), "join": join}


def never(dispatch: str, succeeded: str) -> Document:
    return {"never": {"dispatch": dispatch, "before": {"succeeded": succeeded}}}


def at_most(dispatch: str, times: int) -> Document:
    return {"atMost": {"dispatch": dispatch, "times": times}}


def never_after(dispatch: str, **after: str) -> Document:
    return {"never": {"dispatch": dispatch, "after": after}}


def always(dispatch: str, **after: str) -> Document:
    return {"always": {"dispatch": dispatch, **({"after": after} if after else {})}}


def one_of(*dispatch: str) -> Document:
    return {"oneOf": {"dispatch": list(dispatch)}}


def verified(document: Document, **options: Any) -> Verification:
    return verify(compile_document(document).unwrap(), **options)


def errors(verification: Verification) -> list[tuple[Level, Finding]]:
    return [each for each in verification.findings if each[1].severity == "error"]


def the_error(document: Document) -> tuple[str, str, list[str]]:
    """The one thing that is broken: its code, its sentence, and the run that shows it."""
    ((level, finding),) = errors(verified(document))
    return finding.code, finding.sentence, list(tell_run(level, finding.run))


def codes(document: Document) -> list[str]:
    return [finding.code for _, finding in verified(document).findings]
