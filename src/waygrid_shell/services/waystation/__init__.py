"""The waystation: drives traversals and series with the machines of the core.

    take a batch > decode > load states > transition > COMMIT journal and states > publish > acknowledge

Reading order: `service` (that loop), `roster` (the states at hand), `decide` (what one message makes of one traversal),
`outbox` (effects as records), `accounts` (what is counted and traced), `recovery` (what a crash left behind), `sweeper`
(what a traversal waits for, sent again).
"""
