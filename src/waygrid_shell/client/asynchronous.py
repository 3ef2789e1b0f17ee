"""`WaygridClient`: a Waygrid server, for programs that await."""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from types import TracebackType
from typing import Final, Self, TypeVar
from urllib.parse import quote

from waygrid_core.codec.json_bytes import write_json
from waygrid_core.model.duration import write_duration
from waygrid_core.model.json_value import JsonValue
from waygrid_shell.client.connection import Ask, Connection
from waygrid_shell.client.errors import BadAnswer, NotFound, StillRunning, TraversalFailed
from waygrid_shell.client.given_spec import GivenSpec, spec_body, spec_document
from waygrid_shell.client.live import Told, watch_traversal
from waygrid_shell.client.requests import (
    chosen_spec,
    given,
    instant_text,
    path_part,
    request_headers,
    submission_json,
    traversal_path,
)
from waygrid_shell.resources.document import to_json
from waygrid_shell.resources.history import History, HistoryEntry, Imported
from waygrid_shell.resources.platform import DeadLetterPage, DeadLetterView, Health, Moved
from waygrid_shell.resources.principals import (
    AuditPage,
    AuditView,
    MadePrincipal,
    NewPrincipal,
    PrincipalList,
    PrincipalView,
    RemovedPrincipal,
    ScopeName,
)
from waygrid_shell.resources.processes import ProcessList, ProcessView
from waygrid_shell.resources.submission import (
    Accepted,
    AcceptedBatch,
    Batch,
    CancelRequest,
    EventSent,
    RetryRequest,
    SignalSent,
    SignalToSend,
    SpecVerdict,
)
from waygrid_shell.resources.traversal import ENDED, Status, TraversalPage, TraversalSummary, TraversalView

T = TypeVar("T")
_Page = TypeVar("_Page", TraversalPage, History, DeadLetterPage, AuditPage)

DEFAULT_SERVER: Final = "http://127.0.0.1:8400"
"""Where `waygrid dev` listens."""

_ASKED_WAIT: Final = timedelta(seconds=20)
"""How long a server is asked to keep a submission waiting for its end; whoever waits longer watches it."""


class WaygridClient:
    """A Waygrid server. Used as `async with WaygridClient() as client:`, from one event loop.

    - `server` is its URL: by default `WAYGRID_SERVER`, or else where `waygrid dev` listens. `key` is an API key, by
      default `WAYGRID_KEY`.
    - Every call tries for `timeout` in all: it repeats what was answered 429, 502, 503 or 504 or not at all, as the
      server's `Retry-After` says, or else after growing, random delays. Whatever changes something carries an
      idempotency key, made for the call if you give none, so that what is repeated is done once.
    - A server where nobody listens, and nobody did before, is given up after `first_contact`.
    - All methods raise `WaygridError`; `ValueError` for arguments that cannot be right.
    """

    def __init__(
        self,
        server: str | None = None,
        key: str | None = None,
        *,
        timeout: timedelta = timedelta(seconds=30),
        first_contact: timedelta = timedelta(seconds=5),
    ) -> None:
        self._connection = Connection(
            server if server is not None else os.environ.get("WAYGRID_SERVER") or DEFAULT_SERVER,
            key if key is not None else os.environ.get("WAYGRID_KEY") or None,
            timeout,
            first_contact,
        )

    @property
    def server(self) -> str:
        """Its URL."""
        return self._connection.server

    async def __aenter__(self) -> Self:
        await self._connection.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._connection.__aexit__(kind, error, traceback)

    async def submit(
        self,
        spec: GivenSpec | None = None,
        payload: JsonValue = None,
        *,
        dag: str | None = None,
        entry: int = 0,
        name: str | None = None,
        labels: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
        traceparent: str | None = None,
    ) -> Accepted:
        """Hand a traversal in, of a Spec or of a stored DAG. What this gives an answer to is kept, and will run.

        A payload of None is `{}`. With an `idempotency_key` of yours you may call again, in another process too, and
        get the same traversal; the server remembers it for some days. `traceparent` (W3C) makes it part of a trace.
        """
        return await self._document(
            "POST",
            "/v1/traversals",
            Accepted,
            body=submission_json(spec, dag, payload, entry, name, labels),
            headers=request_headers(idempotency_key, traceparent),
        )

    async def submit_batch(
        self,
        spec: GivenSpec | None = None,
        payloads: Sequence[JsonValue] = (),
        *,
        dag: str | None = None,
        entry: int = 0,
        name: str | None = None,
        labels: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> AcceptedBatch:
        """Hand in one traversal for each payload: all of them are kept, or none."""
        batch = Batch(
            spec=chosen_spec(spec, dag),
            dag=dag,
            payloads=tuple(payloads),
            entry=entry,
            name=name,
            labels=labels or {},
        )
        return await self._document(
            "POST",
            "/v1/traversals/batch",
            AcceptedBatch,
            body=to_json(batch),
            headers=request_headers(idempotency_key),
        )

    async def run(
        self,
        spec: GivenSpec | None = None,
        payload: JsonValue = None,
        *,
        dag: str | None = None,
        entry: int = 0,
        name: str | None = None,
        labels: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
        timeout: timedelta | None = None,
    ) -> TraversalView:
        """Hand a traversal in and wait for its end. Raises `StillRunning` if it has not ended within `timeout`."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        waits = _ASKED_WAIT if timeout is None else min(timeout, _ASKED_WAIT)
        answer = await self._connection.answer(
            Ask(
                method="POST",
                path="/v1/traversals",
                query=(("wait", write_duration(waits)),) if waits > timedelta(0) else (),
                body=write_json(submission_json(spec, dag, payload, entry, name, labels)),
                headers=request_headers(idempotency_key),
                waits=waits,
            )
        )
        if answer.status == 200:
            view = self._connection.read(answer.body, TraversalView)
            if view.status in ENDED:
                return view
            traversal_id = view.id
        else:
            traversal_id = self._connection.read(answer.body, Accepted).id
        if timeout is None:
            return await self.wait(traversal_id)
        spent = loop.time() - began
        try:
            return await self.wait(traversal_id, max(timeout - timedelta(seconds=spent), timedelta(0)))
        except StillRunning as error:
            raise StillRunning(traversal_id, timeout.total_seconds()) from error

    async def get(self, traversal_id: str, *, at: int | None = None) -> TraversalView:
        """A traversal as it is; with `at`, as it was after its version `at`."""
        query = () if at is None else (("at", str(at)),)
        return await self._document("GET", traversal_path(traversal_id), TraversalView, query=query)

    async def wait(self, traversal_id: str, timeout: timedelta | None = None) -> TraversalView:
        """How a traversal ended, once it has. Raises `StillRunning` if it has not within `timeout`; it goes on."""
        async with aclosing(self.watch(traversal_id, timeout)) as story:
            async for told in story:
                if isinstance(told, TraversalView) and told.status in ENDED:
                    return told
        raise AssertionError("the story of a traversal ends with its end")

    async def result(self, traversal_id: str, timeout: timedelta | None = None) -> JsonValue:
        """The output of a traversal, once it has completed. Raises `TraversalFailed` if it ended in another way."""
        ended = await self.wait(traversal_id, timeout)
        if ended.status != "completed":
            raise TraversalFailed(ended)
        return ended.output

    async def list(
        self,
        *,
        status: Status | Sequence[Status] = (),
        labels: Mapping[str, str] | None = None,
        name: str | None = None,
        dag: str | None = None,
        begun_from: datetime | None = None,
        begun_before: datetime | None = None,
        children: bool = False,
        page_size: int = 100,
    ) -> AsyncGenerator[TraversalSummary, None]:
        """The traversals that are as all of these say, the newest first; page after page, for as long as you ask.

        `children`: also those that calls, eaches and loops started.
        """
        query: tuple[tuple[str, str], ...] = tuple(
            ("status", each) for each in ((status,) if isinstance(status, str) else status)
        )
        query += tuple(("label", f"{key}:{value}") for key, value in (labels or {}).items())
        query += given(
            name=name,
            dag=dag,
            begunFrom=instant_text(begun_from),
            begunBefore=instant_text(begun_before),
            children="true" if children else None,
            limit=str(page_size),
        )
        async for page in self._pages("/v1/traversals", TraversalPage, query):
            for summary in page.items:
                yield summary

    async def history(self, traversal_id: str, *, children: bool = False) -> AsyncGenerator[HistoryEntry, None]:
        """What happened to a traversal, decision by decision; with `children`, to those below it too."""
        query = (("children", "true"),) if children else ()
        async for page in self._pages(traversal_path(traversal_id, "history"), History, query):
            for entry in page.entries:
                yield entry

    async def export_journal(self, traversal_id: str) -> JsonValue:
        """The journal of a traversal and of all that it began, as one document; `import_journal` takes it in."""
        answer = await self._connection.answer(Ask(method="GET", path=traversal_path(traversal_id, "journal")))
        return self._connection.json(answer.body)

    async def save_journal(self, traversal_id: str, sink: Callable[[bytes], object]) -> None:
        """Give `sink` the same as JSON text, piece by piece, however long it is. Raises what `export_journal` does.

        If it raises after a piece was given the text is not whole: throw it away, and ask again.
        """
        await self._connection.answer(Ask(method="GET", path=traversal_path(traversal_id, "journal"), sink=sink))

    async def import_journal(self, journal: JsonValue) -> Imported:
        """Take an exported journal in, to be looked at there. Raises `Refused` if it cannot be."""
        return await self._document("POST", "/v1/journals", Imported, body=journal)

    async def watch(self, traversal_id: str, timeout: timedelta | None = None) -> AsyncGenerator[Told, None]:
        """What happens to a traversal from now on: first a TraversalView of how it is, then each Change and each
        Progress of a handler, and at last a TraversalView of how it ended.

        A connection that breaks is made again, and the story goes on after what was told. A Progress that comes
        meanwhile is missed. Raises `StillRunning` if it has not ended within `timeout`; it goes on.
        """
        loop = asyncio.get_running_loop()
        until = None if timeout is None else loop.time() + timeout.total_seconds()
        async with aclosing(watch_traversal(self._connection, traversal_path(traversal_id, "live"))) as story:
            while True:
                try:
                    async with asyncio.timeout_at(until) as limit:
                        told = await anext(story)
                except StopAsyncIteration:
                    return
                except TimeoutError as error:
                    if timeout is None or not limit.expired():
                        raise
                    raise StillRunning(traversal_id, timeout.total_seconds()) from error
                yield told

    async def cancel(self, traversal_id: str, reason: str | None = None) -> None:
        """Have a traversal canceled. Raises `ProblemAnswer` (409) for one that has ended."""
        await self._post(traversal_path(traversal_id, "cancel"), to_json(CancelRequest(reason=reason)))

    async def pause(self, traversal_id: str) -> None:
        """Have a traversal held: what comes for it waits until `resume`. Its children go on."""
        await self._post(traversal_path(traversal_id, "pause"))

    async def resume(self, traversal_id: str) -> None:
        """Let a paused traversal go on."""
        await self._post(traversal_path(traversal_id, "resume"))

    async def retry(
        self,
        traversal_id: str,
        *,
        spec: GivenSpec | None = None,
        dag: str | None = None,
        nodes: Sequence[str] | None = None,
        labels: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> Accepted:
        """Begin a new traversal with the payload of one that has ended, taking over what that has done.

        Of the same Spec, or of a corrected one. `nodes` names what to take over, by ids of nodes; None: all that may
        be; none: do it all again.
        """
        if spec is not None and dag is not None:
            raise ValueError("give a spec or a dag, not both")
        request = RetryRequest(
            spec=None if spec is None else spec_document(spec),
            dag=dag,
            nodes=None if nodes is None else tuple(nodes),
            labels=labels or {},
        )
        return await self._document(
            "POST",
            traversal_path(traversal_id, "retry"),
            Accepted,
            body=to_json(request),
            headers=request_headers(idempotency_key),
        )

    async def send_event(
        self,
        event: str,
        data: JsonValue = None,
        *,
        traversal: str | None = None,
        key: str | None = None,
        idempotency_key: str | None = None,
    ) -> EventSent:
        """Send an event to those that await it: of one traversal, or of one key. It is kept if nobody does yet.

        Data of None is `{}`.
        """
        if (traversal is None) == (key is None):
            raise ValueError("say for whom the event is: give a traversal, or a key")
        if traversal is not None:
            path = f"{traversal_path(traversal, 'events')}/{quote(event, safe='')}"
        else:
            path = f"/v1/events/{quote(event, safe='')}"
        return await self._document(
            "POST",
            path,
            EventSent,
            query=given(key=key),
            body={} if data is None else data,
            headers=request_headers(idempotency_key),
        )

    async def tell(
        self, traversal_id: str, kind: str, data: JsonValue = None, *, idempotency_key: str | None = None
    ) -> SignalSent:
        """Tell a traversal something in the words of its Spec: `kind` is the type of one of its `signals`.

        Data of None is `{}`. Raises `NotFound` for a type that its Spec does not have, `ProblemAnswer` (409) for a
        traversal that has ended.
        """
        return await self._document(
            "POST",
            traversal_path(traversal_id, "signals"),
            SignalSent,
            body=to_json(SignalToSend(type=kind, data={} if data is None else data)),
            headers=request_headers(idempotency_key),
        )

    async def dag(self, dag: str) -> JsonValue:
        """The flat JSON of a stored DAG, as `waygrid compile` prints it."""
        answer = await self._connection.answer(Ask(method="GET", path=f"/v1/dags/{path_part(dag)}"))
        return self._connection.json(answer.body)

    async def validate(self, spec: GivenSpec, *, verify: bool = False) -> SpecVerdict:
        """Whether a Spec is right, and everything that is wrong with it. Nothing is kept.

        `verify`: go through its runs too, and say what can go wrong in any of them.
        """
        return await self._spec("/v1/specs/validate", spec, given(verify="true" if verify else None))

    async def store(self, spec: GivenSpec) -> SpecVerdict:
        """Keep a Spec: from then on traversals can be handed in by the hash of its DAG. Raises `SpecRefused`."""
        return await self._spec("/v1/specs", spec)

    async def dead_letters(self, *, page_size: int = 100) -> AsyncGenerator[DeadLetterView, None]:
        """The messages that nobody could handle, the oldest first."""
        async for page in self._pages("/v1/dead-letters", DeadLetterPage, (("limit", str(page_size)),)):
            for letter in page.items:
                yield letter

    async def dead_letter(self, letter_id: int) -> DeadLetterView:
        """One of them."""
        return await self._document("GET", f"/v1/dead-letters/{letter_id}", DeadLetterView)

    async def redrive(self, letter_id: int | None = None) -> int:
        """Send a dead letter, or all of them, to where it came from, to be handled again; how many were."""
        path = "/v1/dead-letters/redrive" if letter_id is None else f"/v1/dead-letters/{letter_id}/redrive"
        return (await self._document("POST", path, Moved)).count

    async def discard(self, letter_id: int) -> None:
        """Remove a dead letter for good."""
        try:
            await self._connection.answer(Ask(method="DELETE", path=f"/v1/dead-letters/{letter_id}"))
        except NotFound as error:
            if not error.was_repeated:
                raise  # else an earlier try removed it, and its answer was lost

    async def principals(self) -> Sequence[PrincipalView]:
        """Who has an API key, by name; those of the server's settings too."""
        return (await self._document("GET", "/v1/principals", PrincipalList)).items

    async def add_principal(
        self, name: str, scopes: Sequence[ScopeName], *, expires_in: timedelta | None = None
    ) -> MadePrincipal:
        """Give somebody an API key, which the answer has, this once. Raises `ProblemAnswer` (409) for a name in use.

        So it may also if an answer was lost on its way: then remove the principal, and add it again.
        """
        lasts = None if expires_in is None else write_duration(expires_in)
        wanted = NewPrincipal(name=name, scopes=tuple(scopes), expires_in=lasts)
        return await self._document("POST", "/v1/principals", MadePrincipal, body=to_json(wanted))

    async def remove_principal(self, name: str) -> bool:
        """Take somebody's API key away; whether it was the last one, so that no request needs a key from now on."""
        try:
            removed = await self._document("DELETE", f"/v1/principals/{quote(name, safe='/')}", RemovedPrincipal)
        except NotFound as error:
            if not error.was_repeated:
                raise
            return False  # an earlier try removed it, and its answer was lost
        return removed.opens_doors

    async def audit(
        self, *, principal: str | None = None, subject: str | None = None, page_size: int = 100
    ) -> AsyncGenerator[AuditView, None]:
        """Who asked for what to be changed, the newest first: by that principal, about that subject."""
        query = given(principal=principal, subject=subject, limit=str(page_size))
        async for page in self._pages("/v1/audit", AuditPage, query):
            for entry in page.items:
                yield entry

    async def health(self) -> Health:
        """Whether the server can serve, and if not, why."""
        ask = Ask(method="GET", path="/health/ready", answers_with_503=True)
        return await self._connection.document(ask, Health)

    async def processes(self) -> tuple[ProcessView, ...]:
        """The processes of the platform that run, with what they serve and what ails them."""
        return (await self._document("GET", "/v1/processes", ProcessList)).items

    async def _document(
        self,
        method: str,
        path: str,
        kind: type[T],
        *,
        query: Sequence[tuple[str, str]] = (),
        body: JsonValue = None,
        headers: Mapping[str, str] | None = None,
    ) -> T:
        ask = Ask(
            method=method,
            path=path,
            query=tuple(query),
            body=None if body is None else write_json(body),
            headers=headers or {},
        )
        return await self._connection.document(ask, kind)

    async def _spec(self, path: str, spec: GivenSpec, query: tuple[tuple[str, str], ...] = ()) -> SpecVerdict:
        body, media_type = spec_body(spec)
        ask = Ask(method="POST", path=path, query=query, body=body, media_type=media_type)
        return await self._connection.document(ask, SpecVerdict)

    async def _post(self, path: str, body: JsonValue = None) -> None:
        await self._connection.answer(Ask(method="POST", path=path, body=None if body is None else write_json(body)))

    async def _pages(self, path: str, kind: type[_Page], query: tuple[tuple[str, str], ...]) -> AsyncIterator[_Page]:
        following: str | None = path
        while following is not None:
            page = await self._document("GET", following, kind, query=query)
            yield page
            following, query = page.next, ()
            if following is not None and not following.startswith("/"):
                raise BadAnswer(self.server, f"says that the next page is at {following[:80]!r}, which is no path")
