"""What is said to a traversal in the words of its Spec: its `signals`, by type."""

import secrets
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from waygrid_core.children.plan import EachPlan, LoopPlan, SeriesPlan, dag_named_in
from waygrid_core.message.identity import told_id
from waygrid_core.message.messages import TraversalTold
from waygrid_core.model.address import WAYSTATION
from waygrid_core.model.digest import short_digest
from waygrid_core.model.identifiers import TraversalId
from waygrid_shell.api.operation import Answer, Operation
from waygrid_shell.api.parameters import ID, IDEMPOTENCY_KEY
from waygrid_shell.api.platform import Platform
from waygrid_shell.api.problems import Refusal
from waygrid_shell.api.respond import check_data, idempotency_key, read_body, respond, traversal_id
from waygrid_shell.api.steering import known_traversal, refuse_if_ended
from waygrid_shell.hosting.post import seal
from waygrid_shell.origins.acceptance.items import HTTP_ORIGIN
from waygrid_shell.ports.failure import UnreadableDag
from waygrid_shell.ports.journal import Summary
from waygrid_shell.resources.links import TRAVERSALS, links_of
from waygrid_shell.resources.submission import SignalSent, SignalToSend

_SAYS: Final = (
    "What it means is for the Spec's signal of that type to say. It is heard after all that came before it, and once, "
    "however often it comes with one Idempotency-Key. A type that the Spec does not have is refused (404), and so is "
    "one that has ended (409). One that repeats has runs, and they are told."
)


def operations(platform: Platform) -> tuple[Operation, ...]:
    """The one way of saying it."""

    async def tell(request: Request) -> Response:
        traversal, key = traversal_id(request), idempotency_key(request)
        signal = await read_body(request, SignalToSend)
        check_data(signal.data, "/data")
        summary = await known_traversal(platform, traversal)
        if summary is not None:
            refuse_if_ended(summary)
            await _refuse_unknown(platform, summary, signal.type)
        signal_id = secrets.token_hex(16) if key is None else short_digest(f"{traversal}/{key}".encode())
        record = seal(
            WAYSTATION,
            TraversalTold(traversal, signal_id, signal.type, signal.data),
            told_id(traversal, signal_id),
            sender=HTTP_ORIGIN,
            sent_at=platform.clock.now(),
        )
        await platform.event_log.publish([record])
        return respond(SignalSent(id=signal_id, type=signal.type, links=links_of(traversal)), 202)

    return (
        Operation(
            method="POST",
            path=f"{TRAVERSALS}/{{id}}/signals",
            name="tellTraversal",
            tag="traversals",
            summary="Tell a traversal something in the words of its Spec",
            description=_SAYS,
            scope="write",
            handle=tell,
            parameters=(ID, IDEMPOTENCY_KEY),
            body=SignalToSend,
            answers={202: Answer(says="It is kept, and will be heard.", document=SignalSent)},
        ),
    )


async def _refuse_unknown(platform: Platform, summary: Summary, kind: str) -> None:
    """Raises `Refusal` for what the traversal would not hear. Where nobody has its DAG, the waystation decides."""
    plan = summary.origin.plan
    if isinstance(plan, SeriesPlan | LoopPlan):
        raise _is_series(summary.traversal)
    names = await _names_of_signals(platform, summary)
    if names is not None and kind not in names:
        known = f"it has {', '.join(names)}" if names else "it has none"
        detail = f"the Spec of traversal {summary.traversal} has no signal of type {kind[:64]!r}; {known}"
        raise Refusal(404, "unknown-signal", "The Spec has no such signal", detail)


async def _names_of_signals(platform: Platform, summary: Summary) -> tuple[str, ...] | None:
    plan = summary.origin.plan
    if plan is None or isinstance(plan, EachPlan):  # nobody has written what an each runs
        return ()
    try:
        dag = await platform.dag_store.get(dag_named_in(plan))
    except UnreadableDag:
        return None
    return None if dag is None else tuple(signal.name for signal in dag.signals)


def _is_series(traversal: TraversalId) -> Refusal:
    detail = f"traversal {traversal} repeats; tell its run under way, which `waygrid show {traversal}` names"
    return Refusal(409, "is-series", "It is a series of traversals", detail)
