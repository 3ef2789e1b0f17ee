"""What follows by itself, whoever caused it, drawn to a fixed point by `settle`.

`settle` takes consequences off the agenda, newest first, so that a branch runs as far as it goes before the next one
opens. `entering` is a token that reaches a node; `node_ends` an attempt or a node that ends; `forking` a fork that
opens, is judged and is decided; `scope_ends` a token with nowhere to go; `canceling` a scope that is put to an end;
`closing` the end of the traversal.
"""
