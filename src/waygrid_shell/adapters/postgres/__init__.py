"""Ports on a PostgreSQL that any number of processes share.

What a batch writes is one statement, and so one round trip and one transaction: `WITH` writes to several tables at
once, and the rows of each come as arrays, one a column, which are written as bytes here (`columns`). A guard that does
not hold divides by zero, so that nothing of the statement is done; who came between is asked for afterwards.

Tables of traversals are partitioned by the ids of traversals, which begin with their time: `partitions` makes those of
the weeks to come and drops whole what is over.

Reading order: `failures`, `stored_text`, `columns`, `connecting`, `database`; `migrate`, `partitions`, `upkeep`;
`journal_writing`, `journal`, `search`, `forgetting`; then a port a file; `probe`.
"""
