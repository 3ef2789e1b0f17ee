"""A traversal run again: a new one, which takes over what the old one has done."""

from typing import Final

from attrs import frozen
from starlette.requests import Request
from starlette.responses import Response

from waygrid_core.dag.dag import CompiledDag
from waygrid_core.dag.naming import names_of
from waygrid_core.dag.node import body_of
from waygrid_core.model.canonical_json import canonical_json
from waygrid_core.model.digest import digest_hex
from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_core.model.json_pointer import write_pointer
from waygrid_core.traversal.state import TraversalState
from waygrid_shell.api.compiling import wanted_dag
from waygrid_shell.api.operation import Answer, Handle, Operation
from waygrid_shell.api.parameters import ID, IDEMPOTENCY_KEY, TRACEPARENT, TRACESTATE, WAIT
from waygrid_shell.api.platform import Platform
from waygrid_shell.api.problems import Refusal
from waygrid_shell.api.respond import idempotency_key, invalid, read_optional_body, traversal_id
from waygrid_shell.api.steering import known_traversal
from waygrid_shell.api.submitting import accepted, trace_of, wait_of
from waygrid_shell.origins.acceptance.items import Wanted
from waygrid_shell.origins.acceptance.naming import OURS, problems_of_labels
from waygrid_shell.ports.journal import Stored
from waygrid_shell.resources.links import TRAVERSALS
from waygrid_shell.resources.submission import Accepted, RetryRequest, SpecError
from waygrid_shell.resources.traversal import TraversalView
from waygrid_shell.services.history.done import Done

RETRY_OF: Final = f"{OURS}retry-of"
"""The label that names the traversal that was retried."""


def operations(platform: Platform) -> tuple[Operation, ...]:
    """What can be run again."""
    return (
        Operation(
            method="POST",
            path=f"{TRAVERSALS}/{{id}}/retry",
            name="retryTraversal",
            tag="traversals",
            summary="Run a traversal again, from the step that failed",
            description="A new traversal of the same payload, of the same Spec or of the one given. What the old one "
            "has done is taken over wherever the same work is given the same, in bodies too. If it went on after a "
            "failure, nothing is, unless `nodes` names what. One that has not ended is not run again: 409.",
            scope="write",
            handle=_retry(platform),
            parameters=(ID, WAIT, IDEMPOTENCY_KEY, TRACEPARENT, TRACESTATE),
            body=RetryRequest,
            is_body_optional=True,
            answers={
                200: Answer(says="It has ended within the time that `wait` gave.", document=TraversalView),
                202: Answer(says="The new traversal is kept, and will run to its end.", document=Accepted),
            },
        ),
    )


def _retry(platform: Platform) -> Handle:
    async def retry_traversal(request: Request) -> Response:
        old, wait = traversal_id(request), wait_of(request)
        wish = await read_optional_body(request, RetryRequest)
        problems = problems_of_labels(wish.labels)
        if problems:
            raise invalid(problems)
        ended = await _ended(platform, old)
        same = wish.spec is None and wish.dag is None
        compiled = ended.compiled if same else await wanted_dag(platform.dag_store, wish.spec, wish.dag)
        _check_entry(compiled, ended.stored.state.entry)
        nodes = None if wish.nodes is None else _named(ended, wish.nodes)
        origin = ended.stored.origin
        kept = {key: value for key, value in origin.labels.items() if not key.startswith(OURS)}
        wanted = Wanted(
            compiled=compiled,
            payload=ended.stored.state.payload,
            entry=ended.stored.state.entry,
            name=origin.name,
            labels={**kept, **wish.labels, RETRY_OF: old},
            known=await Done(platform.journal, ended.compiled, compiled.dag).by(ended.stored, nodes),
            idempotency_key=idempotency_key(request),
            request=digest_hex(canonical_json([old, None if wish.nodes is None else sorted(set(wish.nodes))])),
            trace=trace_of(request),
        )
        (traversal,) = await platform.acceptance.take_in([wanted])
        platform.auditor.granted(request, old, traversal)
        return await accepted(platform, request, traversal, compiled.dag.hash, wait)

    return retry_traversal


@frozen
class _Ended:
    """A traversal that has ended, with the DAG that it ran."""

    stored: Stored
    compiled: CompiledDag


async def _ended(platform: Platform, traversal: TraversalId) -> _Ended:
    """What is to be run again. Raises `Refusal`: 404, or 409 for what cannot be."""
    await known_traversal(platform, traversal)
    stored = (await platform.journal.load([traversal])).get(traversal)
    if stored is None or not stored.state.has_ended:
        raise _refusal("not-ended", "The traversal has not ended", f"{traversal} runs still; wait, or cancel it first")
    if stored.origin.root != traversal:
        said = f"{traversal} is part of {stored.origin.root}; retry that one, and what this one did is taken over"
        raise _refusal("part-of-another", "The traversal is part of another", said)
    dag_hash = stored.origin.dag
    compiled = None if dag_hash is None else await platform.dag_store.get_compiled(dag_hash)
    if compiled is None or not stored.state.has_begun:
        said = f"{traversal} was canceled before it began, so there is nothing to run again; submit it"
        raise _refusal("never-began", "The traversal never began", said)
    return _Ended(stored, compiled)


def _refusal(code: str, title: str, said: str) -> Refusal:
    return Refusal(409, code, title, said)


def _check_entry(compiled: CompiledDag, entry: int) -> None:
    entries = len(compiled.dag.entry_points)
    if entry >= entries:
        said = f"the traversal began at entry point {entry}; this Spec has {entries}, counted from 0"
        raise invalid([SpecError(code="out-of-range", pointer="/spec", message=said)])


def _named(ended: _Ended, names: tuple[str, ...]) -> frozenset[NodeId]:
    """The nodes of these names. Raises `Refusal` (422) with all that are none, or that have done nothing."""
    state, dag = ended.stored.state, ended.compiled.dag
    if not isinstance(state, TraversalState):
        said = "a series is run again as a whole: its runs are its own"
        raise invalid([SpecError(code="conflicting-fields", pointer="/nodes", message=said)])
    by_name: dict[str, set[NodeId]] = {}
    for node_id, name in names_of(dag, ended.compiled.annotations).items():
        by_name.setdefault(name, set()).add(node_id)
    found: set[NodeId] = set()
    problems: list[SpecError] = []
    for index, name in enumerate(names):
        nodes = {NodeId(name)} if name in dag.nodes else by_name.get(name, set())
        done = {node for node in nodes if node in state.completed or _has_begun_body(ended, state, node)}
        found |= done
        if not done:
            said = f"node {name!r} has not succeeded" if nodes else f"the Spec that ran has no node {name[:80]!r}"
            problems.append(SpecError(code="unknown-ref", pointer=write_pointer(("nodes", str(index))), message=said))
    if problems:
        raise invalid(problems)
    return frozenset(found)


def _has_begun_body(ended: _Ended, state: TraversalState, node: NodeId) -> bool:
    return node in state.nodes and body_of(ended.compiled.dag.nodes[node]) is not None
