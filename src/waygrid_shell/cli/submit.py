"""`waygrid submit`: hands traversals in to a server."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Annotated, Final
from uuid import uuid4

from attrs import frozen
from cyclopts import Parameter

from waygrid_core.codec.json_bytes import write_json
from waygrid_core.model.json_value import JsonValue
from waygrid_shell.cli.mistake import FAILED, OK, UserError
from waygrid_shell.cli.output import complain, write_result
from waygrid_shell.cli.payload_arguments import payloads_of
from waygrid_shell.cli.server import DEFAULTS, ServerOptions, ask, labels_of, write_document
from waygrid_shell.cli.source import STANDARD_INPUT
from waygrid_shell.cli.spec_argument import GivenDag, GivenSpecFile, spec_argument, told_of_problems
from waygrid_shell.cli.traversal_text import outcome_line
from waygrid_shell.client import SpecText, StillRunning, WaygridClient, WaygridError
from waygrid_shell.resources.submission import Accepted, AcceptedBatch

MAX_BATCH: Final = 1_000
MAX_BATCH_BYTES: Final = 1024 * 1024
"""Of the payloads that one request carries; a server takes 4 MiB unless its settings say otherwise."""

_WAITING_AT_ONCE: Final = 32

EXAMPLES: Final = """\
Examples:
  waygrid submit order.yaml --payload '{"id": 7}' --label customer=ada
  waygrid submit order.yaml --payload '{"id": 7}' --wait
  waygrid submit order.yaml --payload orders.jsonl --idempotency-key monday
  id=$(waygrid submit order.yaml) && waygrid watch "$id"
"""


@frozen(kw_only=True)
class Submissions:
    """What is handed in, and how."""

    given: GivenSpecFile | GivenDag
    payloads: Sequence[JsonValue]
    entry: int
    name: str | None
    labels: Mapping[str, str]
    idempotency_key: str
    is_json: bool

    @property
    def spec(self) -> SpecText | None:
        """The text of the Spec."""
        return self.given.text if isinstance(self.given, GivenSpecFile) else None

    @property
    def dag(self) -> str | None:
        """The hash of the DAG."""
        return self.given.hash if isinstance(self.given, GivenDag) else None


def submit(
    spec: Annotated[str, Parameter(help="The Spec, a JSON or YAML file (`-`: standard input), or the hash of a DAG.")],
    /,
    *,
    payload: Annotated[
        list[str] | None,
        Parameter(
            negative="",
            help="A .jsonl file (a payload a line), any other file (one payload), `-` (lines on standard input) or a "
            "JSON text. May be given several times. Default: {}.",
        ),
    ] = None,
    label: Annotated[
        list[str] | None, Parameter(negative="", help="KEY=VALUE, to find it by. May be given several times.")
    ] = None,
    name: Annotated[str | None, Parameter(help="A name, to find it by.")] = None,
    entry: Annotated[int, Parameter(help="The entry point to begin at.")] = 0,
    wait: Annotated[bool, Parameter(negative="", help="Wait for the end, and show the outcome.")] = False,
    idempotency_key: Annotated[
        str | None, Parameter(help="The same key again gives the same traversals, and no new ones.")
    ] = None,
    options: ServerOptions = DEFAULTS,
) -> int:
    """Hand a traversal in, one for each payload. What this prints the id of is kept, and will run to its end.

    Prints the ids, a line each; with --wait a line for each outcome, as it comes. Exits 1 if the server refuses (all
    that is wrong with a Spec is shown), or, with --wait, if one does not complete within --timeout.
    """
    given = spec_argument(spec)
    arguments = ["{}"] if payload is None else payload
    if [spec, *arguments].count(STANDARD_INPUT) > 1:
        raise UserError("only one of SPEC and --payload can be standard input")
    submissions = Submissions(
        given=given,
        payloads=[each.value for each in payloads_of(arguments)],
        entry=entry,
        name=name,
        labels=labels_of("--label", label),
        idempotency_key=idempotency_key or uuid4().hex,
        is_json=options.json,
    )
    if not submissions.payloads:
        complain("waygrid: there are no payloads, so nothing was submitted")
        return OK

    async def work(client: WaygridClient) -> int:
        ids: list[str] = []
        try:
            async for accepted in _submitted(client, submissions):
                ids += _ids(accepted)
                if not wait:
                    _tell(accepted, is_json=options.json)
        except WaygridError:
            if ids:
                complain(
                    f"waygrid: the first {len(ids)} of {len(submissions.payloads)} payloads are accepted; the same "
                    f"command with --idempotency-key {submissions.idempotency_key} goes on with the others"
                )
            raise
        return await _outcomes(client, ids, options.time_limit(), is_json=options.json) if wait else OK

    return ask(options, work)


async def _submitted(client: WaygridClient, wanted: Submissions) -> AsyncIterator[Accepted | AcceptedBatch]:
    """Each answer of the server; a file of payloads is handed in part by part."""
    if len(wanted.payloads) == 1:
        yield await told_of_problems(
            wanted.given,
            lambda: client.submit(
                wanted.spec,
                wanted.payloads[0],
                dag=wanted.dag,
                entry=wanted.entry,
                name=wanted.name,
                labels=wanted.labels,
                idempotency_key=wanted.idempotency_key,
            ),
        )
        return
    for number, part in enumerate(_parts(wanted.payloads), start=1):
        yield await told_of_problems(wanted.given, partial(_submit_part, client, wanted, part, number))


async def _submit_part(
    client: WaygridClient, wanted: Submissions, part: Sequence[JsonValue], number: int
) -> AcceptedBatch:
    return await client.submit_batch(
        wanted.spec,
        part,
        dag=wanted.dag,
        entry=wanted.entry,
        name=wanted.name,
        labels=wanted.labels,
        idempotency_key=f"{wanted.idempotency_key}/{number}",
    )


def _parts(payloads: Sequence[JsonValue]) -> Iterator[Sequence[JsonValue]]:
    """The payloads in requests that a server takes; the same file is parted in the same way each time."""
    part: list[JsonValue] = []
    size = 0
    for payload in payloads:
        its_size = len(write_json(payload))
        if part and (len(part) == MAX_BATCH or size + its_size > MAX_BATCH_BYTES):
            yield part
            part, size = [], 0
        part.append(payload)
        size += its_size
    if part:
        yield part


def _tell(accepted: Accepted | AcceptedBatch, *, is_json: bool) -> None:
    if is_json:
        write_document(accepted)
    else:
        write_result("\n".join(_ids(accepted)))


def _ids(accepted: Accepted | AcceptedBatch) -> Sequence[str]:
    return (accepted.id,) if isinstance(accepted, Accepted) else accepted.ids


async def _outcomes(client: WaygridClient, ids: Sequence[str], limit: timedelta | None, *, is_json: bool) -> int:
    """The outcomes, as they come; the exit code."""
    room = asyncio.Semaphore(_WAITING_AT_ONCE)
    until = None if limit is None else asyncio.get_running_loop().time() + limit.total_seconds()

    async def outcome(traversal_id: str) -> int:
        async with room:
            left = None if until is None else timedelta(seconds=max(until - asyncio.get_running_loop().time(), 0))
            try:
                ended = await client.wait(traversal_id, left)
            except StillRunning as error:
                complain(f"waygrid: {error}")
                return FAILED
        if is_json:
            write_document(ended)
        else:
            write_result(outcome_line(ended))
        return OK if ended.status == "completed" else FAILED

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(outcome(each)) for each in ids]
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from failed
    return max(task.result() for task in tasks)
