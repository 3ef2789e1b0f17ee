"""Takes traversals and events in, for every origin that others hand something to.

`taking_in` decides whether there is room, gives each request its traversal by its idempotency key, and publishes it.
What requests look like is the business of who brings them: `waygrid_shell.api` over HTTP, `waygrid_shell.origins.kafka`
from topics.

Reading order: `items` (what is handed in), `refusals`, `room`, `taking_in`; `compiling` and `naming` check what comes
with it, a Spec and what a user calls a traversal.
"""
