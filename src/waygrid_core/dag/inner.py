"""The bodies inside a compiled DAG, each as a compiled DAG of its own."""

from collections.abc import Iterator

from waygrid_core.dag.dag import CompiledDag, Dag, DagAnnotations
from waygrid_core.dag.naming import body_annotations, on_end_annotations
from waygrid_core.dag.node import body_of
from waygrid_core.model.identifiers import DagHash


def compiled_inside(compiled: CompiledDag, dag_hash: DagHash) -> CompiledDag | None:
    """The DAG of that hash, which is this one or inside it, with its own bodies and annotations; None for another.

    Of several places where one body stands it has the annotations of the first.
    """
    if dag_hash == compiled.dag.hash:
        return compiled
    annotations = dict(reversed(_inside(compiled, compiled.dag.hash)))
    if dag_hash not in annotations:
        return None
    bodies = {inner: compiled[inner] for inner, _ in _inside(compiled, dag_hash)}
    return CompiledDag(dag=compiled[dag_hash], bodies=bodies, annotations=annotations[dag_hash])


def _inside(compiled: CompiledDag, start: DagHash) -> list[tuple[DagHash, DagAnnotations]]:
    """What stands inside `start`, directly or deeper, each once for every way in that looks different."""
    outer = compiled.annotations if start == compiled.dag.hash else DagAnnotations()
    found: list[tuple[DagHash, DagAnnotations]] = [(start, outer)]
    seen = {(start, id(outer))}
    for dag_hash, annotations in found:
        for inner, said in _directly_inside(compiled[dag_hash], annotations):
            if (inner, id(said)) not in seen:
                seen.add((inner, id(said)))
                found.append((inner, said))
    return found[1:]


def _directly_inside(dag: Dag, annotations: DagAnnotations) -> Iterator[tuple[DagHash, DagAnnotations]]:
    for node in dag.nodes.values():
        body = body_of(node)
        if body is not None:
            yield body, body_annotations(annotations, node.id)
    if dag.on_end is not None:
        yield dag.on_end, on_end_annotations(annotations)
