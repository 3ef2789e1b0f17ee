"""What `waygrid replay` does: reads a journal, goes through it, supposes something else, writes it as a scenario."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from attrs import evolve, frozen

from waygrid_core.children.plan import dag_named_in
from waygrid_core.codec.json_bytes import read_json
from waygrid_core.codec.wire import EFFECTS, EVENTS
from waygrid_core.dag.dag import Dag
from waygrid_core.history.journal_file import JournalFile, RecordedTraversal, read_journal
from waygrid_core.history.replaying import CannotSuppose, Moment, Supposition, moments, suppose
from waygrid_core.history.standing import Standing
from waygrid_core.history.status import shown_status
from waygrid_core.history.story import Story
from waygrid_core.history.waiting import waits
from waygrid_core.model.json_value import JsonValue
from waygrid_core.outcome import Failure
from waygrid_core.traversal.effects import (
    Cancel,
    CancelNode,
    Complete,
    DispatchNode,
    Fail,
    Schedule,
    StartFollowUp,
    Unschedule,
)
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.signals import Cancel as CancelSignal
from waygrid_core.traversal.signals import NodeFailure, NodeStart, NodeSuccess, Signal, Timeout, Told
from waygrid_core.traversal.state import InFlight, TraversalState
from waygrid_core.traversal.timers import node_timer, timer_signal
from waygrid_shell.cli.extensions_given import extensions_here
from waygrid_shell.cli.look import json_line, painted, printable, time_text
from waygrid_shell.cli.mistake import OK, UserError
from waygrid_shell.cli.output import write_result
from waygrid_shell.cli.replay_scenario import scenario_of
from waygrid_shell.cli.server import ServerOptions, ask, write_document
from waygrid_shell.cli.source import read_source
from waygrid_shell.cli.traversal_text import traversal_text
from waygrid_shell.client import WaygridClient

_TRY: Final = "Try: waygrid replay --help"
_INDENT: Final = " " * 6


@frozen(kw_only=True)
class Request:
    """The command line of `waygrid replay`, as its help says."""

    subject: str
    at: int | None
    what_if: str | None
    save: str | None
    spec: str | None
    options: ServerOptions


@frozen
class _Subject:
    """The traversal of a journal, with what it ran."""

    recorded: RecordedTraversal
    standing: Standing

    @property
    def dag(self) -> Dag:
        """Its DAG. Raises `UserError` if nobody has kept it."""
        if self.standing.dag is None:
            raise UserError(f"the DAG of {self.recorded.traversal} is not in the journal: only its events are")
        return self.standing.dag


def conduct(request: Request) -> int:
    """Carry it out; the exit code. Raises `UserError` for what is wrong with what was given."""
    _check(request)
    if request.at is not None and not _is_file(request.subject):
        return _as_it_was(request, request.at)
    if _is_file(request.subject):
        source = read_source(request.subject)
        try:
            document = read_json(source.content)
        except ValueError as error:
            raise UserError(f"{source.name} is {error}") from error
        return _go_through(request, document)
    found: list[JsonValue] = []

    async def work(client: WaygridClient) -> int:
        found.append(await client.export_journal(request.subject))
        return OK

    code = ask(request.options, work)
    return _go_through(request, found[0]) if found else code


def _check(request: Request) -> None:
    if request.at is not None and request.at < 0:
        raise UserError(f"--at {request.at}: write 0 or more")
    if request.at is not None and request.what_if is not None:
        raise UserError(f"--at shows how it was, and --what-if how it would have been; give one of them. {_TRY}")
    if request.save is not None and request.spec is None:
        raise UserError(f"--save needs --spec FILE: a scenario names the Spec that it runs. {_TRY}")


def _is_file(subject: str) -> bool:
    return subject == "-" or Path(subject).is_file()


def _as_it_was(request: Request, at: int) -> int:
    async def work(client: WaygridClient) -> int:
        view = await client.get(request.subject, at=at)
        if request.options.json:
            write_document(view)
        else:
            write_result(traversal_text(view))
        return OK

    return ask(request.options, work)


def _go_through(request: Request, document: JsonValue) -> int:
    read = read_journal(document, extensions_here())
    if isinstance(read, Failure):
        raise UserError(f"{request.subject}: {read.failure()}")
    subject = _subject(read.unwrap())
    if request.what_if is not None:
        return _suppose(request, subject, request.what_if)
    if request.save is not None:
        return _save(request, subject, moments(subject.recorded, subject.dag))
    every = list(moments(subject.recorded, subject.standing.dag))
    _show(every if request.at is None else _until(every, request.at), subject, as_json=request.options.json)
    return OK


def _until(every: Sequence[Moment], at: int) -> Sequence[Moment]:
    """The decisions up to the one that brought event number `at`. Raises `UserError` if there are not so many."""
    in_all = every[-1].after.version if every else 0
    if at > in_all:
        raise UserError(f"--at {at}: it has {in_all} events")
    return [each for each in every if each.before.version < at]


def _subject(file: JournalFile) -> _Subject:
    recorded = file.traversals[0]
    compiled = None if recorded.plan is None else file.dags.get(dag_named_in(recorded.plan))
    standing = Standing(recorded.traversal, recorded.root, recorded.plan, compiled)
    return _Subject(recorded, standing if compiled is None else evolve(standing, annotations=compiled.annotations))


def _show(shown: Sequence[Moment], subject: _Subject, *, as_json: bool) -> None:
    story = Story(subject.standing)
    for moment in shown:
        lines = story.tell(moment.events, moment.at)
        if as_json:
            write_result(json_line(_document(moment, lines)))
        else:
            write_result("\n".join(_lines(moment, subject.standing, lines)))


def _lines(moment: Moment, standing: Standing, told: Sequence[str]) -> Iterator[str]:
    what = "" if moment.signal is None else f"  {_signal(moment.signal, standing)}"
    yield f"{moment.number:>4}  {time_text(moment.at)}{what}"
    yield from (f"{_INDENT}{printable(line)}" for line in told)
    for change in moment.changes:
        name = printable(standing.name(change.node))
        yield f"{_INDENT}  {name}: {painted(change.before)} > {painted(change.after)}"
    asked = [text for effect in moment.effects if (text := _effect(effect, standing))]
    if asked:
        yield f"{_INDENT}  asks: {printable(', '.join(asked))}"


def _document(moment: Moment, lines: Sequence[str]) -> JsonValue:
    return {
        "number": moment.number,
        "at": time_text(moment.at),
        "version": moment.after.version,
        "status": shown_status(moment.after.status),
        "signal": None if moment.signal is None else type(moment.signal).__name__,
        "lines": list(lines),
        "changes": [{"node": change.node, "before": change.before, "after": change.after} for change in moment.changes],
        "events": [EVENTS.to_json(event) for event in moment.events],
        "effects": [EFFECTS.to_json(effect) for effect in moment.effects],
    }


def _signal(signal: Signal, standing: Standing) -> str:
    """What came, in a few words."""
    node = getattr(signal, "node", None)
    name = "" if node is None else f" {standing.name(node)}"
    if isinstance(signal, Told):
        name = f" {signal.kind}"
    attempt = getattr(signal, "attempt", 1)
    return f"{type(signal).__name__}{name}{f' (attempt {attempt})' if attempt > 1 else ''}"


def _effect(effect: object, standing: Standing) -> str:
    """What was asked for, in a few words; empty for what only tells an end that the events tell too."""
    match effect:
        case DispatchNode(node=node, attempt=attempt):
            return f"{standing.name(node)} to be done{f' (attempt {attempt})' if attempt > 1 else ''}"
        case CancelNode(node=node):
            return f"{standing.name(node)} to be canceled"
        case Schedule(at=at):
            return f"a timer at {time_text(at)}"
        case Unschedule():
            return "a timer to be unset"
        case StartFollowUp():
            return "the onEnd to begin"
        case Complete() | Fail() | Cancel():
            return ""
        case _:
            return type(effect).__name__


def _suppose(request: Request, subject: _Subject, text: str) -> int:
    number, instead = _supposition(text, subject)
    try:
        supposed = suppose(subject.recorded, subject.dag, number, instead)
    except CannotSuppose as reason:
        raise UserError(f"--what-if {text}: {reason}") from reason
    if request.save is not None:
        return _save(request, subject, (*islice(moments(subject.recorded, subject.dag), number - 1), *supposed.moments))
    _show(supposed.moments, subject, as_json=request.options.json)
    if not request.options.json:
        write_result("\n".join(_outcome(supposed, subject.standing)))
    return OK


def _save(request: Request, subject: _Subject, heard: Iterable[Moment]) -> int:
    assert request.save is not None, "it is asked for"
    assert request.spec is not None, "it was checked"
    supposed = "" if request.what_if is None else f", had it been {request.what_if}"
    name = f"traversal {subject.recorded.traversal}{supposed}"
    write_result(scenario_of(name, heard, subject.standing, request.spec, request.save), request.save)
    return OK


def _outcome(supposed: Supposition, standing: Standing) -> Iterator[str]:
    state = supposed.state
    yield f"It would be {painted(shown_status(state.status))}."
    for wait in waits(standing, state):
        node = f" of {wait.name if wait.name is not None else 'the traversal'}"
        what = {"answer": "the answer", "event": "the event", "child": "the end", "timer": "the timer"}[wait.kind]
        yield f"  {printable(f'It would wait for {what}{node}.')}"
    for signal in supposed.unheard:
        yield f"  {printable(_signal(signal, standing))} came, and would have meant nothing."


def _supposition(text: str, subject: _Subject) -> tuple[int, Signal | None]:
    """What `--what-if` says. Raises `UserError`."""
    at, sign, what = text.partition("=")
    if not sign or not at.isdigit():
        raise UserError(f"--what-if {text!r}: write N=WHAT, such as 4=fail:card-declined")
    number = int(at)
    there = {each.number: each for each in moments(subject.recorded, subject.dag)}
    moment = there.get(number)
    if moment is None:
        raise UserError(f"--what-if {text}: there is no decision {number}; there are {len(there)}")
    kind, _, rest = what.partition(":")
    traversal = subject.recorded.traversal
    if kind == "nothing":
        return number, None
    if kind == "cancel":
        return number, CancelSignal(traversal, rest or None)
    signal, state = moment.signal, moment.before
    if not isinstance(signal, NodeSuccess | NodeFailure | NodeStart | Timeout) or not isinstance(state, TraversalState):
        raise UserError(f"--what-if {text}: decision {number} answered no attempt; cancel and nothing can be supposed")
    node, attempt = signal.node, signal.attempt
    match kind:
        case "succeed":
            return number, NodeSuccess(traversal, node, attempt, _json(text, rest) if rest else {})
        case "fail":
            code, _, message = rest.partition(":")
            return number, NodeFailure(traversal, node, attempt, ErrorDetail(code or "failed", message))
        case "timeout":
            run = state.nodes.get(node)
            if not isinstance(run, InFlight) or run.due is None:
                raise UserError(f"--what-if {text}: {subject.standing.name(node)} has no timeout")
            return number, timer_signal(node_timer(traversal, node, attempt, "timeout"))
        case _:
            raise UserError(f"--what-if {text}: write succeed, fail, timeout, cancel or nothing after the =")


def _json(text: str, rest: str) -> JsonValue:
    try:
        return read_json(rest.encode())
    except ValueError as error:
        raise UserError(f"--what-if {text}: what follows succeed: is {error}") from error
