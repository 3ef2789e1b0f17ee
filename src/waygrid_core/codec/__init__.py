"""The wire forms: JSON of everything that is stored or sent, out and in.

One value, one form. What stands in a union is written with a tag that says its name and the version of its form,
`{"type": "NodeSucceeded.v1", ...}`; fields that have their default are left out. A form that was once written is read
for ever, and reading is strict: whatever changes a form raises the version of its class, with an upcaster from the one
before (`versions`), and a field that the form does not have is an error. The files in `tests/golden/wire` notice a form
that changed without one.

Reading order: `wire` (what others call), `versions` (tags and upcasters), `converter` (the one converter: how each type
looks), `data` (parameters with secrets, what is known), `json_bytes` (JSON text), `decode_error`.
"""
