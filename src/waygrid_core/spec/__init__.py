"""What a user writes. `node` and `spec` have the types; `document` reads JSON and YAML, `check` turns the document
into a Spec or into every problem there is (`problem`), `write` turns a Spec back into a document, `schema` publishes
the JSON Schema, `authoring` builds Specs in Python.
"""
