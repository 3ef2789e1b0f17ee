"""Bodies that are named by hash: they are known, they do not repeat, and they do not nest too deep."""

from collections.abc import Mapping

from waygrid_core.compile.draft import Draft
from waygrid_core.dag.dag import CompiledDag, Dag
from waygrid_core.dag.node import body_of
from waygrid_core.model.identifiers import DagHash
from waygrid_core.policy.repeat import NoRepeat
from waygrid_core.spec.limits import Limits
from waygrid_core.spec.node import DagBody
from waygrid_core.spec.problem import ProblemSink


class Heights:
    """How deep the bodies of a DAG nest: 0 without any. Each DAG is looked into once."""

    def __init__(self) -> None:
        self._known: dict[DagHash, int] = {}

    def of(self, compiled: CompiledDag) -> int:
        """The height of one compiled DAG, its onEnd counted as a body."""
        known = self._known
        waiting = [compiled.dag.hash]
        while waiting:
            dag_hash = waiting[-1]
            if dag_hash in known:
                waiting.pop()
                continue
            # A body that came without its DAG counts as one without bodies.
            dag = compiled.dag if dag_hash == compiled.dag.hash else compiled.bodies.get(dag_hash)
            below = () if dag is None else bodies_of(dag)
            unknown = [inner for inner in below if inner not in known]
            if unknown:
                waiting.extend(unknown)
            else:
                known[dag_hash] = max((known[inner] + 1 for inner in below), default=0)
        return known[compiled.dag.hash]


def bodies_of(dag: Dag) -> tuple[DagHash, ...]:
    """The bodies that the nodes of a DAG name, and its onEnd."""
    bodies = [body for node in dag.nodes.values() if (body := body_of(node)) is not None]
    if dag.on_end is not None:
        bodies.append(dag.on_end)
    return tuple(dict.fromkeys(bodies))


def check_named_bodies(
    draft: Draft, dags: Mapping[DagHash, CompiledDag], heights: Heights, limits: Limits, problems: ProblemSink
) -> None:
    """Report every body by hash that cannot be used."""
    for use in draft.bodies:
        if not isinstance(use.body, DagBody):
            continue
        compiled = dags.get(use.body.dag)
        if compiled is None:
            message = f"no DAG with the hash {use.body.dag[:64]!r} was given; compile it first, or write the body here"
            problems.add((use.place, "dag"), "unknown-dag", message)
        elif not isinstance(compiled.dag.repeat_policy, NoRepeat):
            message = "the DAG of that hash has a repeat policy; a body runs once, and so does an onEnd: use a loop"
            problems.add((use.place, "dag"), "repeat-in-body", message)
        elif draft.depth + 1 + heights.of(compiled) > limits.body_nesting:
            message = (
                f"with the bodies of that DAG, bodies nest deeper than {limits.body_nesting}; flatten some of them"
            )
            problems.add((use.place, "dag"), "too-deep", message)
