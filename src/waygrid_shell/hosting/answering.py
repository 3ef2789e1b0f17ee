"""From a request for an attempt to its answer: secrets, the attempt as its handler sees it, and what came of it.

The attempt is the current one meanwhile: of what the handler logs, of the spans that it makes, of what it sends.
"""

import asyncio
import threading
from contextlib import nullcontext
from functools import partial

from waygrid_core.envelope.stamps import Trace
from waygrid_core.message.messages import NodeTraversalFailed, NodeTraversalRequested, NodeTraversalSucceeded
from waygrid_core.model.address import ServiceAddress
from waygrid_core.model.digest import short_digest
from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.template.template import SecretReference
from waygrid_core.traversal.error import ErrorDetail
from waygrid_shell.hosting.attempt import Attempt
from waygrid_shell.hosting.handler import Served
from waygrid_shell.hosting.json_data import copied, why_no_json
from waygrid_shell.hosting.making import fit_to_keep, make, reveal_all
from waygrid_shell.ports.live_feed import LiveFeed, Progress
from waygrid_shell.ports.secret_vault import SecretVault
from waygrid_shell.telemetry.current import CURRENT_ATTEMPT, CurrentAttempt
from waygrid_shell.telemetry.secrets_at_hand import secrets_kept_out
from waygrid_shell.telemetry.tracing import Tracing


class Answering:
    """Answers requests with one handler."""

    def __init__(
        self, address: ServiceAddress, served: Served, vault: SecretVault, live_feed: LiveFeed | None, tracing: Tracing
    ) -> None:
        self._address = address
        self._served = served
        self._vault = vault
        self._feed = live_feed
        self._tracing = tracing

    async def answer(
        self, request: NodeTraversalRequested, key: str, trace: Trace | None
    ) -> NodeTraversalSucceeded | NodeTraversalFailed:
        """The answer; `trace` is the context that the request came in. Raises nothing but cancellation."""
        current = CurrentAttempt(request.traversal, request.node, request.attempt, self._address, trace)
        CURRENT_ATTEMPT.set(current)  # the context is the attempt's own
        if self._tracing.is_on:
            with self._tracing.attempt(current) as span:
                made = await self._make(request, key)
                if isinstance(made, ErrorDetail):
                    span.failed(made)
        else:
            made = await self._make(request, key)
        if isinstance(made, ErrorDetail):
            return NodeTraversalFailed(request.traversal, request.node, request.attempt, made)
        return NodeTraversalSucceeded(request.traversal, request.node, request.attempt, made)

    async def _make(self, request: NodeTraversalRequested, key: str) -> JsonValue | ErrorDetail:
        parameters = await reveal_all(request.parameters, self._vault)
        if isinstance(parameters, ErrorDetail):
            return parameters
        attempt = Attempt(
            address=self._address,
            traversal=request.traversal,
            node=request.node,
            attempt=request.attempt,
            input=copied(request.input),
            parameters=parameters,
            idempotency_key=idempotency_key(request.traversal, request.node),
            attempt_key=key,
            tell=partial(self._tell, request, asyncio.get_running_loop(), threading.get_ident()),
        )
        given = request.parameters
        secrets = {name: str(parameters[name]) for name in given if isinstance(given[name], SecretReference)}
        with secrets_kept_out(secrets.values()) if secrets else nullcontext():
            made = await make(self._served, attempt)
        return fit_to_keep(made, secrets) if isinstance(made, ErrorDetail) else made

    def _tell(
        self, request: NodeTraversalRequested, loop: asyncio.AbstractEventLoop, thread: int, data: JsonValue
    ) -> None:
        """May be called in any thread; `thread` is that of the feed and its `loop`."""
        problem = why_no_json(data)
        if problem is not None:
            raise ValueError(f"what an attempt tells is not JSON: {problem}")
        if self._feed is None:
            return
        progress = Progress(
            traversal=request.traversal,
            root=request.root,
            node=request.node,
            attempt=request.attempt,
            data=copied(data),
        )
        if threading.get_ident() == thread:
            self._feed.tell([progress])
        elif not loop.is_closed():
            loop.call_soon_threadsafe(self._feed.tell, [progress])


def idempotency_key(traversal: TraversalId, node: NodeId) -> str:
    """What all attempts at one node of one traversal share: 32 hex digits."""
    return short_digest(f"{traversal}/{node}".encode())
