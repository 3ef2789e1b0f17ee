"""The JSON documents of the HTTP API: one shape for the server that writes them and the client that reads them.

`document` turns them into JSON and back: fields are written in camelCase, those that hold their default are left out,
and an unknown field of a request is an error. Statuses are the words of scenario files: `completed`, `timed-out`.

Reading order: `submission` (what is handed in), `traversal` (what is shown), `history`, `live`, `problem`, `platform`.
"""
