"""A whole platform in virtual time: the services that run for real, in one process, all of it from one seed.

Nothing here is a model of a service. What is simulated is what they stand on: time (`loop`, an event loop that jumps
to the next timer), chance (`chance`), the servers (`servers`: the adapters in memory, which keep what they are given),
and the way to them (`network`, `ports`), on which a request may take long, get lost, come late, or be answered to
nobody; who reads is a member of a group that may go on without it (`membership`, `reading`, `records`). A process
(`process`) can be killed at any await, paused, and cut off from any server; `platform` has them all.

    done = run(17)            # the same each time, in every process and on every machine
    done.wrong                # what must not be; empty if all is right
    done.transcript.lines()   # what happened, and when

Reading order: `loop`, `chance`, `transcript`; `servers`, `network`, `membership`, `reading`, `records`, `ports`;
`process`, `platform`; `load`
(what is asked of a platform), `plan` (what a run is like), `faults` (what happens to it); `judging` and `verdict` (what
must be true in the end); `run`. The room `workload` asks such a platform for figures: a user's own Specs under a load.
"""
