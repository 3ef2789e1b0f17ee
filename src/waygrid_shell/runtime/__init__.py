"""What is plugged into what, and what runs it.

`wiring`, `cluster_wiring` and `remote_wiring` are the only importers of adapters: they give the ports of a technology.
`crew` has the services over them, those that were chosen (`services_chosen`), and `built_in` what its workers serve by
themselves. `embedded` is the plant of one process as `waygrid run` has it, which ends when a port fails; `one_process`
a process of `waygrid dev` or `waygrid serve`: under a `supervisor`, with its `chores` (`under_lease`), its `vitals`,
`announcing` itself, and the HTTP `server`. `examination` is what `waygrid doctor` looks at.
"""
