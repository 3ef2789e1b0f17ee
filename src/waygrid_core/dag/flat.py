"""The flat JSON of a DAG, out and in: nodes and edges as two lists, bodies by hash.

`docs/reference/flat-dag.md` describes it. `flat_writing`, `flat_reading` and `flat_annotations` do the parts,
`validity` has the checks.
"""

from collections.abc import Mapping
from typing import Final

from waygrid_core.dag.dag import CompiledDag, Dag, DagAnnotations
from waygrid_core.dag.flat_annotations import read_annotations
from waygrid_core.dag.flat_reading import (
    BODY_SHAPE,
    WHOLE_SHAPE,
    body_uses,
    make_dag,
    read_dag,
)
from waygrid_core.dag.flat_writing import write_annotations, write_dag
from waygrid_core.dag.graph import Graph
from waygrid_core.dag.validity import Structure, check_graph
from waygrid_core.extension.registry import NO_EXTENSIONS, Extensions
from waygrid_core.model.identifiers import DagHash
from waygrid_core.model.json_value import JsonValue
from waygrid_core.outcome import Failure, Outcome, Success
from waygrid_core.policy.repeat import NoRepeat
from waygrid_core.spec.limits import DEFAULT_LIMITS, Limits
from waygrid_core.spec.place import ROOT, Place
from waygrid_core.spec.problem import ProblemSink, SpecErrors

_MAIN: Final = DagHash("")
"""Stands for the DAG itself among its bodies, until its hash is known."""


def dag_to_json(compiled: CompiledDag) -> JsonValue:
    """`{hash, entryPoints, nodes, edges, bodies, annotations}` and what else the DAG has; bodies by order of hash."""
    written = write_dag(compiled.dag)
    written["bodies"] = {dag_hash: write_dag(compiled.bodies[dag_hash]) for dag_hash in sorted(compiled.bodies)}
    written["annotations"] = write_annotations(compiled.annotations)
    return written


def dag_from_json(
    document: JsonValue, limits: Limits = DEFAULT_LIMITS, extensions: Extensions = NO_EXTENSIONS
) -> Outcome[CompiledDag, SpecErrors]:
    """The DAG that the flat JSON writes, or everything that is wrong with it.

    Ids of nodes are taken as they are; scopes, digests and hashes are computed. A hash that the document says must be
    the one that its content has; a `hash` may be left out, but a body is named by it. An extension says its version;
    if it is not that of the class that is given, that is a problem which names both.
    """
    problems = ProblemSink()
    graphs = _read_graphs(document, limits, problems, extensions)
    if problems or not isinstance(document, dict):
        return Failure(problems.problems)
    annotations = DagAnnotations()
    if "annotations" in document:
        annotations = read_annotations(document["annotations"], (ROOT, "annotations"), limits, problems)
    structures = {name: check_graph(graph, limits, problems) for name, graph in graphs.items()}
    order = _inside_out(graphs, limits, problems)
    if problems:
        return Failure(problems.problems)
    dags = _make_dags(document, graphs, structures, order, problems)
    if problems:
        return Failure(problems.problems)
    main = dags.pop(_MAIN)
    return Success(CompiledDag(dag=main, bodies=dags, annotations=annotations))


def has_extensions(document: JsonValue) -> bool:
    """Whether the flat JSON may name extensions: each says its type and its version. Data that says both counts too."""
    pending = [document]
    while pending:
        part = pending.pop()
        if isinstance(part, Mapping):
            if "type" in part and "version" in part:
                return True
            pending.extend(part.values())
        elif isinstance(part, list | tuple):
            pending.extend(part)
    return False


def _read_graphs(
    document: JsonValue, limits: Limits, problems: ProblemSink, extensions: Extensions
) -> dict[DagHash, Graph]:
    graphs: dict[DagHash, Graph] = {}
    main = read_dag(document, ROOT, WHOLE_SHAPE, limits, problems, extensions)
    if main is None or not isinstance(document, dict):
        return graphs
    graphs[_MAIN] = main
    bodies = document.get("bodies", {})
    place: Place = (ROOT, "bodies")
    if not isinstance(bodies, dict):
        problems.add(place, "wrong-type", "bodies must be an object of DAGs by hash")
        return graphs
    for name, body in bodies.items():
        graph = read_dag(body, (place, name), BODY_SHAPE, limits, problems, extensions)
        if graph is None:
            continue
        graphs[DagHash(name)] = graph
        if not isinstance(graph.frame.repeat_policy, NoRepeat):
            message = "a body runs once, and so does an onEnd; use a loop, or repeat the whole"
            problems.add(((place, name), "repeatPolicy"), "repeat-in-body", message)
    return graphs


def _inside_out(graphs: Mapping[DagHash, Graph], limits: Limits, problems: ProblemSink) -> list[DagHash]:
    """The DAGs, each after all that it names; reports bodies that are not there, that nest too deep or in a circle."""
    heights: dict[DagHash, int] = {}
    order: list[DagHash] = []
    opened: set[DagHash] = set()
    uses = {name: body_uses(graph) for name, graph in graphs.items()}
    for name, named in uses.items():
        for body, place in named:
            if body not in graphs or body == _MAIN:
                problems.add((place, "dag"), "unknown-dag", f"no DAG among the bodies has the hash {body[:64]!r}")
        uses[name] = [(body, place) for body, place in named if body in graphs and body != _MAIN]
    for start in graphs:
        waiting = [start]
        while waiting:
            name = waiting[-1]
            if name in heights:
                waiting.pop()
                continue
            below = [body for body, _ in uses[name] if body not in heights]
            if below and name in opened:  # what it names is open too: it names itself, however far round
                problems.add(
                    graphs[name].place, "cycle", "this DAG names itself as its body, directly or through others"
                )
                heights[name] = 0
            elif below:
                opened.add(name)
                waiting.extend(below)
            else:
                heights[name] = max((heights[body] + 1 for body, _ in uses[name]), default=0)
                order.append(name)
    if heights.get(_MAIN, 0) > limits.body_nesting:
        problems.add(ROOT, "too-deep", f"bodies nest at most {limits.body_nesting} deep; flatten some of them")
    return order


def _make_dags(
    document: Mapping[str, JsonValue],
    graphs: Mapping[DagHash, Graph],
    structures: Mapping[DagHash, Structure],
    order: list[DagHash],
    problems: ProblemSink,
) -> dict[DagHash, Dag]:
    dags: dict[DagHash, Dag] = {}
    for name in order:
        graph = graphs[name]
        dag = make_dag(graph, structures[name], dags)
        dags[name] = dag
        if name != _MAIN and name != dag.hash:
            message = f"the content of this body has the hash {dag.hash}; name it by that"
            problems.add(graph.place, "conflicting-fields", message)
            continue
        bodies = document.get("bodies")
        written = document if name == _MAIN else bodies[name] if isinstance(bodies, dict) else None
        said = written.get("hash", dag.hash) if isinstance(written, Mapping) else dag.hash
        if said != dag.hash:
            message = f"the content has the hash {dag.hash}; leave out 'hash', or write that"
            problems.add((graph.place, "hash"), "conflicting-fields", message)
    return dags
