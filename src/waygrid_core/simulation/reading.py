"""From the text of a scenario file to its scenarios, strictly: all that is wrong, at once, as with a Spec."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final, TypeAlias

from attrs import evolve, frozen

from waygrid_core.model.canonical_json import canonical_json
from waygrid_core.model.json_value import JsonValue, Missing
from waygrid_core.outcome import Failure, Outcome, Success
from waygrid_core.simulation.moment import parse_span
from waygrid_core.simulation.scenario import (
    DEFAULT_START,
    CancelBranchesSignal,
    CancelSignal,
    Delivery,
    EventSignal,
    Expectation,
    Fails,
    IsDone,
    NeverAnswers,
    Once,
    PauseSignal,
    Scenario,
    ScriptedOutcome,
    Shuffled,
    SpecDocument,
    SpecSource,
    SpecText,
    Succeeds,
    TellSignal,
    TimedSignal,
    Twice,
    UnpauseSignal,
)
from waygrid_core.spec.document import read_json, read_yaml_documents
from waygrid_core.spec.fields import Fields, kind_of, nearest, open_object, shape, shown, whole
from waygrid_core.spec.limits import DEFAULT_LIMITS, Limits
from waygrid_core.spec.place import ROOT, Place
from waygrid_core.spec.problem import PROBLEM_CODES, ProblemSink, SpecErrors, SpecProblem
from waygrid_core.traversal.error import FAILED, ErrorDetail

Load: TypeAlias = Callable[[str], bytes]
"""Gives the bytes of the file that a scenario names as its Spec, a path relative to its own. May raise `OSError`
and, for what is no path, `ValueError`."""

MAX_FILE_BYTES: Final = 16 * 1024 * 1024
"""How large a file may be that holds scenarios: the limit of a document is for each Spec in it."""

STATUSES: Final = ("completed", "failed", "canceled", "timed-out", "running", "invalid")
NODE_STATUSES: Final = (
    "waiting", "running", "succeeded", "failed", "timed-out", "canceled", "not-reached",
)  # fmt: skip

_SCENARIO: Final = shape(
    "spec", "expect", optional=("name", "payload", "entry", "start", "known", "outcomes", "signals", "deliver")
)
_OUTCOME: Final = shape(optional=("succeed", "done", "fail", "code", "never", "after"))
_STEERING: Final = ("cancel", "pause", "unpause", "cancelBranches", "event", "tell")
_SIGNAL: Final = shape("at", optional=(*_STEERING, "key", "data"))
_BRANCHES: Final = shape("fork", "branches")
_SHUFFLED: Final = shape("shuffled")
_EXPECT: Final = shape(optional=("status", "errors", "error", "nodes", "dispatched", "elapsed", "output", "runs"))


@frozen
class ScenarioProblem:
    """What is wrong with one scenario of a file: `document` counts the scenarios from 1."""

    document: int
    problem: SpecProblem


def load_scenarios(
    text: bytes, load: Load, limits: Limits = DEFAULT_LIMITS
) -> Outcome[tuple[Scenario, ...], tuple[ScenarioProblem, ...]]:
    """The scenarios of a file, in order, or everything that is wrong with it. Specs are not compiled yet.

    The `limits` are for each Spec; all scenarios together may take `MAX_FILE_BYTES`.
    """
    documents = _read_documents(text, evolve(limits, document_bytes=MAX_FILE_BYTES))
    if isinstance(documents, Failure):
        return Failure(tuple(ScenarioProblem(1, problem) for problem in documents.failure()))
    scenarios: list[Scenario] = []
    faults: list[ScenarioProblem] = []
    for number, document in enumerate(documents.unwrap(), 1):
        problems = ProblemSink()
        scenario = read_scenario(document, number, load, problems, limits)
        faults.extend(ScenarioProblem(number, problem) for problem in problems.problems)
        if scenario is not None:
            scenarios.append(scenario)
    return Failure(tuple(faults)) if faults else Success(tuple(scenarios))


def _read_documents(text: bytes, limits: Limits) -> Outcome[tuple[JsonValue, ...], SpecErrors]:
    """The documents of a file. One that is empty, as after a last `---`, is none."""
    as_json = read_json(text, limits)
    if not isinstance(as_json, Failure):
        return Success((as_json.unwrap(),))
    documents = read_yaml_documents(text, limits)
    if isinstance(documents, Failure):
        return documents
    return Success(tuple(document for document in documents.unwrap() if document is not None) or (None,))


def read_scenario(
    document: JsonValue, number: int, load: Load, problems: ProblemSink, limits: Limits = DEFAULT_LIMITS
) -> Scenario | None:
    """One scenario, the `number`th of its file; worth something only if no problem was found."""
    fields = open_object(document, ROOT, problems, _SCENARIO, "a scenario")
    if fields is None:
        return None
    name = fields.text("name")
    return Scenario(
        name=f"scenario {number}" if name is None else name,
        spec=_read_spec(fields, load, limits),
        payload=_otherwise(fields.get("payload"), {}),
        entry=fields.whole_number("entry", 0) or 0,
        start=fields.instant("start") or DEFAULT_START,
        known=fields.members("known") or {},
        outcomes=_read_outcomes(fields),
        signals=_read_signals(fields),
        deliver=_read_delivery(fields),
        expect=_read_expectation(fields),
    )


def _read_spec(fields: Fields, load: Load, limits: Limits) -> SpecSource:
    spec = fields.get("spec")
    if isinstance(spec, dict):
        written = canonical_json(spec)  # one that is too large here is so in a file of its own, and the run says it
        return SpecText(written) if len(written) > limits.document_bytes else SpecDocument(spec)
    if isinstance(spec, str):
        try:
            return SpecText(load(spec))
        except (OSError, ValueError) as error:  # a ValueError: a path that no file system can have
            reason = (error.strerror if isinstance(error, OSError) else None) or "it cannot be read"
            fields.refuse("spec", "unknown-ref", f"no Spec at {shown(spec)}: {reason}; paths are relative to this file")
    elif not isinstance(spec, Missing):
        fields.refuse("spec", "wrong-type", f"spec must be a path or a Spec, not {kind_of(spec)}")
    return SpecDocument(None)


def _read_outcomes(fields: Fields) -> dict[str, tuple[ScriptedOutcome, ...]]:
    outcomes: dict[str, tuple[ScriptedOutcome, ...]] = {}
    for name, entries in (fields.members("outcomes") or {}).items():
        place: Place = ((fields.place, "outcomes"), name)
        if not isinstance(entries, list):
            message = f"the outcomes of a node must be a list, an item an attempt, not {kind_of(entries)}"
            fields.problems.add(place, "wrong-type", message)
            continue
        read = [_read_outcome(entry, (place, index), fields.problems) for index, entry in enumerate(entries)]
        outcomes[name] = tuple(outcome for outcome in read if outcome is not None)
        results = {type(outcome.result) for outcome in outcomes[name]}
        if results >= {IsDone, Succeeds}:
            message = "the outcomes of a node are answers (succeed) or what its kind makes of them (done), not both"
            fields.problems.add(place, "conflicting-fields", message)
    return outcomes


def _read_outcome(document: JsonValue, place: Place, problems: ProblemSink) -> ScriptedOutcome | None:
    fields = open_object(document, place, problems, _OUTCOME, "an outcome")
    if fields is None:
        return None
    _at_most_one(fields, ("succeed", "done", "fail", "never"), "an outcome")
    if fields.has("code") and not fields.has("fail"):
        fields.refuse("code", "conflicting-fields", "a code is that of a failure; write fail beside it")
    after = _span(fields, "after") or timedelta(0)
    if fields.has("fail"):
        return ScriptedOutcome(Fails(ErrorDetail(fields.text("code") or FAILED, fields.text("fail") or "")), after)
    if fields.has("never"):
        if fields.get("never") is not True:
            fields.refuse("never", "wrong-type", "never must be true; leave it out for an answer")
        return ScriptedOutcome(NeverAnswers(), after)
    if fields.has("done"):
        return ScriptedOutcome(IsDone(_otherwise(fields.get("done"), {})), after)
    return ScriptedOutcome(Succeeds(_otherwise(fields.get("succeed"), {})), after)


def _read_signals(fields: Fields) -> tuple[TimedSignal, ...]:
    items = fields.items("signals") or ()
    read = [_read_signal(item, ((fields.place, "signals"), index), fields.problems) for index, item in enumerate(items)]
    return tuple(signal for signal in read if signal is not None)


def _read_signal(document: JsonValue, place: Place, problems: ProblemSink) -> TimedSignal | None:
    fields = open_object(document, place, problems, _SIGNAL, "a signal")
    if fields is None:
        return None
    _at_most_one(fields, _STEERING, "a signal")
    if fields.has("key") and not fields.has("event"):
        fields.refuse("key", "conflicting-fields", "key is that of an event; write event beside it")
    if fields.has("data") and not (fields.has("event") or fields.has("tell")):
        fields.refuse("data", "conflicting-fields", "data is that of an event or of what is told; write one beside it")
    at = _span(fields, "at") or timedelta(0)
    if fields.has("cancel"):
        reason = fields.get("cancel")
        if not (reason is None or reason is True or isinstance(reason, str)):
            fields.refuse("cancel", "wrong-type", f"cancel must be a reason, or true, not {kind_of(reason)}")
        return TimedSignal(at, CancelSignal(reason if isinstance(reason, str) else None))
    if fields.has("pause"):
        return TimedSignal(at, PauseSignal())
    if fields.has("unpause"):
        return TimedSignal(at, UnpauseSignal())
    if fields.has("cancelBranches"):
        inner = open_object(
            fields.get("cancelBranches"), (place, "cancelBranches"), problems, _BRANCHES, "cancelBranches"
        )
        fork, branches = (None, None) if inner is None else (inner.text("fork"), inner.texts("branches"))
        return TimedSignal(at, CancelBranchesSignal(fork or "", branches or ()))
    if fields.has("event"):
        data = _otherwise(fields.get("data"), {})
        return TimedSignal(at, EventSignal(fields.text("event") or "", fields.text("key"), data))
    if fields.has("tell"):
        return TimedSignal(at, TellSignal(fields.text("tell") or "", _otherwise(fields.get("data"), {})))
    problems.add(place, "missing-field", f"a signal needs one of {', '.join(_STEERING)}")
    return None


def _read_delivery(fields: Fields) -> Delivery:
    deliver = fields.get("deliver")
    place: Place = (fields.place, "deliver")
    if isinstance(deliver, dict):
        inner = open_object(deliver, place, fields.problems, _SHUFFLED, "deliver")
        seed = None if inner is None else inner.whole_number("shuffled", -(2**63), 2**63)
        return Shuffled(seed or 0)
    if deliver == "twice":
        return Twice()
    if not (isinstance(deliver, Missing) or deliver == "once"):
        fields.refuse("deliver", "unknown-type", "deliver must be once, twice or {shuffled: <seed>}")
    return Once()


def _read_expectation(outer: Fields) -> Expectation:
    if not outer.has("expect"):
        return Expectation()
    fields = open_object(outer.get("expect"), (outer.place, "expect"), outer.problems, _EXPECT, "expect")
    if fields is None:
        return Expectation()
    status = fields.text("status")
    if status is not None and status not in STATUSES:
        fields.refuse("status", "unknown-type", f"{shown(status)} is no status; {nearest(status, STATUSES)}")
    errors = fields.texts("errors")
    for index, code in enumerate(errors or ()):
        if code not in PROBLEM_CODES:
            fields.problems.add(
                ((fields.place, "errors"), index),
                "unknown-type",
                f"{shown(code)} is no code of a problem; {nearest(code, PROBLEM_CODES)}",
            )
    return Expectation(
        status=status,
        errors=errors,
        error=fields.text("error"),
        nodes=_read_node_statuses(fields),
        dispatched=fields.texts("dispatched"),
        elapsed=_span(fields, "elapsed"),
        output=fields.get("output"),
        runs=fields.whole_number("runs", 0),
    )


def _read_node_statuses(fields: Fields) -> dict[str, str]:
    statuses: dict[str, str] = {}
    for name, status in (fields.members("nodes") or {}).items():
        place: Place = ((fields.place, "nodes"), name)
        if not isinstance(status, str):
            fields.problems.add(place, "wrong-type", f"the status of a node must be text, not {kind_of(status)}")
        elif status not in NODE_STATUSES:
            cure = nearest(status, NODE_STATUSES)
            fields.problems.add(place, "unknown-type", f"{shown(status)} is no status of a node; {cure}")
        else:
            statuses[name] = status
    return statuses


def _span(fields: Fields, name: str) -> timedelta | None:
    value = fields.get(name)
    if isinstance(value, Missing):
        return None
    if whole(value) == 0:
        return timedelta(0)
    if not isinstance(value, str):
        fields.refuse(name, "wrong-type", f"{name} must be a span of time such as 5s, not {kind_of(value)}")
        return None
    outcome = parse_span(value)
    if isinstance(outcome, Failure):
        fields.refuse(name, "bad-duration", outcome.failure())
        return None
    return outcome.unwrap()


def _at_most_one(fields: Fields, names: tuple[str, ...], noun: str) -> None:
    present = [name for name in names if fields.has(name)]
    if len(present) > 1:
        fields.refuse(present[1], "conflicting-fields", f"{noun} is one of {', '.join(names)}, not several")


def _otherwise(value: JsonValue | Missing, default: JsonValue) -> JsonValue:
    return default if isinstance(value, Missing) else value
