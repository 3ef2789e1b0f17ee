"""A user's own Specs under a load that they describe: the simulated platform, asked for figures instead of faults.

What runs are the services themselves, in virtual time (`waygrid_shell.simulation`). What the user describes stands in
for the rest of the world: who hands traversals in and when (`arrivals`, `drawing`), how long services take and how
often they fail (`durations`, `services`), who sends the events that are awaited. Two watch and touch nothing: `witness`
hears every decision as the journal keeps it, `meters` count what services do.

    workload = read_workload(text, {"order": compiled}).unwrap()
    figures = simulate({"order": compiled}, workload, seed=7)
    figures.traversals.latency.p99, figures.wrong

The computing of the platform takes no virtual time: what limits a run is the services' own latency and concurrency, and
the way to the servers. `benchmarks/README.md` says what a process of the platform does in real time.

Reading order: `durations`, `arrivals`, `drawing`, `description` (what a workload says), `reading` (from its text, with
`quantities`, `timing`, `templates`, `used`), `schema`; `measures`, `meters`, `witness`; `services`, `crowd`,
`settling`, `running`; `figures`, `summing_up`, `document`; `spans`, `advice`, `plot`.
"""
