"""The ports that Redis serves: what must be quick, and can be made anew.

One Redis, or a Redis Cluster: `keys` says what each key is called, and which keys are in one slot; a step that must be
atomic is a script (Lua) over keys of one slot. Commands are those that Redis 7.0 and Valkey 7.2 have in common.

Nothing accepted is lost with Redis. Without its answers attempts are made again; its leases and rates begin anew; its
index of timers is made again from the book that it indexes.

`client` talks to either kind of server, `failures` says what is wrong with one, `script` runs Lua. Then each port has
its file; `feed_wire` and `feed_line` belong to `live_feed`, `timer_shards` and `timer_scripts` to `timer_index`.
`probe` looks at the servers for `waygrid doctor`.
"""
