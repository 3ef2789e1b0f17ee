"""The shell does what the core decides: it waits, stores, sends and serves.

Reading order: `ports` (what the shell needs of the world, guarantees first), `services` (the loop around each decision
of the core), `hosting` (how a user's work is run), `processors` and `destinations` (work that comes with Waygrid),
`adapters` (the ports, by technology), `runtime` (what is plugged into what), `cli`.
"""
