"""Takes records of the user's Kafka topics in: each becomes a traversal, or an event for those that await it.

A record's offset is committed only once what became of it is kept: a traversal, an event, or a dead letter. So a record
may be taken twice, after a crash or while partitions move from process to process; its idempotency key makes both the
same traversal. A record that nothing can be made of becomes a dead letter of `origin.kafka`, with the reason, and its
partition goes on; redriven, it is mapped again.

Reading order: `cloud_event` and `record` (a record as JSON), `mapping` (what becomes of it), `spec` (of which Spec),
`dead_record` (a record as a dead letter, and back), `service`.
"""
