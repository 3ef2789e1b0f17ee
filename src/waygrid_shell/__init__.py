"""The shell does what the core decides: it waits, stores, sends and serves.

Reading order:

- `settings`, `telemetry`, `resources`: what may be set; what a plant tells of itself; the documents of the HTTP API.
- `user_code`: finds what a name means in a user's modules. `extensions`: those of the machine that a process has,
  and CEL, which comes with Waygrid.
- `ports`: what the shell needs of the world, guarantees first. `adapters` has each of them, by technology.
- `hosting`: how a user's work is run. `services`: the loop around each decision of the core.
- `origins` take in, `processors` transform, `destinations` deliver: what comes with Waygrid.
- `api`: what people and tools read and do over HTTP. `client`: the same from Python.
- `runtime`: what is plugged into what. `simulation`: the whole of it in virtual time. `cli`: the command.
"""
