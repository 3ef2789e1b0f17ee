"""The graph that a Spec compiles to: structure, policy and parameters, and nothing that is only for people.

Reading order: `node` (the kinds of nodes and where their tokens go), `scope`, `dag` (the whole, with its annotations),
`edge` (edges as values), `validity` (what every DAG keeps, hand-made ones too), `flat` (its JSON), `drawing`, `layout`.
"""
