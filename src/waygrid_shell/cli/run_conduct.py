"""What `waygrid run` does: reads what was given, refuses what cannot work, runs the rest, and says how it went."""

import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Final, TypeVar

import anyio
from attrs import frozen

from waygrid_core.codec.json_bytes import write_json
from waygrid_core.dag.addresses import addresses_of
from waygrid_core.dag.dag import CompiledDag, Dag
from waygrid_core.extension.registry import Extensions
from waygrid_core.model.address import ServiceAddress
from waygrid_core.outcome import Failure
from waygrid_shell.cli.extensions_given import extensions_given
from waygrid_shell.cli.given import apps_given, folder_mistake, settings_given
from waygrid_shell.cli.mistake import FAILED, INTERRUPTED, OK, USAGE, UserError
from waygrid_shell.cli.output import complain, write_result
from waygrid_shell.cli.run_report import (
    PlainProgress,
    Progress,
    SilentProgress,
    counted,
    left_document,
    left_line,
    outcome_document,
    outcome_line,
    summary_line,
    terminal_progress,
)
from waygrid_shell.cli.source import STANDARD_INPUT, read_source, why
from waygrid_shell.cli.specs import compile_source, complain_of
from waygrid_shell.hosting.handler import Served
from waygrid_shell.origins.batch.events import GivenEvent, read_event, read_events
from waygrid_shell.origins.batch.payloads import BadPayload, Payload, read_payloads
from waygrid_shell.ports.failure import ForeignStorage, PortFailure, StorageInUse
from waygrid_shell.ports.secret_vault import SecretNotFound
from waygrid_shell.runtime.batch_run import BatchRun, Ended, Job
from waygrid_shell.runtime.built_in import BUILT_IN
from waygrid_shell.runtime.embedded import embedded_plant
from waygrid_shell.runtime.last_resort import last_resort
from waygrid_shell.runtime.needs import all_dags, dags_of, secrets_of
from waygrid_shell.runtime.supervisor import leaves_of
from waygrid_shell.runtime.whole_process import run_whole_process
from waygrid_shell.runtime.wiring import Ports, memory_ports, sqlite_ports
from waygrid_shell.settings.settings import Settings

T = TypeVar("T", Payload, GivenEvent)

_REFRESH_SECONDS: Final = 0.2
_PROBLEMS_SHOWN: Final = 20


@frozen(kw_only=True)
class Request:
    """The command line of `waygrid run`, as its help says."""

    spec: str
    payloads: Sequence[str] | None
    apps: Sequence[str] | None
    networks: Sequence[str] | None
    config: Path | None
    data_dir: Path | None
    is_json: bool
    entry: int
    concurrency: int
    skips_bad_lines: bool
    batch: str
    events: Sequence[str]
    events_file: str | None
    salt: str
    is_quiet: bool


@frozen(kw_only=True)
class _Plan:
    """What a command line comes to."""

    job: Job
    settings: Settings
    extensions: Extensions
    served: Mapping[ServiceAddress, Served]
    data_dir: Path | None
    is_json: bool
    is_quiet: bool
    bad: int


def conduct(request: Request) -> int:
    """Carry it out; the exit code. Raises `UserError` for what is wrong with what was given."""
    settings = settings_given(
        request.config,
        {("app", "--app"): request.apps, ("outbound.allowed_networks", "--allow-network"): request.networks},
    )
    extensions = extensions_given(settings)
    source = read_source(request.spec)
    outcome = compile_source(source, request.salt, {}, extensions)
    if isinstance(outcome, Failure):
        complain_of(source, outcome.failure())
        raise UserError(f"{source.name} is not right; nothing was begun")
    compiled = outcome.unwrap()
    if not 0 <= request.entry < len(compiled.dag.entry_points):
        raise UserError(
            f"there is no entry point {request.entry}; {source.name} has {len(compiled.dag.entry_points)}, from 0"
        )
    if request.concurrency < 1:
        raise UserError(f"--concurrency {request.concurrency}: write at least 1")
    given = request.payloads if request.payloads is not None else ["{}"] if request.data_dir is None else []
    files = [] if request.events_file is None else [request.events_file]
    if [request.spec, *given, *files].count(STANDARD_INPUT) > 1:
        raise UserError("only one of SPEC, --payload and --events can be standard input")
    payloads, bad = _sift(_read(given, read_payloads), Payload, is_lenient=request.skips_bad_lines)
    read = [*map(read_event, request.events), *_read(files, read_events)]
    events, bad_events = _sift(read, GivenEvent, is_lenient=request.skips_bad_lines)
    plan = _Plan(
        job=Job(
            compiled=compiled,
            payloads=payloads,
            entry=request.entry,
            batch=request.batch,
            events=events,
            concurrency=request.concurrency,
        ),
        settings=settings,
        extensions=extensions,
        served=apps_given(settings.app),
        data_dir=request.data_dir,
        is_json=request.is_json,
        is_quiet=request.is_quiet,
        bad=bad + bad_events,
    )
    _refuse_unserved(all_dags(compiled), plan.served, request.spec)
    try:
        return run_whole_process(_run, plan)
    except BaseExceptionGroup as group:
        raise _one_of(group) from group
    except PortFailure as failure:
        raise _mistake(failure) from failure


def _mistake(failure: PortFailure) -> UserError:
    """Where the data lies is a matter of the command line; whatever else fails, the run had begun."""
    return UserError(str(failure), USAGE if isinstance(failure, ForeignStorage | StorageInUse) else FAILED)


def _one_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The exception that ended the run: a failure of the storage, before whatever followed from it."""
    leaves = list(leaves_of(group))
    for leaf in leaves:
        if isinstance(leaf, PortFailure):
            return _mistake(leaf)
    for leaf in leaves:
        if isinstance(leaf, UserError | BrokenPipeError | KeyboardInterrupt):
            return leaf
    return leaves[0] if len(leaves) == 1 else group


def _read(
    arguments: Sequence[str], read: Callable[[str, Callable[[], bytes]], Iterable[T | BadPayload]]
) -> Iterable[T | BadPayload]:
    for argument in arguments:
        try:
            yield from read(argument, sys.stdin.buffer.read)
        except (OSError, ValueError) as error:
            raise UserError(f"cannot read {argument}: {why(error)}") from error


def _sift(found: Iterable[T | BadPayload], kind: type[T], *, is_lenient: bool) -> tuple[list[T], int]:
    """The good ones, and how many bad ones there were; each bad one is named, and ends the run unless lenient."""
    good: list[T] = []
    bad: list[BadPayload] = []
    for each in found:
        if isinstance(each, kind):
            good.append(each)
        elif isinstance(each, BadPayload):
            bad.append(each)
    for problem in bad[:_PROBLEMS_SHOWN]:
        complain(f"{problem.place}: {problem.problem}")
    if len(bad) > _PROBLEMS_SHOWN:
        complain(f"and {len(bad) - _PROBLEMS_SHOWN} more")
    if bad and not is_lenient:
        raise UserError(f"{counted(len(bad), 'line')} cannot be used; nothing was accepted (--skip-bad-lines goes on)")
    return good, len(bad)


def _unserved(dags: Sequence[Dag], served: Mapping[ServiceAddress, Served]) -> list[ServiceAddress]:
    return sorted(addresses_of(dags) - served.keys() - BUILT_IN, key=str)


def _refuse_unserved(dags: Sequence[Dag], served: Mapping[ServiceAddress, Served], spec: str) -> None:
    unserved = _unserved(dags, served)
    if not unserved:
        return
    for address in unserved:
        cure = "nothing of that kind can be served by an app"
        if address.component in ("processor", "destination"):
            cure = f'decorate a function with @app.{address.component}("{address.service}") and give --app module:app'
        complain(f"nobody serves {address}: {cure}")
    raise UserError(f"{spec} needs {counted(len(unserved), 'service')} that nobody serves; nothing was accepted")


async def _run(plan: _Plan) -> int:
    began = time.monotonic()
    async with _ports(plan) as ports:
        await _refuse_missing_secrets(plan.job.compiled, ports)
        await ports.dag_store.put(plan.job.compiled)
        await _mention_strangers(plan, ports)
        async with last_resort() as leave, embedded_plant(ports, plan.served, plan.settings) as plant:
            batch_run = BatchRun(plant, plan.job, _printer(plan))
            interrupted = await _until_interrupted(batch_run, plan)
            code = _conclude(batch_run, plan, time.monotonic() - began, is_interrupted=interrupted)
            leave(code)
        return code


@asynccontextmanager
async def _ports(plan: _Plan) -> AsyncIterator[Ports]:
    if plan.data_dir is None:
        yield memory_ports(plan.extensions)
        return
    try:
        async with sqlite_ports(plan.data_dir, plan.extensions) as ports:
            yield ports
    except OSError as error:
        raise folder_mistake(plan.data_dir, error) from error


async def _refuse_missing_secrets(compiled: CompiledDag, ports: Ports) -> None:
    missing = []
    for secret in secrets_of(all_dags(compiled)):
        try:
            await ports.secret_vault.reveal(secret)
        except SecretNotFound as error:
            missing.append(str(error))
    for sentence in missing:
        complain(sentence)
    if missing:
        raise UserError(f"{counted(len(missing), 'secret')} cannot be had; nothing was accepted")


async def _mention_strangers(plan: _Plan, ports: Ports) -> None:
    """Traversals of other Specs in this folder go on too; say so if nobody serves what they need."""
    unserved = _unserved(await dags_of(await ports.journal.unfinished(), ports.dag_store.get), plan.served)
    if unserved:
        complain(
            f"waygrid: traversals of earlier runs in {plan.data_dir} need {', '.join(map(str, unserved))}, which "
            "nobody serves now; they are kept as they are"
        )


def _printer(plan: _Plan) -> Callable[[Ended], None]:
    def tell(ended: Ended) -> None:
        if plan.is_json:
            write_result(write_json(outcome_document(ended)).decode())
        else:
            write_result(outcome_line(ended))

    return tell


async def _until_interrupted(batch_run: BatchRun, plan: _Plan) -> bool:
    """Run to the end, or until somebody asks to stop: whether somebody did."""
    interrupted = False
    with _progress(plan) as progress:
        async with anyio.create_task_group() as tasks:

            async def listen() -> None:
                nonlocal interrupted
                with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
                    async for _ in signals:
                        interrupted = True
                        tasks.cancel_scope.cancel()

            async def show() -> None:
                while True:
                    progress.show(batch_run)
                    await anyio.sleep(_REFRESH_SECONDS)

            if sys.platform != "win32":  # there Ctrl-C comes as KeyboardInterrupt
                tasks.start_soon(listen)
            tasks.start_soon(show)
            await batch_run.run()
            tasks.cancel_scope.cancel()
    return interrupted


def _progress(plan: _Plan) -> AbstractContextManager[Progress]:
    if plan.is_quiet:
        return nullcontext(SilentProgress())
    return terminal_progress() if sys.stderr.isatty() else nullcontext(PlainProgress())


def _conclude(batch_run: BatchRun, plan: _Plan, seconds: float, *, is_interrupted: bool) -> int:
    tally = batch_run.tally
    for left in tally.left:
        write_result(write_json(left_document(left)).decode() if plan.is_json else left_line(left))
    if not plan.is_quiet:
        complain(f"waygrid: {summary_line(tally, seconds, plan.bad)}")
    if is_interrupted:
        open_ = tally.total - tally.ended
        kept = (
            f"they are kept in {plan.data_dir}: run the same command again, and they go on"
            if plan.data_dir is not None
            else "without --data-dir they are gone"
        )
        complain(f"waygrid: stopped with {counted(open_, 'traversal')} not at an end; {kept}")
        return INTERRUPTED
    if tally.total == 0 and not plan.job.payloads and plan.data_dir is not None:
        complain(f"waygrid: nothing is under way in {plan.data_dir}; give --payload to begin something")
    if tally.events_sent_before:
        complain(
            f"waygrid: {counted(tally.events_sent_before, 'event')} had been sent before, and not again "
            "(same name, key and data); --batch NAME makes new ones of them"
        )
    _say_how_to_go_on(batch_run, plan)
    return OK if tally.completed == tally.total and not tally.left else FAILED


def _say_how_to_go_on(batch_run: BatchRun, plan: _Plan) -> None:
    names = dict.fromkeys(name for left in batch_run.tally.left for name in left.awaits)
    if not names:
        return
    first = next(iter(names))
    if plan.data_dir is None:
        complain(
            f"waygrid: nothing more comes by itself, and without --data-dir nothing is kept; give the event with the "
            f"payloads: --event {first.event}=JSON"
        )
        return
    complain(
        f"waygrid: nothing more comes by itself; what waits is kept in {plan.data_dir}. Give the event to go on: "
        f"waygrid run SPEC --data-dir {plan.data_dir} --event '{first.event}@{first.key}=JSON'"
    )
