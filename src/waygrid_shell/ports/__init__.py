"""What the shell needs of the world: one Protocol a file, its guarantees first.

A guarantee that stands in a docstring here is one that a contract test in `tests/contract` checks against every
adapter. Ports fail with the exceptions of `failure` and no others.

Reading order: `failure`, `clock`, `event_log`, `journal`, `dag_store`, `timer_book`, `event_book`, `seen_ledger`,
`outbox`, `claim_book`, `channel_log`, `secret_vault`, `live_feed`.
"""
