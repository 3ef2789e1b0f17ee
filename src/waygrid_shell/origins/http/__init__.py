"""Takes traversals and events in over HTTP.

`acceptance` decides whether there is room, gives each request its traversal by its idempotency key, and publishes it.
What requests look like on the wire is the business of `waygrid_shell.api`.

Reading order: `items` (what is handed in), `refusals`, `room`, `acceptance`.
"""
