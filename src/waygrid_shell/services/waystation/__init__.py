"""The waystation: drives traversals and series with the machines of the core.

    take a batch > decode > load states > transition > COMMIT journal and states > publish > acknowledge

Any number of processes share the work, each with its partitions. Who has lost one and does not know it yet decides on
states that are stale: the journal refuses what it writes (`VersionConflict`), and what it wrote before that and did not
send is sent by whoever has the partition now, since the messages that made it come again.

Reading order: `service` (that loop), `batch` (what was taken together), `roster` (the states at hand), `decide` (what
one message makes of one traversal), `outbox` (effects as records), `writing` (commit, publish, receipt), `recovery`
(what others left behind), `accounts` (what is counted and traced), `flight` (where what a traversal waits for is),
`sweeper` (what is nowhere, sent again).
"""
