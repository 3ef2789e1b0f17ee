"""Apache Kafka.

The hard idea: Kafka keeps one position a partition for a group, and we finish records in any order. So what is
committed is the position of the lowest record that is not finished; whatever was finished above it is remembered here,
as long as the partition is ours, and comes again, as what may be repeated, to whoever reads the partition next.

Reading order: `brokers` is where Kafka is and what topics and groups are called there, `failures` what its errors mean
to people. `leaving`, `closed_transport`, `late_connections`: clients of the driver come and go whole. `partitioner`,
`record`: a record as Kafka has it. Writing: `lane` is what waits for one partition, `publisher` sends all of them.
Reading: `ledger` is what of a partition is finished, `claim` and `assignor` share partitions among processes, `fetched`
is what the driver has read, `group_reader` reads topics in a group, `reader` one topic of ours, `subscription` several.
`topics` makes topics; `scout` and `survey` tell how far readers are; `dead_letters` fills the book from the dead-letter
topics. `event_log` puts all of that together, `record_log` reads and writes topics of the users' own. `checking` and
`probe` are for `waygrid topics check` and `waygrid doctor`.
"""
