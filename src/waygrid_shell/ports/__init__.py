"""What the shell needs of the world: one Protocol a file, its guarantees first.

A guarantee that stands in a docstring here is one that a contract test in `tests/contract` checks against every
adapter. Ports fail with the exceptions of `failure` and no others.

Reading order: `failure`, `clock`; what carries messages (`event_log`, `dead_letter_book`, `blob_store`, `record_log`);
what is decided (`journal`, `dag_store`, `outbox`, `upkeep`); what services keep (`timer_book`, `event_book`,
`seen_ledger`, `claim_book`, `channel_log`, `secret_vault`); who may and who did (`principal_store`, `audit_log`,
`rate_limiter`); what processes know of each other (`lease_table`, `presence`, `live_feed`).
"""
