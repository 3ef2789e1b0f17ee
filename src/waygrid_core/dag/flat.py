"""The flat JSON of a DAG, out and in: nodes and edges as two lists, bodies by hash.

`docs/reference/flat-dag.md` describes it. `flat_writing` and `flat_reading` do the parts.
"""

from waygrid_core.dag.dag import CompiledDag
from waygrid_core.dag.flat_writing import write_annotations, write_dag
from waygrid_core.model.json_value import JsonValue


def dag_to_json(compiled: CompiledDag) -> JsonValue:
    """`{hash, entryPoints, nodes, edges, bodies, annotations}` and what else the DAG has; bodies by order of hash."""
    written = write_dag(compiled.dag)
    written["bodies"] = {dag_hash: write_dag(compiled.bodies[dag_hash]) for dag_hash in sorted(compiled.bodies)}
    written["annotations"] = write_annotations(compiled.annotations)
    return written
