"""From a Spec to a DAG: pure, linear in the size of the Spec, and without recursion over its nodes.

A Spec is a tree with references; a DAG is a flat graph with scopes. Reading order:

1. `pipeline`: the passes on one page, and the ways in.
2. `draft`: what the passes hand on. `flatten` writes it: one vertex a node, one edge a member.
3. `references`, `pair_joins`, `cycles`, `scopes`, `pointers`, `bodies`, `guarantees`, `sizes`: one kind of fault each.
   A pass that reports a fault cuts the edge, or marks the part, that has it: no later pass reports it again.
4. `identify`: the id of each node. `build`: the DAG itself, which `waygrid_core.dag` seals with its hash.
"""
