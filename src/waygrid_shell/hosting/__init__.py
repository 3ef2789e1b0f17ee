"""How work that a traversal asks for is run, here or elsewhere.

Reading order:

- `attempt` is what a handler is told and how it says that it failed, `handler` what a handler is, `making` one attempt
  with it (`deadline`, `json_data`), `answering` from the request for it to its answer.
- `worker` is the loop that takes requests, runs handlers and answers: `places` where attempts run side by side,
  `remembered` what is known of requests that come again, `receipts`, `tally`, `threads` for handlers that block.
- `desk` and `seat` do the same for workers in other processes.
- `post` puts messages into records and takes them out, `outbox` writes what was decided before it is sent.
- `http_client`, `outbound`, `parameters`, `retry_after` are for handlers that speak HTTP; `apart` runs what must not
  run in this process; `bells` wake who waits for a name.
"""
