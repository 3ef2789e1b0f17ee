"""From the text of a workload to what it says, strictly: all that is wrong, at once, as with a Spec."""

from collections.abc import Mapping
from math import inf
from typing import Final, TypeAlias, TypeVar

from waygrid_core.dag.dag import CompiledDag
from waygrid_core.model.address import ServiceAddress, parse_address
from waygrid_core.model.json_value import JsonValue, Missing
from waygrid_core.outcome import Failure, Outcome, Success
from waygrid_core.spec.document import Format, read_document
from waygrid_core.spec.fields import Fields, kind_of, nearest, open_object, shape, shown
from waygrid_core.spec.place import ROOT, Place
from waygrid_core.spec.problem import ProblemSink, SpecErrors
from waygrid_shell.hosting.handler import MOST_AT_ONCE
from waygrid_shell.simulation.workload.arrivals import Arrivals
from waygrid_shell.simulation.workload.description import (
    DEFAULT_FAULTS,
    DEFAULT_SECONDS,
    MOST_PROCESSES,
    NOTHING,
    EventLoad,
    PlatformLoad,
    ServiceLoad,
    SpecLoad,
    Workload,
)
from waygrid_shell.simulation.workload.quantities import read_rate, read_share
from waygrid_shell.simulation.workload.templates import read_template
from waygrid_shell.simulation.workload.timing import read_arrivals, read_distribution, read_seconds
from waygrid_shell.simulation.workload.used import events_of, services_of

Compiled: TypeAlias = Mapping[str, CompiledDag]
"""The DAGs that are asked for, by the names that the workload has for them."""

Value = TypeVar("Value")

WORKLOAD: Final = shape(
    optional=("arrivals", "payload", "specs", "services", "events", "duration", "drain", "platform", "faults")
)
SPEC_LOAD: Final = shape(optional=("arrivals", "share", "payload"))
SERVICE_LOAD: Final = shape(
    optional=("latency", "failures", "neverAnswers", "workers", "concurrency", "deadline", "output")
)
EVENT_LOAD: Final = shape(optional=("after", "share", "data"))
PLATFORM: Final = shape(optional=("processes", "partitions", "request"))

MOST_PARTITIONS: Final = 64
_LEAST_DRAIN_SECONDS: Final = 3600.0


def read_workload(text: bytes, compiled: Compiled, format: Format = "auto") -> Outcome[Workload, SpecErrors]:  # noqa: A002 # as for Specs
    """What the text says of these DAGs, or everything that is wrong with it."""
    read = read_document(text, format)
    problems = ProblemSink()
    for each in read.problems:
        problems.add(each.pointer, each.code, each.message)
    workload = None if isinstance(read.value, Missing) else _read(read.value, compiled, problems)
    if workload is None or problems:
        return Failure(problems.problems)
    return Success(workload)


def _read(document: JsonValue, compiled: Compiled, problems: ProblemSink) -> Workload | None:
    fields = open_object(document, ROOT, problems, WORKLOAD, "a workload")
    if fields is None:
        return None
    arrivals = read_arrivals(fields)
    specs = _specs_of(fields, compiled, has_arrivals=fields.has("arrivals"))
    services, silent_services = _services_of(fields, compiled)
    events, silent_events = _events_of(fields, compiled)
    seconds = read_seconds(fields, "duration") or _natural_seconds(arrivals, specs)
    return Workload(
        specs=specs,
        services=services,
        events=events,
        arrivals=arrivals,
        seconds=seconds,
        drain_seconds=read_seconds(fields, "drain") or max(_LEAST_DRAIN_SECONDS, seconds),
        platform=_platform_of(fields),
        faults=_faults_of(fields),
        unsaid=(*silent_services, *silent_events),
    )


def _natural_seconds(arrivals: Arrivals | None, specs: Mapping[str, SpecLoad]) -> float:
    """How long ramps and schedules are, where nothing else says how long it goes on."""
    every = [arrivals, *(load.arrivals for load in specs.values())]
    return max((each.seconds for each in every if each is not None), default=0.0) or DEFAULT_SECONDS


# --- Specs


def _specs_of(outer: Fields, compiled: Compiled, *, has_arrivals: bool) -> Mapping[str, SpecLoad]:
    place: Place = (outer.place, "specs")
    said = outer.members("specs") or {}
    for name in said:
        if name not in compiled:
            cure = nearest(name, compiled)
            outer.problems.add((place, name), "unknown-ref", f"{shown(name)} is no Spec of this run; {cure}")
    payload = read_template(outer, "payload")
    loads = {}
    for name in compiled:
        load = SpecLoad(payload=payload or NOTHING)
        if name in said:
            fields = open_object(said[name], (place, name), outer.problems, SPEC_LOAD, "the load of a Spec")
            load = load if fields is None else _spec_load(fields, load)
        if load.arrivals is None and not has_arrivals and not (name in said and "arrivals" in _dict(said[name])):
            where = "write arrivals, such as {rate: 5/s}, at the top of the workload or for the Spec"
            outer.problems.add(outer.place, "missing-field", f"nothing says how often {name} is asked for; {where}")
        loads[name] = load
    return loads


def _dict(value: JsonValue) -> Mapping[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _spec_load(fields: Fields, load: SpecLoad) -> SpecLoad:
    share = _positive(fields, "share")
    if fields.has("share") and fields.has("arrivals"):
        fields.refuse("share", "conflicting-fields", "a Spec has a share of the arrivals of all, or its own, not both")
    return SpecLoad(
        arrivals=read_arrivals(fields),
        share=load.share if share is None else share,
        payload=read_template(fields, "payload") or load.payload,
    )


# --- services and events


def _services_of(outer: Fields, compiled: Compiled) -> tuple[Mapping[ServiceAddress, ServiceLoad], list[str]]:
    place: Place = (outer.place, "services")
    used = services_of(compiled.values())
    loads = dict.fromkeys(used, ServiceLoad())
    unsaid = dict.fromkeys(used)
    for name, document in (outer.members("services") or {}).items():
        outcome = parse_address(name if "://" in name else f"waygrid://{name}")
        if isinstance(outcome, Failure):
            outer.problems.add((place, name), "bad-address", outcome.failure())
            continue
        address = outcome.unwrap()
        if address not in loads:
            cure = nearest(address.short, [each.short for each in used])
            message = f"no Spec of this run dispatches to {address.short}; {cure}"
            outer.problems.add((place, name), "unknown-ref", message)
            continue
        if address not in unsaid:
            message = f"{address.short} stands here already; write it once"
            outer.problems.add((place, name), "conflicting-fields", message)
        unsaid.pop(address, None)
        fields = open_object(document, (place, name), outer.problems, SERVICE_LOAD, "a service")
        if fields is not None:
            loads[address] = _service_load(fields)
    return loads, [each.short for each in unsaid]


def _service_load(fields: Fields) -> ServiceLoad:
    usual = ServiceLoad()
    failures = _failures_of(fields)
    never_answers = read_share(fields, "neverAnswers") or 0.0
    if sum(failures.values()) + never_answers > 1.0 + 1e-9:
        fields.refuse("failures", "out-of-range", "what fails and what never answers are more than all attempts")
    return ServiceLoad(
        latency=read_distribution(fields, "latency") or usual.latency,
        failures=failures,
        never_answers=never_answers,
        workers=fields.whole_number("workers", 1, MOST_PROCESSES) or usual.workers,
        concurrency=fields.whole_number("concurrency", 1, MOST_AT_ONCE) or usual.concurrency,
        deadline=fields.duration("deadline"),
        output=read_template(fields, "output") or usual.output,
    )


def _failures_of(fields: Fields) -> Mapping[str, float]:
    said = fields.members("failures")
    if said is None:
        return {}
    inner = Fields(said, (fields.place, "failures"), fields.problems)
    return {code: read_share(inner, code) or 0.0 for code in said}


def _events_of(outer: Fields, compiled: Compiled) -> tuple[Mapping[str, EventLoad], list[str]]:
    place: Place = (outer.place, "events")
    used = events_of(compiled.values())
    loads = dict.fromkeys(used, EventLoad())
    unsaid = dict.fromkeys(used)
    for name, document in (outer.members("events") or {}).items():
        if name not in loads:
            message = f"no Spec of this run awaits {shown(name)}; {nearest(name, used)}"
            outer.problems.add((place, name), "unknown-ref", message)
            continue
        unsaid.pop(name, None)
        fields = open_object(document, (place, name), outer.problems, EVENT_LOAD, "an event")
        if fields is not None:
            usual, share = EventLoad(), read_share(fields, "share")
            loads[name] = EventLoad(
                after=read_distribution(fields, "after") or usual.after,
                share=usual.share if share is None else share,
                data=read_template(fields, "data") or usual.data,
            )
    return loads, [f"the event {each}" for each in unsaid]


# --- the rest


def _platform_of(outer: Fields) -> PlatformLoad:
    usual = PlatformLoad()
    if not outer.has("platform"):
        return usual
    fields = open_object(outer.get("platform"), (outer.place, "platform"), outer.problems, PLATFORM, "platform")
    if fields is None:
        return usual
    return PlatformLoad(
        processes=fields.whole_number("processes", 1, MOST_PROCESSES) or usual.processes,
        partitions=fields.whole_number("partitions", 2, MOST_PARTITIONS) or usual.partitions,
        request_seconds=read_seconds(fields, "request") or usual.request_seconds,
    )


def _faults_of(fields: Fields) -> float:
    said = fields.get("faults")
    if isinstance(said, bool):
        return DEFAULT_FAULTS if said else 0.0
    return read_rate(fields, "faults") or 0.0


def _positive(fields: Fields, name: str) -> float | None:
    value = fields.get(name)
    if isinstance(value, Missing):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        fields.refuse(name, "wrong-type", f"{name} must be a number, not {kind_of(value)}")
        return None
    if not 0.0 < value < inf:
        fields.refuse(name, "out-of-range", f"{name} must be above 0")
        return None
    return float(value)
