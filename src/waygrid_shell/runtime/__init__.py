"""What is plugged into what, and what runs it.

`wiring` is the only importer of adapters: it gives the ports of a technology. `crew` has the services over them, and
`built_in` what its workers serve by themselves. `embedded` is the plant of one process as `waygrid run` has it, which
ends when a port fails; `one_process` the platform of `waygrid dev`: under a `supervisor`, with its `chores`, its
`vitals` and the HTTP `server`.
"""
