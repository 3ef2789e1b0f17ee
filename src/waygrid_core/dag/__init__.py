"""The graph that a Spec compiles to: structure, policy and parameters, and nothing that is only for people.

Reading order:

1. `node` (the kinds of nodes and where their tokens go), `edge` (edges as values), `scope`, `dag` (the whole).
2. `preimage` (the meaning of a node as JSON), `digest` (the hashes over it), `seal` (a DAG from its nodes),
   `construct` (a node from a node as it was written), `named_nodes` (which nodes a node's data names), `addresses`
   (which services do the work).
3. `flat`: its JSON, out (`flat_writing`) and in (`flat_reading`, `flat_annotations`); `graph`, `paths` and
   `validity`: what every DAG keeps, hand-made ones too.
4. `caption` (short words for people), `drawing` (text, Mermaid, DOT), `layout` (boxes in layers) and `svg`.
"""
