"""What a user writes, from text to values and back.

The idea: a document is read once, from the top down and without recursion, and whatever is wrong with it is told at
once, each fault with its place and its cure. What could not be read leaves a hole, so that the rest can still be
judged. The graph (references, joins, cycles, scopes) is the compiler's.

Reading order: `node` (the types; `fluent` has their methods), `place`, `problem`, `limits`; then the readers and
writers from the small to the large: `fields`, `templates`, `conditions`, `policies`, `guarantees`, `walk`,
`node_fields`, `nodes`, `check`, `write`; then texts: `building`, `json_document`, `yaml_document`, `document`,
`parse`; at last `authoring` (Specs in Python) and `schema` (the JSON Schema, made from the readers' own tables).
"""
