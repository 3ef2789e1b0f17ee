"""`waygrid retry`: runs traversals again, taking over what they did."""

from collections.abc import Collection, Mapping
from typing import Annotated, Final

from cyclopts import Parameter

from waygrid_core.model.json_value import JsonValue
from waygrid_shell.cli.mistake import FAILED, OK, UserError
from waygrid_shell.cli.output import write_result
from waygrid_shell.cli.server import DEFAULTS, ServerOptions, ask, labels_of, write_document
from waygrid_shell.cli.spec_argument import GivenDag, GivenSpecFile, spec_argument, told_of_problems
from waygrid_shell.cli.traversal_text import outcome_line
from waygrid_shell.client import WaygridClient

EXAMPLES: Final = """\
Examples:
  waygrid retry 01JABCDEFGHJKMNPQRSTVWXYZ0
  waygrid retry 01JABCDEFGHJKMNPQRSTVWXYZ0 --spec order-corrected.yaml --wait
  waygrid retry 01JABCDEFGHJKMNPQRSTVWXYZ0 --from-node payment
  waygrid retry 01JABCDEFGHJKMNPQRSTVWXYZ0 --afresh
"""


def retry(
    traversal: Annotated[str, Parameter(name="ID", help="The traversal; it must have ended.")],
    /,
    *,
    spec: Annotated[
        str | None, Parameter(help="A corrected Spec, a JSON or YAML file, or the hash of a DAG. Default: the same.")
    ] = None,
    from_node: Annotated[
        list[str] | None,
        Parameter(
            negative="",
            help="Do that node again, and all that came after it; take over the rest. May be given several times.",
        ),
    ] = None,
    afresh: Annotated[bool, Parameter(negative="", help="Take nothing over: do everything again.")] = False,
    label: Annotated[list[str] | None, Parameter(negative="", help="One more label, KEY=VALUE.")] = None,
    wait: Annotated[bool, Parameter(negative="", help="Wait for the end, and show the outcome.")] = False,
    idempotency_key: Annotated[str | None, Parameter(help="The same key again gives the same new traversal.")] = None,
    options: ServerOptions = DEFAULTS,
) -> int:
    """Begin a new traversal with the payload of one that has ended, and with what that has done already.

    What succeeded, with the same input and the same Spec before it, is taken over and not done again: so this goes on
    at what failed, or, with a corrected Spec, where that differs. If a failure was handled (by an onFailure, say),
    nothing is taken over unless you name nodes. Prints the id of the new traversal.
    """
    if afresh and from_node:
        raise UserError("write --from-node or --afresh, not both")
    given = None if spec is None else spec_argument(spec)
    labels = labels_of("--label", label)

    async def work(client: WaygridClient) -> int:
        nodes = () if afresh else await _taken_over(client, traversal, from_node) if from_node else None

        async def asked() -> str:
            accepted = await client.retry(
                traversal,
                spec=given.text if isinstance(given, GivenSpecFile) else None,
                dag=given.hash if isinstance(given, GivenDag) else None,
                nodes=nodes,
                labels=labels,
                idempotency_key=idempotency_key,
            )
            if options.json and not wait:
                write_document(accepted)
            elif not wait:
                write_result(accepted.id)
            return accepted.id

        begun = await (asked() if given is None else told_of_problems(given, asked))
        if not wait:
            return OK
        ended = await client.wait(begun, options.time_limit())
        if options.json:
            write_document(ended)
        else:
            write_result(outcome_line(ended))
        return OK if ended.status == "completed" else FAILED

    return ask(options, work)


async def _taken_over(client: WaygridClient, traversal: str, again: Collection[str]) -> tuple[str, ...]:
    """What was done, but for the nodes to be done again and what comes after them. Raises `UserError`.

    A call that did not succeed is named too: what its body did is taken over.
    """
    view = await client.get(traversal)
    named = {node.id for node in view.nodes if node.name in again or node.id in again}
    missing = sorted(set(again) - {node.name for node in view.nodes} - {node.id for node in view.nodes})
    if missing:
        known = ", ".join(node.name for node in view.nodes)
        raise UserError(f"--from-node {missing[0]}: {traversal} has no such node; it has {known}", FAILED)
    assert view.dag is not None, "a traversal with nodes has a DAG"
    afterwards = _reached_from(named, await client.dag(view.dag))
    done = [node for node in view.nodes if node.status == "succeeded" or node.child is not None]
    return tuple(node.id for node in done if node.id not in afterwards)


def _reached_from(nodes: Collection[str], flat: JsonValue) -> set[str]:
    """These nodes and all that come after them, by the edges of a flat DAG."""
    edges = flat.get("edges") if isinstance(flat, Mapping) else None
    following: dict[str, list[str]] = {}
    for edge in edges if isinstance(edges, list) else []:
        if isinstance(edge, Mapping):
            following.setdefault(str(edge.get("from")), []).append(str(edge.get("to")))
    reached, pending = set(nodes), list(nodes)
    while pending:
        for node in following.get(pending.pop(), []):
            if node not in reached:
                reached.add(node)
                pending.append(node)
    return reached
